//! Result files of CalculiX.

use super::Source;
use crate::error::{Error, Result};
use crate::formats::calculix::frd::{Encoding, FrdWriter, NodalQuantity};
use std::path::Path;

/// A quantity under the names of the format.
struct Named {
    name: String,
    components: Vec<String>,
}

/// Writes an `.frd` file: displacement, temperature, and the quantities at integration points carried to the nodes.
pub(super) fn write(source: &mut Source, out: &Path, encoding: Encoding) -> Result<()> {
    let names: Vec<Named> = source.points.iter().map(|(name, n)| named(name, *n)).collect();
    if let Some((i, n)) = names.iter().enumerate().find(|(i, n)| names[..*i].iter().any(|m| m.name == n.name))
    {
        let problem = format!("'{}' has the name {} of another quantity", source.points[i].0, n.name);
        let remedy = "names of the format have 8 characters: export a run with fewer quantities";
        return Err(Error::case_file(out, "", problem, remedy));
    }
    let mut writer = FrdWriter::create(out, source.mesh(), encoding)?;
    for k in 0..source.times().len() {
        let state = source.state(k)?;
        let means = source.at_nodes(&state);
        let mut quantities = Vec::new();
        if let Some(u) = &state.displacement {
            quantities.push(NodalQuantity { name: "DISP", components: &["D1", "D2", "D3"], values: u });
        }
        if let Some(t) = &state.temperature {
            quantities.push(NodalQuantity { name: "NDTEMP", components: &["T"], values: t });
        }
        let components: Vec<Vec<&str>> =
            names.iter().map(|n| n.components.iter().map(String::as_str).collect()).collect();
        for ((n, components), values) in names.iter().zip(&components).zip(&means) {
            quantities.push(NodalQuantity { name: &n.name, components, values });
        }
        writer.append(state.time, &quantities)?;
    }
    writer.finish()
}

/// CalculiX' name where it has one, else ours in capitals.
fn named(name: &str, components: usize) -> Named {
    let (long, prefix) = match (name, components) {
        ("sig", 6) => ("STRESS".to_owned(), "S"),
        ("eto", 6) => ("TOSTRAIN".to_owned(), "E"),
        ("p", 1) => ("PE".to_owned(), ""),
        _ => (name.to_uppercase(), ""),
    };
    let name: String = long.chars().filter(char::is_ascii_graphic).take(8).collect();
    let components = match components {
        6 => ["XX", "YY", "ZZ", "XY", "YZ", "ZX"].iter().map(|c| format!("{prefix}{c}")).collect(),
        1 => vec![name.clone()],
        n => (1..=n).map(|c| format!("C{c}")).collect(),
    };
    Named { name, components }
}
