//! Inputs of every form, and what is wrong with others.

use super::*;
use crate::formats::zset::blocks::document;

const CASE: &str = "
****calcul mechanical
 ***mesh
  **file cube.geof
 ***resolution newton
  **cycles 3
   *ratio 0.0001
   *time 0.5
         2.
   *increment 1 3
   *algorithm
     p1p2p3
   *iteration 20
 ***linear_solver mumps % any
  **precond full
   *deep 3
 ***bc
  **impose_nodal_dof
   x0 U1 0.0
   x1 U3 0.5 push
  **pressure
   x1 file pressure.node push
   y1 10. push
  **centrifugal
   ALL_ELEMENT (3.5 -20 1.5) d3 1.5e4 turn
   all ( 0 0 0 ) d1 1. turn
 ***parameter
  **file temperature
   *node
   *rec_size 343
   *cycle_conversion 0. 20. 2.
   function 0.0+cycle*2.; file t1.node 2
   function 1.0+cycle*2.; uniform 50.
   function 2.0+cycle*2.; file t1.node 1
 ***table
  **cycle push 0. 2.
   *time 0. 0.1
         2.
   *value 0. -100. -100.
  **name turn
   *time 0. 10.
   *value 0. 1.
 ***output
  **output_first
 ***material
  **elset A
   *file mat
  **elset B
   *file elas
   *integration runge_kutta 1.e-5
 ***init_dof_value TP uniform 20.
****return
";

fn read(text: &str) -> Result<Inp> {
    Inp::from_document(&document(text)?)
}

#[test]
fn every_form_is_read() {
    let inp = read(CASE).unwrap();
    assert_eq!(inp.mesh, Path::new("cube.geof"));
    let r = &inp.resolution;
    assert_eq!(
        (r.cycles, r.ratio, r.iterations, r.algorithm.as_deref()),
        (3, Some(1e-4), Some(20), Some("p1p2p3"))
    );
    assert_eq!(r.times(), [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0]);
    assert_eq!(inp.conditions.len(), 6);
    let BoundaryCondition::Pressure { set, field, table, .. } = &inp.conditions[2] else { panic!() };
    assert_eq!((set.as_str(), table.as_str()), ("x1", "push"));
    assert_eq!(*field, FaceField::File("pressure.node".into()));
    let BoundaryCondition::Pressure { field, .. } = &inp.conditions[3] else { panic!() };
    assert_eq!(*field, FaceField::Uniform(10.0));
    let BoundaryCondition::Centrifugal { center, axis, coefficient, line, .. } = &inp.conditions[4] else {
        panic!()
    };
    assert_eq!((*center, *axis, *coefficient, *line), ([3.5, -20.0, 1.5], 2, 1.5e4, 25));
    assert_eq!(inp.tables["push"].cycle, Some((0.0, 2.0)));
    assert_eq!(inp.tables["turn"].cycle, None);
    assert_eq!(inp.materials.len(), 2);
    assert_eq!(inp.materials[1].integration, ["runge_kutta", "1.e-5"]);
    assert_eq!(inp.materials[1].elset.as_deref(), Some("B"));
    assert_eq!((inp.initial[0].dof.as_str(), inp.initial[0].value), ("TP", 20.0));
}

#[test]
fn maps_of_later_cycles_follow_those_of_the_first() {
    let t = read(CASE).unwrap().temperature.unwrap();
    assert_eq!(t.knots(4.0), [(0.0, 0), (1.0, 1), (2.0, 2), (3.0, 1), (4.0, 2)]);
    assert_eq!(t.knots(0.5), [(0.0, 0), (1.0, 1), (2.0, 2)]);
    let TemperatureHistory::Maps(maps) = &t.history else { panic!() };
    assert_eq!(maps[0].field, NodalField::File { path: "t1.node".into(), record: 2 });
    assert_eq!(maps[1].field, NodalField::Uniform(50.0));
}

