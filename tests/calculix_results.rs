//! Results of CalculiX against the reference files. Numbers expected were taken from the files by another reader.

mod support;

use ferrom::fem::Geometry;
use ferrom::formats::calculix::dat::{Dat, Support};
use ferrom::formats::calculix::frd::{ElementType, Encoding, Frd, State};
use support::reference;

fn open(name: &str) -> Option<Frd> {
    reference(&format!("calculix/{name}")).map(|path| Frd::open(&path).unwrap())
}

/// The last row of the last block of that name.
fn last(frd: &Frd, name: &str) -> (u64, Vec<f64>) {
    let state: State = frd.states().pop().unwrap();
    let found = frd.read(frd.find(&state, name).unwrap()).unwrap();
    (*found.nodes.last().unwrap(), found.values[found.values.len() - found.components..].to_vec())
}

#[test]
fn a_run_is_twenty_increments_of_six_quantities() {
    for (name, encoding) in [
        ("pwh_tiny_asc.frd", Encoding::Long),
        ("pwh_tiny_bin.frd", Encoding::Single),
        ("pwh_tiny_c3d20r.frd", Encoding::Double),
        ("pwh_tiny_c3d8.frd", Encoding::Double),
    ] {
        let Some(frd) = open(name) else { return };
        assert_eq!((frd.cut.as_deref(), frd.blocks.len()), (None, 120), "{name}");
        let states = frd.states();
        for (k, s) in states.iter().enumerate() {
            assert_eq!((s.step, s.increment), (1 + k as u32 / 10, 1 + k as u32 % 10));
            assert_eq!(s.time, 1.0 + k as f64);
            let names: Vec<&str> = s.blocks.clone().map(|b| frd.blocks[b].name.as_str()).collect();
            assert_eq!(names, ["DISP", "NDTEMP", "STRESS", "FORC", "SDV", "ERROR"]);
        }
        assert!(frd.blocks.iter().all(|b| b.encoding == encoding));
        let stress = &frd.blocks[frd.find(&states[0], "STRESS").unwrap()];
        assert_eq!(stress.components, ["SXX", "SYY", "SZZ", "SXY", "SYZ", "SZX"]);
        assert_eq!(frd.blocks[0].components, ["D1", "D2", "D3"]);
    }
}

#[test]
fn stored_numbers_are_read_to_the_last_digit() {
    let Some(frd) = open("pwh_tiny_asc.frd") else { return };
    assert_eq!(last(&frd, "STRESS"), (221, vec![-171.334, -2.00947, 1.19408, -0.904924, -1.72505, 0.21206]));
    let Some(frd) = open("pwh_tiny_bin.frd") else { return };
    assert_eq!(last(&frd, "DISP"), (221, vec![0.0, -0.008762574754655361, -0.004811215680092573]));
    let Some(frd) = open("pwh_tiny_c3d8.frd") else { return };
    assert_eq!(last(&frd, "ERROR"), (70, vec![20.265095434441264]));
    let (node, sdv) = last(&frd, "SDV");
    assert_eq!((node, sdv.len(), sdv[0], sdv[5]), (70, 13, 37.028072202713325, -1.0662847686231323));
    let Some(frd) = open("tet10.frd") else { return };
    let u = frd.read(frd.blocks.len() - 1).unwrap();
    let sum = |c: usize| u.values.iter().skip(c).step_by(3).sum::<f64>();
    assert_eq!([sum(0), sum(1), sum(2)], [13.000754251136547, 9.34447759867303, 2.1642896665921825]);
}

#[test]
fn text_and_binary_of_one_run_agree_to_the_digits_of_the_text() {
    let (Some(text), Some(single)) = (open("pwh_tiny_asc.frd"), open("pwh_tiny_bin.frd")) else { return };
    for (b, block) in text.blocks.iter().enumerate() {
        let (x, y) = (text.read(b).unwrap(), single.read(b).unwrap());
        assert_eq!(x.nodes, y.nodes);
        for (x, y) in x.values.iter().zip(&y.values) {
            // half a unit of the sixth digit, and one of the four bytes
            assert!((x - y).abs() <= 5.1e-6 * y.abs().max(1e-30), "{}: {x} {y}", block.name);
        }
    }
    let (x, y) = (text.mesh().unwrap(), single.mesh().unwrap());
    assert_eq!((x.connectivity, x.node_ids), (y.connectivity, y.node_ids));
}

#[test]
fn the_mesh_is_the_plate_with_its_hole() {
    // 40 x 40 x 5 less a quarter of a hole of radius 10, whose edge second-order elements follow
    for (name, types, tolerance) in [
        ("pwh_tiny_asc.frd", ElementType::He20, 1e-4),
        ("pwh_tiny_c3d20r.frd", ElementType::He20, 1e-4),
        ("pwh_tiny_c3d8.frd", ElementType::He8, 2e-2),
    ] {
        let Some(frd) = open(name) else { return };
        assert!(frd.elements().unwrap().types.iter().all(|t| *t == types));
        let mesh = frd.mesh().unwrap();
        // throws where a mid-side node is not where it belongs
        let volume = Geometry::new(&mesh).unwrap().weights.iter().sum::<f64>();
        let exact = (1600.0 - 25.0 * std::f64::consts::PI) * 5.0;
        assert!((volume / exact - 1.0).abs() < tolerance, "{name}: {volume} for {exact}");
    }
}

#[test]
fn prints_at_integration_points_are_read_by_element_and_point() {
    let Some(path) = reference("calculix/pwh_tiny_c3d20r.dat") else { return };
    let dat = Dat::open(&path).unwrap();
    assert_eq!(dat.blocks.len(), 40);
    for (k, block) in dat.blocks.iter().enumerate() {
        let quantity = ["stresses", "internal state variables"][k % 2];
        assert_eq!((block.quantity.as_str(), block.set.as_str()), (quantity, "EHOLE"));
        assert_eq!((block.support, block.rows, block.time), (Support::Points, 48, 1.0 + (k / 2) as f64));
    }
    assert_eq!(dat.blocks[0].columns, ["sxx", "syy", "szz", "sxy", "sxz", "syz"]);
    let stress = dat.read(0).unwrap();
    assert_eq!(
        (stress.ids[..9].to_vec(), stress.points[7..9].to_vec()),
        (vec![1, 1, 1, 1, 1, 1, 1, 1, 5], vec![8, 1])
    );
    let printed = [-2.225983, -83.44652, -7.396476, 4.427023, -0.385979, -0.111232];
    assert_eq!(stress.values[..6], printed);
    let [a, b, c, d, xz, yz] = printed;
    assert_eq!(stress.tensors().unwrap()[..6], [a, b, c, d, yz, xz]);
    let state = dat.read(39).unwrap();
    assert_eq!((state.components, state.ids.last(), state.points.last()), (13, Some(&21), Some(&8)));
    assert_eq!(state.values[46 * 13..46 * 13 + 3], [-5.048115e-3, 2.722244e-3, 2.325871e-3]);
}
