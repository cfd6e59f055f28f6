//! The TOML table of a material: which keys each law knows.

use serde::Deserialize;
use toml::{Table, Value};

use super::{LawSpec, MaterialSpec};
use crate::material::crystal::{CrystalSpec, DEFAULT_SUBSTEPS, FamilySpec};
use crate::material::elasticity::Elasticity;
use crate::material::plugins::{mfront, umat};

const LAWS: [&str; 6] = ["elastic", "chaboche", "creep", "crystal", "umat", "mfront"];
const COMMON: [&str; 5] = ["name", "law", "density", "thermal", "aliases"];
const ISOTROPIC: [&str; 2] = ["young", "poisson"];
const CUBIC: [&str; 4] = ["y1111", "y1122", "y1212", "axes"];
const ORTHOTROPIC: [&str; 10] = ["E1", "E2", "E3", "nu12", "nu23", "nu31", "G12", "G23", "G31", "axes"];
const CHABOCHE: [&str; 14] = [
    "curves",
    "young",
    "poisson",
    "R0",
    "H",
    "Q",
    "b",
    "isotropic",
    "kinematic",
    "flow",
    "K",
    "n",
    "eps0",
    "lag",
];
const CREEP: [&str; 6] = ["young", "poisson", "A", "n", "m", "hardening"];
const CRYSTAL: [&str; 3] = ["octahedral", "cubic", "substeps"];

impl LawSpec {
    fn from_table(law: &str, table: Table) -> std::result::Result<LawSpec, String> {
        Ok(match law {
            "elastic" => LawSpec::Elastic(elasticity(table, law, &[])?),
            "chaboche" => {
                if table.contains_key("y1111") || table.contains_key("E1") {
                    return Err("law 'chaboche' knows isotropic elasticity only ('young', 'poisson'); \
                                its Mises criterion with anisotropic elasticity is not available"
                        .to_owned());
                }
                LawSpec::Chaboche(parse(table, law, &CHABOCHE)?)
            }
            "creep" => LawSpec::Creep(parse(table, law, &CREEP)?),
            "crystal" => LawSpec::Crystal(Box::new(crystal(table)?)),
            "umat" => LawSpec::Umat(parse(table, law, &umat::KEYS)?),
            "mfront" => LawSpec::Mfront(parse(table, law, &mfront::KEYS)?),
            other => {
                return Err(format!("law '{other}' is unknown; {}", nearest(other, &LAWS)));
            }
        })
    }

    fn to_table(&self) -> std::result::Result<Table, toml::ser::Error> {
        match self {
            LawSpec::Elastic(elasticity) => elasticity_table(elasticity),
            LawSpec::Chaboche(spec) => Table::try_from(spec),
            LawSpec::Creep(spec) => Table::try_from(spec),
            LawSpec::Crystal(spec) => crystal_table(spec),
            LawSpec::Umat(spec) => Table::try_from(spec),
            LawSpec::Mfront(spec) => Table::try_from(spec),
        }
    }
}

/// Parameters of any serde type from a table of which every key must be known.
fn parse<T: for<'a> Deserialize<'a>>(
    table: Table,
    law: &str,
    known: &[&str],
) -> std::result::Result<T, String> {
    if let Some(key) = table.keys().find(|k| !known.contains(&k.as_str())) {
        let all: Vec<&str> = known.iter().chain(&COMMON).copied().collect();
        return Err(format!("key '{key}' has no meaning for law '{law}'; {}", nearest(key, &all)));
    }
    Value::Table(table).try_into().map_err(|e: toml::de::Error| described(&e))
}

