//! The high-fidelity solver gives the closed forms of simple structures, with every element kind.

mod support;

use ferrom::mesh::{ElementKind, Mesh};
use std::fmt::Write;
use support::bar::{KINDS, bar, quadratic};
use support::bench::{Bench, Run, apart, size};

const E: f64 = 2e5;
const SIZE: [f64; 3] = [4.0, 1.0, 1.5];
/// Symmetry planes: the bar may stretch and contract freely.
const ROLLERS: &str = "
[[fix]]
set = 'x0'
dof = 'U1'
[[fix]]
set = 'y0'
dof = 'U2'
[[fix]]
set = 'z0'
dof = 'U3'
";
/// Three corners: the bar may deform in any way.
const CORNERS: &str = "
fix = [{ set = 'o', dof = 'U1' }, { set = 'o', dof = 'U2' }, { set = 'o', dof = 'U3' }, { set = 'ex', dof = 'U2' },
       { set = 'ex', dof = 'U3' }, { set = 'ey', dof = 'U3' }]
";
const UP_AND_DOWN: &str = "
[time]
times = [1.0, 2.0]
increments = [2, 2]
[tables.load]
times = [0.0, 1.0, 2.0]
values = [0.0, 1.0, 0.0]
";
const ONCE: &str = "
[time]
times = [1.0]
increments = [1]
";

fn elastic(nu: f64) -> String {
    format!("[[material]]\nname = 'm'\nlaw = 'elastic'\nyoung = {E:e}\npoisson = {nu}\n")
}

fn test_bar(kind: ElementKind) -> Mesh {
    bar(kind, [3, 2, 2], SIZE, 0.25)
}

/// The stress is `expected` everywhere, to a share of `scale`.
fn uniform(run: &Run, k: usize, expected: [f64; 6], scale: f64) {
    let sig = run.points(k, "sig");
    let all: Vec<f64> = sig.chunks_exact(6).flat_map(|_| expected).collect();
    let d = apart(&sig, &all);
    assert!(d <= 1e-9 * scale, "{:?}: {d} of {scale}", run.mesh().kinds[0]);
}

/// The displacement is `expected(x)` at the nodes that `chosen` takes.
fn displaced(
    run: &Run,
    k: usize,
    tolerance: f64,
    chosen: impl Fn([f64; 3]) -> bool,
    expected: impl Fn([f64; 3]) -> [f64; 3],
) {
    let u = run.u(k);
    let exact: Vec<[f64; 3]> = run.mesh().points.iter().map(|&x| expected(x)).collect();
    let scale = size(exact.as_flattened());
    let mut seen = 0;
    for (n, &x) in run.mesh().points.iter().enumerate().filter(|(_, x)| chosen(**x)) {
        let d = apart(&u[3 * n..3 * n + 3], &exact[n]);
        assert!(d <= tolerance * scale, "{:?} at {x:?}: {d} of {scale}", run.mesh().kinds[0]);
        seen += 1;
    }
    assert!(seen > 3);
}

fn everywhere(_: [f64; 3]) -> bool {
    true
}

#[test]
fn a_pressed_bar_has_uniform_stress_and_springs_back() {
    for kind in KINDS {
        let bench = Bench::new(&test_bar(kind));
        let load = "[[pressure]]\nset = 'fx1'\nvalue = 100.0\ntable = 'load'\n";
        let run = bench.solve(&format!("{ROLLERS}{load}{UP_AND_DOWN}{}", elastic(0.3)));
        assert_eq!(run.times(), [0.0, 0.5, 1.0, 1.5, 2.0]);
        for (k, p) in [(1, 50.0), (2, 100.0), (3, 50.0)] {
            uniform(&run, k, [-p, 0.0, 0.0, 0.0, 0.0, 0.0], p);
            displaced(&run, k, 1e-9, everywhere, |x| [-p / E * x[0], 0.3 * p / E * x[1], 0.3 * p / E * x[2]]);
            assert!((run.reaction(k, "x0", 0) - p * SIZE[1] * SIZE[2]).abs() < 1e-9 * p);
        }
        assert!(size(&run.u(4)) < 1e-12, "nothing remains when the load is gone");
    }
}

