//! An Ansys deck as a case.

use super::{Case, OfflineOptions, OnlineOptions, OutputSpec, SolverOptions};
use crate::error::{Error, Result};
use crate::formats::ansys::rst::RstResults;
use crate::formats::ansys::{Changes, Deck};
use crate::loads::{Dof, Field, Load, Loading, Prescribed, Shape, Table, TemperatureSpec, TimeSteps};
use crate::structure::MaterialEntry;
use std::collections::BTreeSet;
use std::path::Path;

/// Most loads with histories of their own.
const MOST_GROUPS: usize = 500;

/// Reads a deck; its mesh is the deck itself.
pub(super) fn read_deck(path: &Path) -> Result<Case> {
    let deck = Deck::read(path).map_err(|e| Error::case(e.message))?;
    case(path, &deck, "take it out, or write the case as .toml")
}

/// Reads results as the case that they are of.
///
/// # Errors
/// [`crate::error::Kind::Input`] where the file is damaged; [`crate::error::Kind::Case`] where it does not tell a case.
pub(super) fn read_results(path: &Path) -> Result<Case> {
    let results = RstResults::open(path)?;
    results.check_history()?;
    let deck = results.case_deck()?;
    let case = case(path, &deck, "give the case with its deck or a .toml")?;
    log::warn!(
        "{}: a result file keeps no pressures and no forces on faces: if there are any, give the case with its deck or a .toml",
        path.display()
    );
    Ok(case)
}

fn case(path: &Path, deck: &Deck, remedy: &str) -> Result<Case> {
    let place = |line: usize| if line == 0 { String::new() } else { format!("line {line}") };
    if let Some((line, what)) = &deck.refused {
        let problem = format!("{what} is not supported");
        return Err(Error::case_file(path, place(*line), problem, remedy));
    }
    let solid = deck.solid_materials();
    let used: BTreeSet<u32> = deck.elements.types.iter().copied().collect();
    if solid.is_empty() {
        let of_use = || used.iter().filter_map(|n| Some((n, deck.types.get(n)?)));
        if let Some((number, kind, why)) = of_use().find_map(|(n, kind)| Some((n, kind, kind.refused()?))) {
            let problem = format!("element type {number} ({}) {why}", kind.name());
            return Err(Error::case_file(path, "", problem, "mesh it with SOLID185, SOLID186 or SOLID187"));
        }
        let types: BTreeSet<String> = deck.types.values().map(|t| t.name()).collect();
        let problem = match types.is_empty() {
            true => "has no elements".to_owned(),
            false => format!("has no volume elements, only {}", Vec::from_iter(types).join(", ")),
        };
        return Err(Error::case_file(path, "", problem, "mesh it with SOLID185, SOLID186 or SOLID187"));
    }
    for (number, kind) in used.iter().filter_map(|n| Some((n, deck.types.get(n)?))) {
        if let Some(what) = kind.formulation() {
            let problem =
                format!("element type {number} ({}) has {what}, which is not supported", kind.name());
            let remedy = match deck.elements.lines.first() {
                Some(0) => "compute with KEYOPT(2) = 0 (B-bar), KEYOPT(6) = 0, or give another case with -c",
                _ => "take KEYOPT(2) = 0 (B-bar) and KEYOPT(6) = 0, or write the case as .toml",
            };
            return Err(Error::case_file(path, "", problem, remedy));
        }
    }
    if !deck.skipped.is_empty() {
        log::warn!("{}: skipped, without effect here: {}", path.display(), deck.skipped.join(", "));
    }
    if let Some(line) = deck.large_strains {
        log::warn!("{}, line {line}: NLGEOM,ON: small strains are computed all the same", path.display());
    }
    let steps = &deck.history.steps;
    let time = TimeSteps {
        cycles: 1,
        times: steps.iter().map(|s| s.end).collect(),
        increments: steps.iter().map(|s| s.substeps).collect(),
    };
    let loading = loading(deck)?;
    let mut materials = Vec::new();
    let undefined = match deck.elements.lines.first() {
        // results have no lines
        Some(0) => remedy,
        _ => "define it with MP (EX, PRXY, ...)",
    };
    for number in solid {
        let name = format!("mat{number}");
        let Some(material) = deck.materials.get(&number) else {
            return Err(Error::case_file(path, "", format!("material {number} has no MP"), undefined));
        };
        if let Some(what) = deck.doubtful_units(number) {
            log::warn!(
                "{}: material {number}: {what}; nothing is converted: check its units",
                path.display()
            );
        }
        let spec = material.to_spec(&name, deck.history.reference).map_err(|e| {
            let problem = format!("material {number}: {} is not supported", e.problem);
            Error::case_file(path, place(e.line), problem, "see docs/tutorial-ansys.md for the laws that are")
        })?;
        materials.push(MaterialEntry { set: Some(name), material: spec });
    }
    let case = Case {
        path: path.to_owned(),
        mesh: Some(path.to_owned()),
        time,
        loading,
        materials,
        solver: SolverOptions::default(),
        offline: OfflineOptions::default(),
        online: OnlineOptions::default(),
        output: OutputSpec::default(),
    };
    case.check()?;
    Ok(case)
}

