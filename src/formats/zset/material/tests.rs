//! Material files of every form, and what is wrong with others.

use super::*;
use crate::formats::zset::blocks::document;
use crate::material::{Flow, LawSpec};

const EVP: &str = "
***material
 *integration theta_method_a 1. 1.e-9 200
***behavior gen_evp
 **coefficient
 masvol 1.e-8
 **elasticity isotropic
  young temperature
   2.e5 0.
   1.e5 1000.
  poisson 0.3
 **thermal_strain isotropic
  alpha 2.e-5
  ref_temperature 20.
 **potential gen_evp evr
  *criterion mises
  *flow norton
   K 300.
   n 30.
  *kinematic nonlinear X1
   C 1.e5
   D 1000.
  *kinematic linear
   C 2000.
  *isotropic nonlinear
   R0 10.
   Q 5.
   b 3.
***return
";

const CRYSTAL: &str = "
***behavior gen_evp runge_jacobian
 **elasticity cubic
  y1111 2.e5
  y1122 1.5e5
  y1212 1.e5
 **potential octahedral ev
  *flow hyperbolic
   K 100.
   n 10.
   eps0 0.1
   Kinf 1.e-5
  *isotropic constant
   R0 100.
  *kinematic nonlinear
   C 10.
   D 1000.
   m 1.
   M 1.e7
  *interaction slip
   h1 0.
   h4 1.
****return
";

fn read(text: &str) -> Result<ZsetMaterial> {
    ZsetMaterial::from_document(&document(text)?)
}

#[test]
fn a_viscoplastic_material_becomes_a_law_with_the_names_of_its_results() {
    let m = read(EVP).unwrap();
    assert_eq!(m.potentials[0].kinematic.len(), 2);
    let spec = m.to_spec("steel").unwrap();
    assert_eq!((spec.density, spec.name.as_str()), (1e-8, "steel"));
    let LawSpec::Chaboche(law) = &spec.law else { panic!() };
    assert_eq!(law.young.at(500.0), 1.5e5);
    assert_eq!((law.lag, law.kinematic.len()), (1.0, 2));
    assert_eq!(law.b.as_ref().map(|b| b.at(0.0)), Some(3.0));
    let material = spec.build().unwrap();
    assert_eq!((material.source_name("p"), material.source_name("evp")), ("evrcum", "evri"));
}

#[test]
fn hardening_of_time_independent_plasticity_lags() {
    let text = EVP.replace("norton", "plasticity").replace("   K 300.\n   n 30.\n", "");
    let spec = read(&text).unwrap().to_spec("m").unwrap();
    let LawSpec::Chaboche(law) = spec.law else { panic!() };
    assert_eq!(law.lag, 0.999);
}

#[test]
fn a_crystal_becomes_a_law_with_the_names_of_its_slips() {
    let m = read(CRYSTAL).unwrap();
    let p = &m.potentials[0];
    assert_eq!((p.kind, p.prefix.as_str()), (PotentialKind::Octahedral, "ev"));
    assert!(matches!(p.flow, Flow::Hyperbolic { .. }) && p.k_inf.is_some());
    assert_eq!(p.interaction.as_ref().map(Vec::len), Some(2));
    assert_eq!(p.kinematic[0].recovery.as_ref().map(|r| r.1.at(0.0)), Some(1e7));
    let material = m.to_spec("m").unwrap().build().unwrap();
    assert_eq!(material.law().n_state(), 7 + 3 * 12);
    assert_eq!(material.source_name("octahedral_gamma12"), "gamev12");
    assert_eq!(material.source_name("octahedral_v1"), "evcum1");
}

#[test]
fn what_has_no_law_is_refused_with_its_line() {
    let hardening = "constant\n   R0 100.";
    for (text, wanted) in [
        (
            CRYSTAL.replace(hardening, "nonlinear\n R0 1.\n Q 1.\n b 1."),
            "line 7: hardening of slip systems with *interaction",
        ),
        (CRYSTAL.replace(hardening, "linear\n R0 1.\n H 1."), "line 7: linear hardening of slip systems"),
        (
            CRYSTAL.replace("octahedral", "gen_evp").replace("*interaction slip\n   h1 0.\n   h4 1.", ""),
            "line 7: a gen_evp potential with anisotropic",
        ),
        (
            CRYSTAL.replace("****return", "**potential octahedral x\n*flow norton\nK 1.\nn 1.\n***return"),
            "line 23: a second octahedral",
        ),
        (
            CRYSTAL.replace("****return", "**potential gen_evp x\n*flow norton\nK 1.\nn 1.\n***return"),
            "line 23: a gen_evp potential beside others",
        ),
        (EVP.replace("D 1000.", "D 1000.\n m 2.\n M 3."), "line 15: static recovery"),
        (EVP.replace("masvol 1.e-8", "masvol temperature\n 1. 0.\n 2. 1."), "masvol depends on temperature"),
        (EVP.replace("R0 10.", "R0 -10."), "'R0' is -10"),
    ] {
        let e = read(&text).unwrap().to_spec("m").unwrap_err();
        assert!(e.message.contains("case.inp") && e.message.contains(wanted), "{e}");
    }
}

#[test]
fn what_is_wrong_or_not_supported_is_named_with_its_line() {
    for (from, to, wanted) in [
        ("gen_evp\n", "porous_plastic\n", "line 4: behaviour 'porous_plastic'"),
        ("elasticity isotropic", "elasticity orthotropic", "line 7: **elasticity 'orthotropic'"),
        ("*flow norton", "*flow sellars", "*flow 'sellars' is not supported"),
        ("mises", "hill", "*criterion 'hill'"),
        ("poisson 0.3", "poison 0.3", "has no coefficient 'poisson'"),
        (
            "poisson 0.3",
            "poisson 0.3 bulk 3",
            "line 11: coefficient 'bulk' of **elasticity isotropic is not known",
        ),
        ("poisson 0.3", "poisson", "coefficient 'poisson' of **elasticity isotropic has no value"),
        ("poisson 0.3", "poisson moisture", "'moisture' is not a value of coefficient 'poisson'"),
        ("poisson 0.3", "poisson 0.3 0.4", "'0.4' in **elasticity isotropic belongs to no coefficient"),
        ("poisson 0.3", "poisson 0.3 young 1", "a second coefficient 'young'"),
        ("1.e5 1000.", "1.e5 0.", "must increase"),
        ("   1.e5 1000.", "   1.e5", "has 3 numbers"),
        ("gen_evp evr", "gen_evp", "'**potential gen_evp' is not complete"),
        ("b 3.", "b 3. H 2.", "coefficient 'H' of *isotropic nonlinear is not known"),
        ("***return", "", "truncated"),
        ("***behavior gen_evp", "***behaviour gen_evp", "there is no ***behavior"),
    ] {
        assert!(EVP.contains(from), "{from}");
        let e = read(&EVP.replacen(from, to, 1)).unwrap_err();
        assert!(e.message.contains(wanted), "{from} -> {to}: {e}");
    }
}