#[test]
fn traction_on_every_face_makes_the_stress_it_is_the_normal_part_of() {
    // sigma n on each face, for a full symmetric stress: the patch test under forces
    let s = [[30.0, 7.0, -4.0], [7.0, -20.0, 11.0], [-4.0, 11.0, 15.0]];
    let mut loads = String::new();
    for (c, axis) in ["x", "y", "z"].iter().enumerate() {
        for (end, sign) in [(0, -1.0), (1, 1.0)] {
            let t = s[c].map(|v| sign * v);
            writeln!(loads, "[[traction]]\nset = 'f{axis}{end}'\nvector = {t:?}").expect("a string");
        }
    }
    for kind in KINDS {
        let bench = Bench::new(&test_bar(kind));
        let run = bench.solve(&format!("{CORNERS}{loads}{ONCE}{}", elastic(0.3)));
        uniform(&run, 1, [30.0, -20.0, 15.0, 7.0, 11.0, -4.0], 30.0);
        let reactions = run.forces(1);
        let loaded = run.mesh().node_set("o").expect("a set")[0] as usize;
        assert!(reactions[3 * loaded..3 * loaded + 3].iter().all(|f| f.is_finite()));
    }
}

#[test]
fn a_prescribed_end_stretches_the_bar_and_comes_back() {
    for kind in KINDS {
        let bench = Bench::new(&test_bar(kind));
        let end = "[[fix]]\nset = 'x1'\ndof = 'U1'\nvalue = 0.02\ntable = 'load'\n";
        let run = bench.solve(&format!("{ROLLERS}{end}{UP_AND_DOWN}{}", elastic(0.3)));
        for (k, d) in [(1, 0.01), (2, 0.02), (3, 0.01)] {
            let strain = d / SIZE[0];
            uniform(&run, k, [E * strain, 0.0, 0.0, 0.0, 0.0, 0.0], E * strain);
            displaced(&run, k, 1e-9, everywhere, |x| {
                [strain * x[0], -0.3 * strain * x[1], -0.3 * strain * x[2]]
            });
        }
        assert!(size(&run.u(4)) < 1e-14);
    }
}

/// Kinds whose approximation on a regular mesh holds a quadratic displacement.
fn regular(kind: ElementKind) -> Bench {
    Bench::new(&bar(kind, [3, 2, 2], SIZE, 0.0))
}

/// Work of the stress in the virtual displacement (x, 0, 0), which every kind holds and every support here admits: it
/// is the work of the loads.
fn work_of_stretching(run: &Run, k: usize) -> f64 {
    let f = run.forces(k);
    run.mesh().points.iter().enumerate().map(|(n, x)| f[3 * n] * x[0]).sum()
}

#[test]
fn a_bar_under_its_own_weight_has_a_linear_stress() {
    let (rho, g) = (8e-9, 9.81e6);
    for kind in KINDS {
        let bench = regular(kind);
        let load = format!("[[body_force]]\nacceleration = [{g:e}, 0.0, 0.0]\n");
        let run = bench.solve(&format!("{ROLLERS}{load}{ONCE}{}density = {rho:e}\n", elastic(0.0)));
        let weight = rho * g * SIZE.iter().product::<f64>();
        let work = weight * SIZE[0] / 2.0;
        assert!((work_of_stretching(&run, 1) - work).abs() < 1e-9 * work, "{kind:?}");
        if quadratic(kind) {
            displaced(&run, 1, 1e-9, everywhere, |x| [rho * g / E * x[0] * (SIZE[0] - x[0] / 2.0), 0.0, 0.0]);
            for (x, s) in run.located(1, "sig") {
                assert!(
                    (s[0] - rho * g * (SIZE[0] - x[0])).abs() < 1e-9 * rho * g * SIZE[0],
                    "{kind:?} at {x:?}"
                );
            }
        }
    }
}

