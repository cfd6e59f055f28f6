//! A CalculiX deck as a case.

use super::{Case, OfflineOptions, OnlineOptions, OutputSpec, SolverOptions};
use crate::error::{Error, Result};
use crate::formats::calculix::{Body, Change, Deck, Knot, Target};
use crate::loads::{Dof, Field, Load, Loading, Prescribed, Shape, Table, TemperatureSpec, TimeSteps};
use crate::structure::MaterialEntry;
use std::collections::BTreeSet;
use std::path::Path;

/// Most loads with histories of their own.
const MOST_GROUPS: usize = 500;

/// Reads a deck; its mesh is the deck itself.
pub(super) fn read_deck(path: &Path) -> Result<Case> {
    let as_case = |e: Error| Error::case(e.message);
    let deck = Deck::read(path).map_err(as_case)?;
    if let Some((place, what)) = &deck.refused {
        let problem = format!("{what} is not supported");
        return Err(Error::case_file(path, place, problem, "take it out, or write the case as .toml"));
    }
    if !deck.skipped.is_empty() {
        log::warn!("{}: skipped, without effect here: {}", path.display(), deck.skipped.join(", "));
    }
    deck.warnings.iter().for_each(|w| log::warn!("{}, {w}", path.display()));
    if deck.history.steps.is_empty() {
        return Err(Error::case_file(path, "", "has no *STEP", "add one with *STATIC or *VISCO"));
    }
    let loading = loading(&deck)?;
    let case = Case {
        path: path.to_owned(),
        mesh: Some(path.to_owned()),
        time: time_steps(&deck),
        materials: materials(&deck)?,
        loading,
        solver: SolverOptions::default(),
        offline: OfflineOptions::default(),
        online: OnlineOptions::default(),
        output: OutputSpec::default(),
    };
    case.check()?;
    Ok(case)
}

fn time_steps(deck: &Deck) -> TimeSteps {
    let mut time = TimeSteps { cycles: 1, times: Vec::new(), increments: Vec::new() };
    let mut start = 0.0;
    for step in &deck.history.steps {
        if step.increments > 0 {
            let whole = start + step.increment * f64::from(step.increments);
            time.times.push(if step.rest { whole } else { step.end });
            time.increments.push(step.increments);
        }
        if step.rest {
            time.times.push(step.end);
            time.increments.push(1);
        }
        start = step.end;
    }
    time
}

fn materials(deck: &Deck) -> Result<Vec<MaterialEntry>> {
    let folder = deck.path.parent().unwrap_or(Path::new(""));
    let viscous = deck.history.steps.iter().all(|s| s.viscous);
    let mut entries = Vec::new();
    for section in &deck.sections {
        let wrong =
            |problem: String, remedy: &str| Error::case_file(&deck.path, &section.place, problem, remedy);
        let Some(material) = deck.materials.get(&section.material) else {
            return Err(wrong(
                format!("there is no material '{}'", section.material),
                "define it with *MATERIAL",
            ));
        };
        if !deck.element_sets.contains_key(&section.set) {
            return Err(wrong(format!("there is no element set '{}'", section.set), "define it with *ELSET"));
        }
        if material.creeps() && !viscous {
            let problem =
                format!("material '{}' creeps, but not in the *STATIC steps of CalculiX", section.material);
            return Err(wrong(problem, "make every step *VISCO"));
        }
        let spec = material.to_spec(&section.material, folder).map_err(|e| {
            let problem = format!("material '{}': {} is not supported", section.material, e.problem);
            Error::case_file(&deck.path, &e.place, problem, "docs/calculix.md lists the laws that are")
        })?;
        if material.hardens_kinematically() {
            log::warn!(
                "{}: material '{}': CalculiX 2.20 turns the back-stress of kinematic hardening around from increment to \
                 increment unless the step has NLGEOM; here it hardens as with NLGEOM",
                deck.path.display(),
                section.material
            );
        }
        entries.push(MaterialEntry { set: Some(section.set.clone()), material: spec });
    }
    if entries.is_empty() {
        return Err(Error::case_file(
            &deck.path,
            "",
            "has no *SOLID SECTION",
            "give the elements a material",
        ));
    }
    Ok(entries)
}