fn loading(deck: &Deck) -> Result<Loading> {
    let mut loading = Loading::default();
    let groups = deck.groups();
    if groups.fixed.len() + groups.forces.len() + groups.pressures.len() > MOST_GROUPS {
        return Err(Error::case_file(
            &deck.path,
            "",
            format!("more than {MOST_GROUPS} different loads in time or size (D, F, SFE)"),
            "write the case as .toml, with fields",
        ));
    }
    if let Some(node) = groups.rotated {
        return Err(Error::case_file(
            &deck.path,
            "",
            format!("node {node} has a coordinate system of its own and a load along its axes"),
            "only D,…,ALL,0 is supported there: turn the node back, or write the case as .toml",
        ));
    }
    let dofs = [Dof::U1, Dof::U2, Dof::U3];
    for group in &groups.fixed {
        let table = table(deck, &mut loading, &group.name, &group.changes, 0.0);
        loading.prescribed.push(Prescribed {
            set: group.name.clone(),
            dof: dofs[usize::from(group.component).min(2)],
            value: if table.is_some() { 1.0 } else { 0.0 },
            table,
        });
    }
    if groups.layered {
        loading.prescribed.push(Prescribed { set: "plane".into(), dof: Dof::U3, value: 0.0, table: None });
    }
    for group in &groups.forces {
        if let Some(table) = table(deck, &mut loading, &group.name, &group.changes, 0.0) {
            // a node of a plane element is two nodes of the layer
            let value = if groups.layered { 0.5 } else { 1.0 };
            let dof = dofs[usize::from(group.component).min(2)];
            let shape = Shape::NodalForce { set: group.name.clone(), dof, value };
            loading.loads.push(Load { shape, table: Some(table) });
        }
    }
    for group in &groups.pressures {
        if let Some(table) = table(deck, &mut loading, &group.name, &group.changes, 0.0) {
            let shape = Shape::Pressure { set: group.name.clone(), field: Field::Uniform(1.0) };
            loading.loads.push(Load { shape, table: Some(table) });
        }
    }
    for (k, rotation) in deck.history.rotations.iter().enumerate() {
        let name = format!("omega{}", k + 1);
        if let Some(table) = table(deck, &mut loading, &name, &rotation.changes, 0.0) {
            let shape = Shape::Centrifugal {
                set: rotation.component.clone().unwrap_or_else(|| "all".into()),
                center: rotation.center,
                axis: rotation.axis,
                speed: 1.0,
                squared: false,
            };
            loading.loads.push(Load { shape, table: Some(table) });
        }
    }
    for (c, changes) in deck.history.acceleration.iter().enumerate() {
        if let Some(table) = table(deck, &mut loading, &format!("acel{}", c + 1), changes, 0.0) {
            // the structure is accelerated: the force of inertia is against it
            let mut acceleration = [0.0; 3];
            acceleration[c] = -1.0;
            let shape = Shape::BodyForce { set: "all".into(), acceleration };
            loading.loads.push(Load { shape, table: Some(table) });
        }
    }
    loading.temperature = Some(temperature(deck)?);
    Ok(loading)
}

fn temperature(deck: &Deck) -> Result<TemperatureSpec> {
    let history = &deck.history;
    let (reference, fields) = (history.reference, &history.temperature_fields);
    if fields.is_empty() && history.temperature.iter().all(|c| c.1 == reference) {
        return Ok(TemperatureSpec::Constant(reference));
    }
    // of a plane deck, the mesh has nodes that the deck has not
    if deck.groups().layered && !fields.is_empty() {
        let problem = "plane elements with temperatures that differ between nodes are not supported";
        return Err(Error::case_file(&deck.path, "", problem, "write the case as .toml"));
    }
    if !history.nodal_temperatures.is_empty() || !history.element_temperatures.is_empty() {
        for &step in fields {
            deck.temperatures(step).map_err(|e| Error::case(e.message))?;
        }
    }
    // state 0 is that before the first load step, state s that at the end of load step s
    let steps: BTreeSet<usize> =
        history.temperature.iter().map(|c| c.0).chain(fields.iter().copied()).collect();
    let states: Changes = steps.into_iter().map(|step| (step, (step + 1) as f64)).collect();
    let (times, states) = history.table(&states, 0.0);
    let field = |state: f64| match (state as usize).checked_sub(1) {
        None => Field::Uniform(reference),
        Some(step) if fields.contains(&step) => Field::Ansys { path: deck.path.clone(), step },
        Some(step) => {
            let last = history.temperature.iter().rfind(|c| c.0 <= step);
            Field::Uniform(last.map_or(reference, |c| c.1))
        }
    };
    let maps = times.into_iter().zip(states.into_iter().map(field)).collect();
    Ok(TemperatureSpec::Maps { maps, cycle: None })
}

/// Adds the table of a load; `None` where it is always 0.
fn table(deck: &Deck, loading: &mut Loading, name: &str, changes: &Changes, start: f64) -> Option<String> {
    if changes.iter().all(|c| c.1 == 0.0) {
        return None;
    }
    let (times, values) = deck.history.table(changes, start);
    loading.tables.insert(name.to_owned(), Table { times, values, cycle: None });
    Some(name.to_owned())
}