#[test]
fn a_rotating_rod_stretches_as_a_cubic() {
    let (rho, omega) = (8e-9, 3e3);
    let q = rho * omega * omega;
    // rotation about z: x and y are independent where nu = 0, u = rho omega^2 / E (L^2 x / 2 - x^3 / 6)
    let exact = |x: [f64; 3]| {
        let along = |c: usize| q / E * (SIZE[c] * SIZE[c] * x[c] / 2.0 - x[c].powi(3) / 6.0);
        [along(0), along(1), 0.0]
    };
    for kind in KINDS {
        let bench = regular(kind);
        let load = format!("[[centrifugal]]\naxis = [0.0, 0.0, 2.0]\nspeed = {omega}\ntable = 'half'\n");
        let table = "[tables.half]\ntimes = [0.0, 1.0, 2.0]\nvalues = [0.5, 0.5, 0.5]\n[time]\ntimes = [2.0]\nincrements = [2]\n";
        let run = bench.solve(&format!("{ROLLERS}{load}{table}{}density = {rho:e}\n", elastic(0.0)));
        // the table multiplies the speed: a quarter of the force
        let work = 0.25 * q * SIZE[1] * SIZE[2] * SIZE[0].powi(3) / 3.0;
        assert!((work_of_stretching(&run, 2) - work).abs() < 1e-9 * work, "{kind:?}");
        let quarter = |x| exact(x).map(|u| 0.25 * u);
        let at_vertices = |x: [f64; 3]| (0..3).all(|c| (x[c] / SIZE[c] * [3.0, 2.0, 2.0][c]).fract() < 1e-9);
        if kind.n_vertices() == 8 {
            displaced(&run, 2, 1e-9, at_vertices, quarter);
        } else {
            displaced(&run, 2, if quadratic(kind) { 2e-3 } else { 0.1 }, everywhere, quarter);
        }
    }
}

#[test]
fn a_nodal_force_acts_on_every_node_of_its_set() {
    let bench = regular(ElementKind::C3d8);
    let nodes = 9.0;
    let load = "[[nodal_force]]\nset = 'x1'\ndof = 'U1'\nvalue = 2.0\n";
    let run = bench.solve(&format!("{ROLLERS}{load}{ONCE}{}", elastic(0.3)));
    assert!((run.reaction(1, "x0", 0) + 2.0 * nodes).abs() < 1e-9);
    for set in ["y0", "z0"] {
        let c = usize::from(set == "z0") + 1;
        assert!(run.reaction(1, set, c).abs() < 1e-9, "no transverse resultant");
    }
}

#[test]
fn a_free_thermal_expansion_is_stress_free() {
    let thermal = "thermal = { alpha = 1.5e-5, reference = 50.0 }\n";
    for kind in KINDS {
        let bench = Bench::new(&test_bar(kind));
        let heat = "[temperature]\nmaps = [{ time = 0.0, value = 20.0 }, { time = 1.0, value = 220.0 }]\n";
        let run = bench.solve(&format!("{ROLLERS}{heat}{ONCE}{}{thermal}", elastic(0.3)));
        uniform(&run, 1, [0.0; 6], E * 1.5e-5 * 200.0);
        displaced(&run, 1, 1e-9, everywhere, |x| x.map(|x| 1.5e-5 * 200.0 * x));
        // a temperature that is linear in space bends the bar without stress
        if quadratic(kind) {
            let mesh = bar(kind, [3, 2, 2], SIZE, 0.0);
            let bench = Bench::new(&mesh);
            bench.field("hot.node", mesh.points.iter().map(|x| 20.0 + 12.0 * x[0]));
            let heat =
                "[temperature]\nbase = { value = 20.0 }\nmax = { file = 'hot.node' }\ntable = 'load'\n";
            let run = bench.solve(&format!("{CORNERS}{heat}{UP_AND_DOWN}{}{thermal}", elastic(0.3)));
            uniform(&run, 2, [0.0; 6], E * 1.5e-5 * 48.0);
            let a = 1.5e-5 * 12.0;
            displaced(&run, 2, 1e-6, everywhere, |x| {
                [a * (x[0] * x[0] - x[1] * x[1] - x[2] * x[2]) / 2.0, a * x[0] * x[1], a * x[0] * x[2]]
            });
        }
    }
}

