//! What a case can ask of the high-fidelity solver: step cuts, output, linear solvers, PETSc options, anisotropic and
//! crystal laws.

mod support;

use ferrom::mesh::{ElementKind, Mesh};
use support::bar::bar;
use support::bench::{Bench, Run, apart, size};

const SIZE: [f64; 3] = [4.0, 1.0, 1.5];
const CLAMP: &str = "
[[fix]]
set = 'x0'
dof = 'U1'
[[fix]]
set = 'x0'
dof = 'U2'
[[fix]]
set = 'x0'
dof = 'U3'
";
const PLASTIC: &str = "
[[pressure]]
set = 'fy1'
value = 3.5
table = 'load'
[tables.load]
times = [0.0, 2.0]
values = [0.0, 2.0]
[[material]]
name = 'k'
law = 'chaboche'
young = 2e5
poisson = 0.3
R0 = 100.0
kinematic = [{ C = 1e4 }]
";

/// Full integration: a single row of c3d20r keeps a motion without energy once it yields.
fn cantilever() -> Mesh {
    bar(ElementKind::C3d20, [4, 1, 1], SIZE, 0.0)
}

#[test]
fn a_run_that_has_to_cut_its_steps_still_hits_the_times_asked_for() {
    let bench = Bench::new(&cantilever());
    let time = "[time]\ntimes = [2.0]\nincrements = [4]\n";
    let fine = bench
        .solve(&format!("{CLAMP}{PLASTIC}[time]\ntimes = [2.0]\nincrements = [64]\n[output]\nevery = 16\n"));
    assert!(size(&fine.points(fine.last(), "p")) > 1e-3, "the bar yields");
    bench.case("short.toml", &format!("{CLAMP}{PLASTIC}{time}[solver]\nmax_iterations = 4\n"));
    let report = bench.ok(0, &["solve", "short.toml", "-o", "short.h5"]);
    assert!(report["cut"].as_u64() > Some(0), "{report}");
    let cut = bench.open("short.h5");
    assert_eq!(cut.times(), [0.0, 0.5, 1.0, 1.5, 2.0]);
    assert_eq!(fine.times(), cut.times());
    // backward Euler with other steps along a bending path: a few per cent
    let (a, b) = (apart(&cut.u(4), &fine.u(4)), size(&fine.u(4)));
    assert!(a < 5e-2 * b, "{a} of {b}");
    // and where no step is short enough, the run says so and leaves no file
    bench
        .case("never.toml", &format!("{CLAMP}{PLASTIC}{time}[solver]\nmax_iterations = 1\nmin_step = 0.2\n"));
    let said = bench.fails(1, &["solve", "never.toml", "-o", "never.h5"]);
    assert!(said.contains("failed even in pieces"), "{said}");
    assert!(!bench.path("never.h5").exists());
}

#[test]
fn output_comes_every_k_increments_and_at_the_end() {
    let bench = Bench::new(&cantilever());
    let run = bench.solve(&format!(
        "{CLAMP}{PLASTIC}[time]\ntimes = [2.0]\nincrements = [8]\n[output]\nevery = 3\nquantities = ['seq', 'sig11', 'p', 'evp']\n"
    ));
    assert_eq!(run.times(), [0.0, 0.75, 1.5, 2.0]);
    let names = run.file.point_names().expect("names");
    assert!(["seq", "sig11", "p", "evp"].iter().all(|q| names.iter().any(|n| n == q)), "{names:?}");
}

/// Enough unknowns for several levels of multigrid.
fn block() -> Mesh {
    bar(ElementKind::C3d8, [12, 8, 8], [3.0, 2.0, 2.0], 0.1)
}

const ELASTIC: &str = "
[[pressure]]
set = 'fy1'
value = 10.0
[time]
times = [1.0]
increments = [1]
[[material]]
name = 'm'
law = 'elastic'
young = 2e5
poisson = 0.3
";

#[test]
fn the_iterative_solver_gives_the_answer_of_the_direct_one() {
    let bench = Bench::new(&block());
    let direct = bench.solve(&format!("{CLAMP}{ELASTIC}[solver]\nlinear = 'direct'\n"));
    for tolerance in [1e-6f64, 1e-11] {
        let text =
            format!("{CLAMP}{ELASTIC}[solver]\nlinear = 'iterative'\nlinear_tolerance = {tolerance:e}\n");
        bench.case("case.toml", &text);
        let report = bench.ok(0, &["solve", "case.toml", "-o", "out.h5"]);
        assert!(report["linear_iterations"].as_u64() > Some(5), "{report}");
        // Newton repeats a solve that was too coarse
        let run = bench.open("out.h5");
        let limit = (1e3 * tolerance).min(1e-6);
        assert!(apart(&run.u(1), &direct.u(1)) < limit * size(&direct.u(1)));
    }
}