/// The elastic part: which symmetry shows in the keys. `others` are further keys of the law, already taken out: they are
/// only proposed where a key is unknown.
fn elasticity(table: Table, law: &str, others: &[&str]) -> std::result::Result<Elasticity, String> {
    let shows = |keys: &[&str]| keys.iter().any(|k| *k != "axes" && table.contains_key(*k));
    let known = |keys: &[&'static str]| keys.iter().chain(others).copied().collect::<Vec<&str>>();
    if shows(&CUBIC) {
        Ok(Elasticity::Cubic(parse(table, law, &known(&CUBIC))?))
    } else if shows(&ORTHOTROPIC) {
        Ok(Elasticity::Orthotropic(parse(table, law, &known(&ORTHOTROPIC))?))
    } else if shows(&ISOTROPIC) {
        Ok(Elasticity::Isotropic(parse(table, law, &known(&ISOTROPIC))?))
    } else {
        let all: Vec<&str> = ISOTROPIC.iter().chain(&CUBIC).chain(&ORTHOTROPIC).copied().collect();
        parse(table, law, &known(&all)).map(Elasticity::Isotropic)
    }
}

fn elasticity_table(elasticity: &Elasticity) -> std::result::Result<Table, toml::ser::Error> {
    match elasticity {
        Elasticity::Isotropic(p) => Table::try_from(p),
        Elasticity::Cubic(p) => Table::try_from(p),
        Elasticity::Orthotropic(p) => Table::try_from(p),
    }
}

fn crystal(mut table: Table) -> std::result::Result<CrystalSpec, String> {
    let mut family = |key: &str| -> std::result::Result<Option<FamilySpec>, String> {
        table
            .remove(key)
            .map(|v| v.try_into().map_err(|e: toml::de::Error| format!("{key}: {}", described(&e))))
            .transpose()
    };
    let (octahedral, cubic) = (family("octahedral")?, family("cubic")?);
    let number = |v: Value| v.try_into().map_err(|e: toml::de::Error| format!("substeps: {}", described(&e)));
    let substeps = table.remove("substeps").map_or(Ok(DEFAULT_SUBSTEPS), number)?;
    let axes = |v: Value| v.try_into().map_err(|e: toml::de::Error| format!("axes: {}", described(&e)));
    let axes = table.remove("axes").map(axes).transpose()?;
    let elasticity = elasticity(table, "crystal", &CRYSTAL)?;
    Ok(CrystalSpec { elasticity, axes, octahedral, cubic, substeps })
}

fn crystal_table(spec: &CrystalSpec) -> std::result::Result<Table, toml::ser::Error> {
    let mut table = elasticity_table(&spec.elasticity)?;
    for (key, family) in [("octahedral", &spec.octahedral), ("cubic", &spec.cubic)] {
        if let Some(family) = family {
            table.insert(key.to_owned(), Value::try_from(family)?);
        }
    }
    if let Some(axes) = spec.axes {
        table.insert("axes".to_owned(), Value::try_from(axes)?);
    }
    table.insert("substeps".to_owned(), i64::from(spec.substeps).into());
    Ok(table)
}

/// What toml says of a value, in one line; it names the key after the problem.
fn described(e: &toml::de::Error) -> String {
    e.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `did you mean 'x'?` where a known word is near, else the list.
fn nearest(word: &str, known: &[&str]) -> String {
    let distance = |k: &&str| strsim::osa_distance(&word.to_lowercase(), &k.to_lowercase());
    match known.iter().min_by_key(|k| distance(k)) {
        Some(best) if distance(best) <= word.chars().count().div_ceil(2).min(3) => {
            format!("did you mean '{best}'?")
        }
        _ => format!("known are {}", known.join(", ")),
    }
}

impl TryFrom<Table> for MaterialSpec {
    type Error = String;

    fn try_from(mut table: Table) -> std::result::Result<MaterialSpec, String> {
        let name = match table.remove("name") {
            Some(Value::String(name)) => name,
            Some(_) => return Err("the 'name' of a material must be a string".to_owned()),
            None => return Err("a material has no name; add 'name = \"...\"'".to_owned()),
        };
        let within = |problem: String| format!("material '{name}': {problem}");
        let law = match table.remove("law") {
            Some(Value::String(law)) => law,
            Some(_) => return Err(within("'law' must be a string".to_owned())),
            None => {
                return Err(within(format!(
                    "it has no law; add 'law = \"...\"' with one of {}",
                    LAWS.join(", ")
                )));
            }
        };
        let mut take = |key: &str| table.remove(key);
        let of = |key: &str| {
            let name = name.clone();
            let key = key.to_owned();
            move |e: toml::de::Error| format!("material '{name}': {key}: {}", described(&e))
        };
        let density = take("density").map_or(Ok(0.0), |v| v.try_into().map_err(of("density")))?;
        let thermal = take("thermal").map(|v| v.try_into().map_err(of("thermal"))).transpose()?;
        let aliases = take("aliases").map(|v| v.try_into().map_err(of("aliases"))).transpose()?;
        let mut law = LawSpec::from_table(&law, table).map_err(within)?;
        if let LawSpec::Umat(spec) = &mut law
            && spec.cmname.is_empty()
        {
            spec.cmname.clone_from(&name);
        }
        Ok(MaterialSpec { name, law, density, thermal, aliases: aliases.unwrap_or_default() })
    }
}

impl From<MaterialSpec> for Table {
    fn from(spec: MaterialSpec) -> Table {
        // Parameters are numbers, strings, lists and tables of them, which TOML can always hold.
        let mut table = spec.law.to_table().unwrap_or_default();
        table.insert("name".to_owned(), spec.name.into());
        table.insert("law".to_owned(), spec.law.name().into());
        table.insert("density".to_owned(), spec.density.into());
        if let Some(thermal) = spec.thermal.and_then(|t| Value::try_from(t).ok()) {
            table.insert("thermal".to_owned(), thermal);
        }
        if !spec.aliases.is_empty() {
            let aliases: Table = spec.aliases.into_iter().map(|(k, v)| (k, v.into())).collect();
            table.insert("aliases".to_owned(), aliases.into());
        }
        table
    }
}