#[test]
fn temperature_may_blend_two_fields_by_a_table() {
    let maps = "function 0.0+cycle*2.; file t1.node 2\n   function 1.0+cycle*2.; uniform 50.\n   function 2.0+cycle*2.; file t1.node 1";
    let blend = "*base_temperature constant 20.\n *max_temperature file t2.node\n *table push";
    let t = read(&CASE.replace(maps, blend)).unwrap().temperature.unwrap();
    let TemperatureHistory::Blend { base, max, table } = t.history else { panic!() };
    assert_eq!(base, NodalField::Uniform(20.0));
    assert_eq!(max, NodalField::File { path: "t2.node".into(), record: 1 });
    assert_eq!(table, "push");
}

#[test]
fn sequences_are_segments_of_one_cycle() {
    let text = CASE.replace("**cycles 3", "**sequence 2").replace("*time 0.5\n         2.", "*dtime 0.5 1.5");
    assert_eq!(read(&text).unwrap().resolution.times(), [0.5, 1.0, 1.5, 2.0]);
    assert!(
        read(&text.replace("**sequence 2", "**sequence 3"))
            .unwrap_err()
            .message
            .contains("announces 3 sequences")
    );
}

#[test]
fn what_is_wrong_or_not_supported_is_named_with_its_line() {
    for (from, to, wanted) in [
        (
            "**impose_nodal_dof",
            "**convection_heat_flux",
            "line 18: boundary condition **convection_heat_flux",
        ),
        ("**centrifugal", "**radiation", "boundary condition **radiation"),
        ("***linear_solver mumps", "***contact", "line 14: ***contact is not supported and would change"),
        ("****calcul mechanical", "****calcul thermal_transient", "line 2: problem 'thermal_transient'"),
        ("U1 0.0", "UX 0.0", "line 19: degree of freedom 'UX'"),
        ("U1 0.0", "U1 zero", "line 19: 'zero' is not a number"),
        (
            "pressure.node push",
            "pressure.node pusch",
            "line 22: there is no table 'pusch'; the nearest name is 'push'",
        ),
        ("y1 10. push", "y1 10.", "line 23: 'y1 10.' is not a pressure"),
        ("(3.5 -20 1.5) d3", "(3.5 -20) d3", "line 25: 'ALL_ELEMENT (3.5 -20) d3 1.5e4 turn'"),
        ("**name turn", "**name push", "line 40: a second table 'push' (the first is in line 36)"),
        ("*value 0. 1.", "*value 0. 1. 2.", "table 'turn' has 2 times and 3 values"),
        ("*time 0. 10.", "*time 0. 0.", "in table 'turn' time 0 does not come after 0"),
        ("**cycle push 0. 2.", "**cycle push 0. 1.", "outside its cycle from 0 to 1"),
        ("*increment 1 3", "*increment 1", "2 times (*time) and 1 counts (*increment)"),
        ("*increment 1 3", "*increment 1 0", "'0' is not a count"),
        ("*increment 1 3", "*increment 1 9000000000000000000", "more than 10000000 increments"),
        ("function 1.0+cycle*2.", "function 0.0+cycle*2.", "does not come after that at 0"),
        ("function 0.0+cycle*2.", "function 0.0+cycle*1.", "(cycle 1) does not come after"),
        ("function 1.0+cycle*2.", "function 1.0+time*2.", "'time' is not known"),
        ("*rec_size 343", "", "the temperature has no *rec_size"),
        ("0. 20. 2.", "0. 20. 1e-300", "check *cycle_conversion"),
        ("   *file elas", "", "a material has no *file"),
        ("*integration", "*rotation", "*rotation of a material is not supported"),
        ("  **file cube.geof", "", "***mesh has no **file"),
        ("****return", "", "truncated"),
    ] {
        assert!(CASE.contains(from), "{from}");
        let e = read(&CASE.replacen(from, to, 1)).unwrap_err();
        assert!(e.message.contains(wanted), "{from} -> {to}: {e}");
        assert_eq!(e.kind, crate::error::Kind::Case, "{e}");
    }
}

#[test]
fn unknown_blocks_that_may_be_harmless_do_not_stop_the_reader() {
    assert!(read(&CASE.replace("***output", "***something_new")).is_ok());
}