#[test]
fn petsc_options_of_the_case_and_of_the_command_line_reach_petsc() {
    let bench = Bench::new(&block());
    let with = |petsc: &str| format!("{CLAMP}{ELASTIC}[solver]\nlinear = 'iterative'\npetsc = {petsc}\n");
    // numbers and booleans are options like strings
    bench.case("case.toml", &with("{ ksp_type = 'fcg', ksp_max_it = 777, ksp_view = '' }"));
    let output = bench.run(0, &["solve", "case.toml", "-o", "out.h5"]);
    let text = support::told(&output);
    assert!(
        output.status.success() && text.contains("type: fcg") && text.contains("maximum iterations=777"),
        "{text}"
    );
    assert!(text.contains("(ferrom_)"), "{text}");
    // the command line wins over the case, with and without the prefix
    for given in ["-ksp_type gcr -pc_type jacobi", "-ferrom_ksp_type gcr -ferrom_pc_type jacobi"] {
        let output = bench.run(0, &["solve", "case.toml", "-o", "out.h5", "--petsc", given]);
        let text = support::told(&output);
        assert!(
            output.status.success() && text.contains("type: gcr") && text.contains("type: jacobi"),
            "{text}"
        );
    }
    // an option that nothing asked for is named
    let output = bench.run(0, &["solve", "case.toml", "-o", "out.h5", "--petsc", "-ksp_tipe cg"]);
    let text = support::told(&output);
    assert!(output.status.success() && text.contains("-ferrom_ksp_tipe was not used"), "{text}");
    let said = bench.fails(2, &["solve", "case.toml", "-o", "out.h5", "--petsc", "ksp_type cg"]);
    assert!(said.contains("'ksp_type' is not an option"), "{said}");
    // one iteration is not enough: PETSc's reason is passed on
    let said = bench.fails(1, &["solve", "case.toml", "-o", "out.h5", "--petsc", "-ksp_max_it 1"]);
    assert!(said.contains("DIVERGED_ITS"), "{said}");
}

/// A bar on three corners that is pulled along x.
fn pulled(law: &str) -> Run {
    let bench = Bench::new(&bar(ElementKind::C3d10, [3, 2, 2], SIZE, 0.2));
    let corners = "fix = [{ set = 'o', dof = 'U1' }, { set = 'o', dof = 'U2' }, { set = 'o', dof = 'U3' }, \
                   { set = 'ex', dof = 'U2' }, { set = 'ex', dof = 'U3' }, { set = 'ey', dof = 'U3' }]\n";
    let load = "[[traction]]\nset = 'fx1'\nvector = [100.0, 0.0, 0.0]\n[[traction]]\nset = 'fx0'\nvector = [-100.0, 0.0, 0.0]\n";
    let time = "[time]\ntimes = [1.0]\nincrements = [1]\n[output]\nquantities = ['sig', 'eto']\n";
    bench.solve(&format!("{corners}{load}{time}[[material]]\nname = 'a'\nlaw = 'elastic'\n{law}"))
}

fn strains(run: &Run, expected: &[(usize, f64)]) {
    let sig = run.points(1, "sig");
    assert!(sig.chunks_exact(6).all(|s| apart(s, &[100.0, 0.0, 0.0, 0.0, 0.0, 0.0]) < 1e-7));
    for eto in run.points(1, "eto").chunks_exact(6) {
        for &(c, e) in expected {
            assert!((eto[c] - e).abs() < 1e-9 * size(eto), "component {c}: {} instead of {e}", eto[c]);
        }
    }
}

#[test]
fn a_cubic_crystal_is_as_stiff_as_its_direction() {
    let (y11, y12, y44) = (2.5e5, 1.6e5, 1.2e5);
    // compliances of a cubic crystal
    let s11 = (y11 + y12) / ((y11 - y12) * (y11 + 2.0 * y12));
    let s12 = -y12 / ((y11 - y12) * (y11 + 2.0 * y12));
    let (a, b) = (0.36f64, 0.48f64);
    let rows = [[0.8, -0.6, 0.0], [a, b, -0.8], [b, 0.64, 0.6]];
    // direction of the pull in the axes of the crystal: first column
    let d: [f64; 3] = [rows[0][0], rows[1][0], rows[2][0]];
    let q = d[0].powi(2) * d[1].powi(2) + d[1].powi(2) * d[2].powi(2) + d[2].powi(2) * d[0].powi(2);
    let compliance = s11 - 2.0 * (s11 - s12 - 1.0 / (2.0 * y44)) * q;
    let run = pulled(&format!("y1111 = {y11:e}\ny1122 = {y12:e}\ny1212 = {y44:e}\naxes = {rows:?}\n"));
    strains(&run, &[(0, 100.0 * compliance)]);
    // and the sum of the normal strains is that of any direction: the bulk is isotropic
    let trace: Vec<f64> = run.points(1, "eto").chunks_exact(6).map(|e| e[0] + e[1] + e[2]).collect();
    assert!(trace.iter().all(|t| (t - 100.0 * (s11 + 2.0 * s12)).abs() < 1e-12));
}