#[test]
fn a_clamped_body_that_is_heated_is_pressed_from_all_sides() {
    for kind in KINDS {
        let bench = Bench::new(&test_bar(kind));
        let fix: String =
            ["U1", "U2", "U3"].iter().map(|d| format!("[[fix]]\nset = 'skin'\ndof = '{d}'\n")).collect();
        let heat = "[temperature]\nbase = { value = 20.0 }\nmax = { value = 120.0 }\ntable = 'load'\n";
        let run = bench.solve(&format!(
            "{fix}{heat}{UP_AND_DOWN}{}thermal = {{ alpha = 1e-5, reference = 0.0 }}\n",
            elastic(0.3)
        ));
        let p = -E * 1e-5 * 100.0 / (1.0 - 0.6);
        uniform(&run, 2, [p, p, p, 0.0, 0.0, 0.0], -p);
        assert!(size(&run.u(2)) < 1e-14);
    }
}

#[test]
fn two_materials_in_series_carry_the_same_stress() {
    for kind in KINDS {
        let mesh = bar(kind, [4, 2, 2], SIZE, 0.2);
        // the interface stays plane
        let mut mesh = mesh;
        let regular = bar(kind, [4, 2, 2], SIZE, 0.0);
        for (x, r) in mesh.points.iter_mut().zip(&regular.points).filter(|(_, r)| r[0] == SIZE[0] / 2.0) {
            *x = *r;
        }
        let bench = Bench::new(&mesh);
        let load = "[[traction]]\nset = 'fx1'\nvector = [50.0, 0.0, 0.0]\n";
        let soft = format!(
            "[[material]]\nname = 'soft'\nset = 'high'\nlaw = 'elastic'\nyoung = {:e}\npoisson = 0.0\n",
            E / 4.0
        );
        let run = bench.solve(&format!("{ROLLERS}{load}{ONCE}{}{soft}", elastic(0.0)));
        uniform(&run, 1, [50.0, 0.0, 0.0, 0.0, 0.0, 0.0], 50.0);
        let half = SIZE[0] / 2.0;
        displaced(&run, 1, 1e-9, everywhere, |x| {
            [50.0 / E * (x[0].min(half) + 4.0 * (x[0] - half).max(0.0)), 0.0, 0.0]
        });
    }
}

#[test]
fn a_creeping_bar_follows_norton() {
    for kind in [ElementKind::C3d10, ElementKind::C3d20r, ElementKind::C3d6] {
        let bench = Bench::new(&test_bar(kind));
        let load = "[[pressure]]\nset = 'fx1'\nvalue = -80.0\n[time]\ntimes = [10.0]\nincrements = [5]\n";
        let law = format!(
            "[[material]]\nname = 'c'\nlaw = 'creep'\nyoung = {E:e}\npoisson = 0.3\nA = 1e-14\nn = 5\n"
        );
        let run = bench.solve(&format!("{ROLLERS}{load}{law}"));
        for k in 1..=5 {
            let creep = 1e-14 * 80f64.powi(5) * run.times()[k];
            uniform(&run, k, [80.0, 0.0, 0.0, 0.0, 0.0, 0.0], 10.0 * 80.0);
            let (long, cross) = (80.0 / E + creep, -0.3 * 80.0 / E - creep / 2.0);
            displaced(&run, k, 1e-7, everywhere, |x| [long * x[0], cross * x[1], cross * x[2]]);
            assert!(run.points(k, "p").iter().all(|p| (p - creep).abs() < 1e-7 * creep));
        }
    }
}

#[test]
fn a_bar_that_yields_back_and_forth_follows_its_two_slopes() {
    let (r0, c) = (200.0, 2e4);
    for kind in KINDS {
        let bench = Bench::new(&test_bar(kind));
        let end = format!("[[fix]]\nset = 'x1'\ndof = 'U1'\nvalue = {}\ntable = 'strain'\n", 0.01 * SIZE[0]);
        let time = "[tables.strain]\ntimes = [0.0, 1.0, 3.0]\nvalues = [0.0, 1.0, -1.0]\n[time]\ntimes = [1.0, 3.0]\nincrements = [4, 8]\n";
        let law = format!(
            "[[material]]\nname = 'k'\nlaw = 'chaboche'\nyoung = {E:e}\npoisson = 0.3\nR0 = {r0}\nkinematic = [{{ C = {c} }}]\n"
        );
        let run = bench.solve(&format!("{ROLLERS}{end}{time}{law}"));
        let first = (E * 0.01 - r0) / (E + c);
        uniform(&run, 4, [r0 + c * first, 0.0, 0.0, 0.0, 0.0, 0.0], 100.0 * r0);
        let second = (-E * 0.01 + r0) / (E + c);
        uniform(&run, run.last(), [-r0 + c * second, 0.0, 0.0, 0.0, 0.0, 0.0], 100.0 * r0);
        let p = 2.0 * first - second;
        assert!(run.points(run.last(), "p").iter().all(|x| (x - p).abs() < 1e-7 * p));
    }
}

