//! From the geometry of one result file, or of the parts of a distributed run, to what a deck would say: the mesh is
//! made the same way ([`Deck::mesh`]).

use super::Rst;
use crate::error::{Error, Result};
use crate::formats::ansys::deck::{Component, Deck};
use crate::formats::ansys::types::ElementType;
use std::collections::BTreeMap;

/// Systems of units by their number in the header.
const UNITS: [(i32, &str); 7] =
    [(1, "SI"), (2, "CGS"), (3, "BFT"), (4, "BIN"), (5, "MKS"), (6, "MPA"), (7, "UMKS")];

/// Nodes, elements, types and components of all parts. Nodes and elements are in ascending order, as in a deck of the
/// same model: the order of a result file is that of the solver.
pub(super) fn deck(parts: &[Rst]) -> Result<Deck> {
    let Some(first) = parts.first() else { return Ok(Deck::default()) };
    let mut deck = Deck { path: first.path().to_owned(), ..Deck::default() };
    deck.units = UNITS.iter().find(|u| u.0 == first.header.units).map(|u| u.1.to_owned());
    nodes(parts, &mut deck)?;
    let (mut node_sets, mut element_sets) = (BTreeMap::new(), BTreeMap::new());
    elements(parts, &mut deck)?;
    for part in parts {
        for (id, kind) in part.element_types()? {
            let keyopts = (1..).zip(kind.keyopts).filter(|k| k.1 != 0).map(|(k, v)| (k, v.into())).collect();
            deck.types.insert(id, ElementType { routine: kind.routine, keyopts });
        }
        let (of_nodes, of_elements) = part.components()?;
        for (all, own) in [(&mut node_sets, of_nodes), (&mut element_sets, of_elements)] {
            for (name, ranges) in own {
                all.entry(name).or_insert_with(Vec::new).extend(ranges);
            }
        }
    }
    deck.add_mid_nodes();
    deck.node_components = node_sets.into_iter().map(|(n, r)| (n, Component::new(r))).collect();
    deck.element_components = element_sets.into_iter().map(|(n, r)| (n, Component::new(r))).collect();
    Ok(deck)
}

fn elements(parts: &[Rst], deck: &mut Deck) -> Result<()> {
    let all = parts.iter().map(Rst::read_elements).collect::<Result<Vec<_>>>()?;
    let places = all.iter().enumerate().flat_map(|(p, own)| (0..own.ends.len()).map(move |e| (p, e)));
    let mut places: Vec<(usize, usize)> = places.collect();
    places.sort_by_key(|&(p, e)| all[p].attributes[e][8]);
    let out = &mut deck.elements;
    for (p, e) in places {
        let attributes = all[p].attributes[e];
        let number = |i: usize, name: &str| {
            u32::try_from(attributes[i]).map_err(|_| {
                let problem = format!("element {} has the {name} {}", attributes[8], attributes[i]);
                Error::input(parts[p].path(), "", problem, "the file is damaged: copy or write it again")
            })
        };
        out.ids.push(number(8, "number")?.into());
        out.materials.push(number(0, "material")?);
        out.types.push(number(1, "element type")?);
        out.lines.push(0);
        out.nodes.extend(all[p].nodes_of(e).iter().map(|n| u64::from(n.unsigned_abs())));
        out.ends.push(out.nodes.len());
    }
    Ok(())
}

fn nodes(parts: &[Rst], deck: &mut Deck) -> Result<()> {
    let mut all = BTreeMap::new();
    for part in parts {
        part.visit_nodes(|node| match all.insert(node.number, node) {
            Some(other) if other != node => {
                let problem = format!("node {} is elsewhere than in another part", node.number);
                Err(Error::input(part.path(), "", problem, "put the parts of one and the same run together"))
            }
            _ => Ok(()),
        })?;
    }
    for (position, (number, node)) in all.into_iter().enumerate() {
        if node.angles != [0.0; 3] {
            deck.angles.insert(position, node.angles);
        }
        deck.node_ids.push(number.into());
        deck.points.push(node.point);
    }
    Ok(())
}