#[test]
fn an_orthotropic_bar_off_its_axes_shears_when_it_is_pulled() {
    let (e1, e2, nu12, g12) = (1.5e5f64, 1.0e4f64, 0.3f64, 5e3f64);
    let (c, s) = (0.8f64, 0.6f64);
    let law = format!(
        "E1 = {e1:e}\nE2 = {e2:e}\nE3 = 2e4\nnu12 = {nu12}\nnu23 = 0.2\nnu31 = 0.05\nG12 = {g12:e}\nG23 = 4e3\nG31 = 6e3\n\
         axes = [[{c}, {s}, 0.0], [{:?}, {c}, 0.0], [0.0, 0.0, 1.0]]\n",
        -s
    );
    let along = c.powi(4) / e1 + s.powi(4) / e2 + c * c * s * s * (1.0 / g12 - 2.0 * nu12 / e1);
    let across = c * c * s * s * (1.0 / e1 + 1.0 / e2 - 1.0 / g12) - nu12 / e1 * (c.powi(4) + s.powi(4));
    // engineering shear per stress: the textbook's S16
    let shear = 2.0 * c.powi(3) * s * (1.0 / e1 + nu12 / e1 - 0.5 / g12)
        - 2.0 * c * s.powi(3) * (1.0 / e2 + nu12 / e1 - 0.5 / g12);
    let nu13 = 0.05 * e1 / 2e4;
    let up = -(c * c * nu13 / e1 + s * s * 0.2 / e2);
    strains(
        &pulled(&law),
        &[(0, 100.0 * along), (1, 100.0 * across), (2, 100.0 * up), (3, 50.0 * shear), (4, 0.0), (5, 0.0)],
    );
}

#[test]
fn newton_converges_quadratically_on_a_crystal() {
    let bench = Bench::new(&bar(ElementKind::C3d8, [2, 2, 2], [1.0; 3], 0.1));
    let text = format!(
        "{CLAMP}[[fix]]\nset = 'x1'\ndof = 'U1'\nvalue = 0.01\ntable = 'pull'\n[tables.pull]\ntimes = [0.0, 1.0]\nvalues = [0.0, 1.0]\n\
         [time]\ntimes = [1.0]\nincrements = [5]\n[[material]]\nname = 'x'\nlaw = 'crystal'\ny1111 = 2.5e5\ny1122 = 1.6e5\ny1212 = 1.2e5\n\
         axes = [[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]]\n\
         octahedral = {{ flow = 'norton', K = 100, n = 8, R0 = 80, Q = 20, b = 5, C = 2e4, D = 200 }}\n"
    );
    bench.case("case.toml", &text);
    let iterations = |tolerance: &str| {
        let report = bench
            .ok(0, &["solve", "case.toml", "-o", "out.h5", "--newton-tol", tolerance, "--quantities", "sig"]);
        assert_eq!(report["cut"].as_u64(), Some(0), "{report}");
        report["iterations"].as_u64().expect("a number")
    };
    // the digits double with each iteration: from 3 to 6 to 12
    let (coarse, fine) = (iterations("1e-3"), iterations("1e-10"));
    assert!(fine <= coarse + 2 * 5, "{coarse} and {fine} iterations in 5 increments");
    assert!(fine > 2 * 5, "the crystal flows");
}

#[test]
fn newton_converges_quadratically_on_the_reference_crystal() {
    let Some(folder) = support::reference("zset/MecaSequentialMonoCrystal") else { return };
    let case = folder.join("cube.inp").display().to_string();
    let bench = Bench::new(&cantilever());
    let iterations = |tolerance: &str| {
        let report = bench.ok(0, &["solve", &case, "-o", "out.h5", "--newton-tol", tolerance]);
        (report["iterations"].as_u64().expect("a number"), report["increments"].as_u64().expect("a number"))
    };
    let ((coarse, n), (fine, _)) = (iterations("1e-3"), iterations("1e-10"));
    assert!(fine <= coarse + 2 * n, "{coarse} and {fine} iterations in {n} increments");
}