fn loading(deck: &Deck) -> Result<Loading> {
    let mut loading = Loading::default();
    let groups = deck.groups();
    if groups.fixed.len() + groups.forces.len() + groups.pressures.len() > MOST_GROUPS {
        let problem = format!("more than {MOST_GROUPS} different loads in time, size or place");
        return Err(Error::case_file(&deck.path, "", problem, "write the case as .toml, with fields"));
    }
    let dofs = [Dof::U1, Dof::U2, Dof::U3];
    for group in &groups.fixed {
        let dof = dofs[usize::from(group.component).min(2)];
        let name = format!("{dof:?} of {}", group.name);
        let table = table(deck, &mut loading, name, &group.changes);
        let value = if table.is_some() { 1.0 } else { 0.0 };
        loading.prescribed.push(Prescribed { set: group.name.clone(), dof, value, table });
    }
    for group in &groups.forces {
        let dof = dofs[usize::from(group.component).min(2)];
        if let Some(table) =
            table(deck, &mut loading, format!("F{} of {}", dof.index() + 1, group.name), &group.changes)
        {
            let shape = Shape::NodalForce { set: group.name.clone(), dof, value: 1.0 };
            loading.loads.push(Load { shape, table: Some(table) });
        }
    }
    for group in &groups.pressures {
        if let Some(table) = table(deck, &mut loading, format!("p on {}", group.name), &group.changes) {
            let shape = Shape::Pressure { set: group.name.clone(), field: Field::Uniform(1.0) };
            loading.loads.push(Load { shape, table: Some(table) });
        }
    }
    one_rotation_each(deck)?;
    for (k, body) in deck.history.bodies.iter().enumerate() {
        let set = body.target.set("element");
        if let Some(table) = table(deck, &mut loading, format!("body load {}", k + 1), &body.changes) {
            let least = loading.tables[&table].values.iter().copied().fold(0.0, f64::min);
            if least < 0.0 && matches!(body.body, Body::Centrifugal { .. }) {
                let problem = format!("CENTRIF of {least}, the square of a speed: CalculiX leaves it out");
                return Err(Error::case_file(&deck.path, "", problem, "correct the load or its amplitude"));
            }
            let shape = match body.body {
                Body::Centrifugal { center, axis } => {
                    Shape::Centrifugal { set, center, axis, speed: 1.0, squared: true }
                }
                Body::Gravity(acceleration) => Shape::BodyForce { set, acceleration },
            };
            loading.loads.push(Load { shape, table: Some(table) });
        }
    }
    loading.temperature = temperature(deck)?;
    Ok(loading)
}

/// CalculiX keeps one rotation for each element; which one of several it takes is nobody's intention.
fn one_rotation_each(deck: &Deck) -> Result<()> {
    let mut turned = BTreeSet::new();
    let rotations = deck.history.bodies.iter().filter(|b| matches!(b.body, Body::Centrifugal { .. }));
    for body in rotations {
        let one = |id: &u64| vec![*id];
        let elements: Vec<u64> = match &body.target {
            Target::Named(set) => deck.element_sets.get(set).cloned().unwrap_or_default(),
            Target::One(id) => one(id),
            Target::Faces(..) | Target::Face(..) => Vec::new(),
        };
        // a set may name an element twice
        let elements: BTreeSet<u64> = elements.into_iter().collect();
        if let Some(id) = elements.iter().find(|e| turned.contains(*e)) {
            let problem = format!("element {id} has two CENTRIF loads with different sets or axes");
            return Err(Error::case_file(&deck.path, "", problem, "CalculiX takes one only: leave one"));
        }
        turned.extend(elements);
    }
    Ok(())
}

fn temperature(deck: &Deck) -> Result<Option<TemperatureSpec>> {
    if !deck.has_temperatures() {
        return Ok(None);
    }
    let as_case = |e: Error| Error::case(e.message);
    let nodes = deck.mesh().map_err(as_case)?.node_ids;
    let knots = deck.temperature_knots(&nodes).map_err(as_case)?;
    let first = knots[0].1;
    if matches!(first, Knot::Uniform(_)) && knots.iter().all(|k| k.1 == first) {
        let Knot::Uniform(value) = first else { return Ok(None) };
        return Ok(Some(TemperatureSpec::Constant(value)));
    }
    let field = |knot| match knot {
        Knot::Uniform(value) => Field::Uniform(value),
        Knot::Record(record) => Field::File { path: deck.path.clone(), record },
    };
    Ok(Some(TemperatureSpec::Maps {
        maps: knots.into_iter().map(|(t, k)| (t, field(k))).collect(),
        cycle: None,
    }))
}

/// Adds the table of a load; `None` where it is always 0.
fn table(deck: &Deck, loading: &mut Loading, name: String, changes: &[Change]) -> Option<String> {
    let (times, values) = deck.history.table(changes, 0.0);
    if values.iter().all(|v| *v == 0.0) {
        return None;
    }
    loading.tables.insert(name.clone(), Table { times, values, cycle: None });
    Some(name)
}