#[test]
fn the_last_of_overlapping_fixes_counts() {
    let bench = Bench::new(&test_bar(ElementKind::C3d8));
    let pull = "[[fix]]\nset = 'x0'\ndof = 'U1'\nvalue = 0.1\n";
    let hold = "[[fix]]\nset = 'rim'\ndof = 'U1'\nvalue = -0.05\n";
    for (text, on_rim) in [(format!("{pull}{hold}"), -0.05), (format!("{hold}{pull}"), 0.1)] {
        let run = bench.solve(&format!("{ROLLERS}{text}{ONCE}{}", elastic(0.3)));
        assert!(run.u_of(1, "rim").iter().all(|u| u[0] == on_rim));
        assert!(run.u_of(1, "x0").iter().all(|u| u[0] == 0.1 || u[0] == on_rim));
    }
}

#[test]
fn a_face_set_names_its_nodes_in_a_fix() {
    let bench = Bench::new(&test_bar(ElementKind::C3d10));
    let load = "[[pressure]]\nset = 'fx1'\nvalue = 100.0\n";
    let by_nodes = bench.solve(&format!("{ROLLERS}{load}{ONCE}{}", elastic(0.3))).u(1);
    let faces = ROLLERS.replace("'x0'", "'fx0'").replace("'y0'", "'fy0'").replace("'z0'", "'fz0'");
    let by_faces = bench.solve(&format!("{faces}{load}{ONCE}{}", elastic(0.3))).u(1);
    assert!(apart(&by_nodes, &by_faces) < 1e-15);
}

#[test]
fn the_answer_does_not_depend_on_the_number_of_ranks() {
    // the loaded end and the held one lie on different ranks; with three, one has neither
    let bench = Bench::new(&bar(ElementKind::C3d10R4, [6, 1, 1], SIZE, 0.0));
    let clamp: String =
        ["U1", "U2", "U3"].iter().map(|d| format!("[[fix]]\nset = 'x0'\ndof = '{d}'\n")).collect();
    let text = format!(
        "{clamp}[[fix]]\nset = 'ex'\ndof = 'U2'\nvalue = 0.005\ntable = 'load'\n\
         [[pressure]]\nset = 'fx1'\nvalue = 150.0\ntable = 'load'\n[[nodal_force]]\nset = 'x1'\ndof = 'U3'\nvalue = 0.5\n\
         [[centrifugal]]\nset = 'low'\naxis = [0.0, 1.0, 0.0]\nspeed = 2e3\n{UP_AND_DOWN}\
         [[material]]\nname = 'k'\nlaw = 'chaboche'\nyoung = {E:e}\npoisson = 0.3\nR0 = 100.0\nkinematic = [{{ C = 1e4, D = 50 }}]\ndensity = 8e-9\n"
    );
    bench.case("case.toml", &text);
    for linear in ["direct", "iterative"] {
        bench.case(
            "case.toml",
            &format!("{text}[solver]\ntolerance = 1e-11\nlinear = '{linear}'\nlinear_tolerance = 1e-12\n"),
        );
        bench.ok(0, &["solve", "case.toml", "-o", "0.h5"]);
        let alone = bench.open("0.h5");
        assert!(size(&alone.points(2, "p")) > 1e-5, "the bar yields");
        for ranks in [1, 2, 3] {
            bench.ok(ranks, &["solve", "case.toml", "-o", "n.h5"]);
            bench.close("n.h5", "0.h5", "U", "1e-9");
        }
    }
}
