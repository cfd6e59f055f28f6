//! The linear solver on a cube of hexahedra, one face held: without mpirun and on 1, 2 and 3 ranks.
//!
//! A program of its own, since PETSc and MPI do not mix with the threads of the usual test harness. Every distributed
//! solution is compared with that of the same system on one rank, and put back into the element equations.

use ferrom::parallel::Comm;
use ferrom::solver::linear::{LinearKind, LinearOptions, LinearSolver, Pattern};
use mpi::topology::SimpleCommunicator;
use petsc_rs::Petsc;
use std::path::Path;
use std::process::ExitCode;

#[path = "support/again.rs"]
mod again;

fn main() -> ExitCode {
    again::main("linear solver", Path::new("."), "-ferrom_ksp_max_it 500", child)
}

fn child() {
    let universe = mpi::initialize().expect("MPI starts once");
    again::panics_end_the_job();
    let petsc = Petsc::init(&universe, &[]).expect("PETSc starts");
    {
        let world = Comm::new(universe.world());
        let alone = Comm::new(SimpleCommunicator::self_comm());
        let ranks = world.size();
        // planes of nodes shared equally, and, on several ranks, a last rank without any
        for parts in ranks.saturating_sub(1).max(1)..=ranks {
            let both = Both { world: &world, alone: &alone, parts };
            a_direct_solution_does_not_depend_on_the_ranks(&both);
            multigrid_converges_in_few_iterations_to_the_direct_solution(&both);
            an_unsymmetric_tangent_is_solved_by_both_kinds(&both);
            an_indefinite_symmetric_matrix_is_factorised_all_the_same(&both);
            a_factorisation_short_of_workspace_is_repeated_with_more(&both);
            the_users_options_count(&both);
            failures_are_told_on_every_rank(&both);
        }
        a_reproducible_solution_has_the_same_bits_each_time(&world);
        a_body_without_supports_is_reported(&world);
    }
    assert_eq!(petsc_rs::options::unused().expect("database"), [], "no option is left behind");
    drop(petsc);
}

struct Both<'a> {
    world: &'a Comm,
    alone: &'a Comm,
    parts: usize,
}

/// Elements per edge.
const N: usize = 9;
/// Nodes per edge.
const P: usize = N + 1;

/// A cube of edge 1, E = 1000, nu = 0.3, N^3 trilinear hexahedra, numbered plane by plane; the bottom plane is held.
/// This rank owns planes `planes` and the elements above them.
struct Cube {
    planes: std::ops::Range<usize>,
    held: bool,
    rows: Vec<i32>,
    cols: Vec<i32>,
    coordinates: Vec<[f64; 3]>,
    constrained: Vec<bool>,
}

impl Cube {
    fn new(comm: &Comm, parts: usize, held: bool) -> Cube {
        let cut = |part: usize| part.min(parts) * P / parts;
        let planes = cut(comm.rank())..cut(comm.rank() + 1);
        let mut cube =
            Cube { planes, held, rows: vec![], cols: vec![], coordinates: vec![], constrained: vec![] };
        for node in cube.planes.start * P * P..cube.planes.end * P * P {
            let index = [node % P, node / P % P, node / (P * P)];
            cube.coordinates.push(index.map(|i| i as f64 / N as f64));
            cube.constrained.extend([held && index[2] == 0; 3]);
        }
        for dofs in cube.elements() {
            for i in dofs {
                for j in dofs {
                    cube.rows.push(i as i32);
                    cube.cols.push(j as i32);
                }
            }
        }
        cube
    }

    fn pattern(&self) -> Pattern<'_> {
        Pattern {
            rows: &self.rows,
            cols: &self.cols,
            coordinates: &self.coordinates,
            constrained: &self.constrained,
        }
    }

    /// The 24 unknowns of each element of this rank.
    fn elements(&self) -> Vec<[usize; 24]> {
        let mut all = Vec::new();
        for k in self.planes.clone().filter(|&k| k < N) {
            for (j, i) in (0..N).flat_map(|j| (0..N).map(move |i| (j, i))) {
                let node = |(a, b, c): (usize, usize, usize)| ((k + c) * P + j + b) * P + i + a;
                let corners =
                    [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)];
                all.push(std::array::from_fn(|d| 3 * node(corners[d / 3]) + d % 3));
            }
        }
        all
    }

    fn fixed(&self, dof: usize) -> bool {
        self.held && dof < 3 * P * P
    }

    /// Element matrices in the order of the pattern, rows and columns of held unknowns reduced to the diagonal.
    fn values(&self, element: &[[f64; 24]; 24]) -> Vec<f64> {
        let mut values = Vec::with_capacity(self.rows.len());
        for dofs in self.elements() {
            for i in 0..24 {
                for j in 0..24 {
                    let kept = i == j || !(self.fixed(dofs[i]) || self.fixed(dofs[j]));
                    values.push(if kept { element[i][j] } else { 0.0 });
                }
            }
        }
        values
    }

    /// A load that is no eigenvector: sheared and pulled, nothing on held unknowns.
    fn loads(&self) -> Vec<f64> {
        let load = |x: &[f64; 3]| [1.0 + x[1], x[0] * x[2] - 0.3, 2.0 * x[2] + x[0]];
        let all = self.coordinates.iter().flat_map(load);
        all.zip(&self.constrained).map(|(f, &c)| if c { 0.0 } else { f }).collect()
    }
}

/// Stiffness of a trilinear cube of edge `h` by 2x2x2 Gauss points, engineering constants E and nu.
fn hexahedron(e: f64, nu: f64, h: f64) -> [[f64; 24]; 24] {
    let (lambda, mu) = (e * nu / ((1.0 + nu) * (1.0 - 2.0 * nu)), e / (2.0 * (1.0 + nu)));
    let corners =
        [[-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1], [-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]]
            .map(|c| c.map(f64::from));
    let g = 1.0 / 3f64.sqrt();
    let mut ke = [[0.0; 24]; 24];
    for point in corners.map(|c| c.map(|x| x * g)) {
        let gradients = corners.map(|s| {
            let f: [f64; 3] = std::array::from_fn(|d| 1.0 + s[d] * point[d]);
            [s[0] * f[1] * f[2], s[1] * f[0] * f[2], s[2] * f[0] * f[1]].map(|v| v / (4.0 * h))
        });
        let weight = (h / 2.0).powi(3);
        for (a, da) in gradients.iter().enumerate() {
            for (b, db) in gradients.iter().enumerate() {
                let dot: f64 = (0..3).map(|d| da[d] * db[d]).sum();
                for i in 0..3 {
                    for j in 0..3 {
                        let shear = if i == j { mu * dot } else { 0.0 };
                        ke[3 * a + i][3 * b + j] +=
                            weight * (lambda * da[i] * db[j] + mu * da[j] * db[i] + shear);
                    }
                }
            }
        }
    }
    ke
}

fn elastic() -> [[f64; 24]; 24] {
    hexahedron(1000.0, 0.3, 1.0 / N as f64)
}

fn options(kind: LinearKind, symmetric: bool) -> LinearOptions {
    LinearOptions { kind, symmetric, rtol: 1e-10, ..LinearOptions::default() }
}

/// |f - K u| / |f|, from the element equations.
fn residual_of_elements(cube: &Cube, element: &[[f64; 24]; 24], u: &[f64]) -> f64 {
    let mut r = cube.loads();
    let load = r.iter().map(|f| f * f).sum::<f64>().sqrt();
    let values = cube.values(element);
    for ((&i, &j), k) in cube.rows.iter().zip(&cube.cols).zip(values) {
        r[i as usize] -= k * u[j as usize];
    }
    r.iter().map(|f| f * f).sum::<f64>().sqrt() / load
}

fn difference(u: &[f64], v: &[f64]) -> f64 {
    assert_eq!(u.len(), v.len());
    let largest = v.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    u.iter().zip(v).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs())) / largest
}

/// Solves on all ranks, gathers, and checks the residual on the whole cube; returns the solution and the iterations.
fn solved(comm: &Comm, parts: usize, element: &[[f64; 24]; 24], how: LinearOptions) -> (Vec<f64>, usize) {
    let (cube, whole) = (Cube::new(comm, parts, true), Cube::new(&Comm::serial(), 1, true));
    let tolerance = if how.kind == LinearKind::Direct { 1e-11 } else { 1.01e-10 };
    let mut solver = LinearSolver::new(comm, cube.pattern(), how).expect("a solver");
    assert_eq!(solver.unknowns(), 3 * (P * P * P) as u64);
    let values = cube.values(element);
    let (loads, mut u) = (cube.loads(), vec![0.0; cube.constrained.len()]);
    let mut last = (Vec::new(), 0);
    // values change, pattern stays: as from one Newton iteration to the next
    for factor in [3.0, 1.0] {
        let scaled: Vec<f64> = values.iter().map(|v| factor * v).collect();
        solver.factor_or_setup(&scaled).expect("set-up");
        let info = solver.solve(&loads, &mut u).expect("a solution");
        assert!(info.relative_residual <= tolerance, "{info:?}");
        let held =
            u.iter().zip(&cube.constrained).filter(|(_, c)| **c).fold(0.0, |m: f64, (u, _)| m.max(u.abs()));
        let largest = u.iter().fold(0.0, |m: f64, u| m.max(u.abs()));
        assert!(
            held <= if solver.is_direct() { 0.0 } else { 1e-15 * largest },
            "held unknowns stay: {held:e}"
        );
        last = (comm.all_gather(&u).0, info.iterations);
        let scaled_back: Vec<f64> = last.0.iter().map(|u| factor * u).collect();
        let true_residual = residual_of_elements(&whole, element, &scaled_back);
        assert!(true_residual < 1.1 * tolerance, "{true_residual:e}");
    }
    // a second load with the same factors; no load, no displacement
    let info = solver.solve(&vec![0.0; loads.len()], &mut u).expect("a solution");
    assert_eq!((info.residual_norm, info.relative_residual), (0.0, 0.0));
    assert!(u.iter().all(|u| *u == 0.0));
    last
}

fn a_direct_solution_does_not_depend_on_the_ranks(b: &Both<'_>) {
    let (one, _) = solved(b.alone, 1, &elastic(), options(LinearKind::Direct, true));
    let (all, _) = solved(b.world, b.parts, &elastic(), options(LinearKind::Direct, true));
    assert!(difference(&all, &one) < 1e-10, "{:e}", difference(&all, &one));
}

fn multigrid_converges_in_few_iterations_to_the_direct_solution(b: &Both<'_>) {
    let (direct, _) = solved(b.alone, 1, &elastic(), options(LinearKind::Direct, true));
    let (all, iterations) = solved(b.world, b.parts, &elastic(), options(LinearKind::Iterative, true));
    assert!(difference(&all, &direct) < 1e-8, "{:e}", difference(&all, &direct));
    assert!(iterations <= 30, "{iterations}");
    if b.world.is_root() {
        println!("cg + gamg, {} unknowns on {} ranks: {iterations} iterations", direct.len(), b.parts);
    }
}

fn an_unsymmetric_tangent_is_solved_by_both_kinds(b: &Both<'_>) {
    let mut element = elastic();
    // as of a non-associated flow rule: shear enters the pressure, not the other way round
    for i in 0..24 {
        for j in 0..i {
            element[i][j] *= 1.2;
        }
    }
    let (one, _) = solved(b.alone, 1, &element, options(LinearKind::Direct, false));
    let (lu, _) = solved(b.world, b.parts, &element, options(LinearKind::Direct, false));
    assert!(difference(&lu, &one) < 1e-10, "{:e}", difference(&lu, &one));
    let (krylov, iterations) = solved(b.world, b.parts, &element, options(LinearKind::Iterative, false));
    assert!(difference(&krylov, &one) < 1e-8, "{:e}", difference(&krylov, &one));
    if b.world.is_root() {
        println!("gmres + gamg, {} unknowns on {} ranks: {iterations} iterations", one.len(), b.parts);
    }
}

fn an_indefinite_symmetric_matrix_is_factorised_all_the_same(b: &Both<'_>) {
    let mut element = elastic();
    for i in 0..24 {
        element[i][i] -= 5.0;
    }
    let (one, _) = solved(b.alone, 1, &element, options(LinearKind::Direct, false));
    let (all, _) = solved(b.world, b.parts, &element, options(LinearKind::Direct, true));
    assert!(difference(&all, &one) < 1e-9, "{:e}", difference(&all, &one));
}

fn the_users_options_count(b: &Both<'_>) {
    let cube = Cube::new(b.world, b.parts, true);
    let user = [
        ("ksp_type", "minres"),
        ("ksp_norm_type", "preconditioned"),
        ("-ferrom_pc_type", "jacobi"),
        ("ksp_max_it", "7"),
        ("ksp_typ", "cg"),
    ];
    let options = user.map(|(k, v)| (k.to_string(), Some(v.to_string()))).to_vec();
    let how = LinearOptions { kind: LinearKind::Iterative, rtol: 1e-6, options, ..LinearOptions::default() };
    let mut solver = LinearSolver::new(b.world, cube.pattern(), how).expect("a solver");
    solver.factor_or_setup(&cube.values(&elastic())).expect("set-up");
    assert_eq!(solver.method().as_deref(), Ok("minres + jacobi"));
    let mut u = vec![0.0; cube.constrained.len()];
    solver.solve(&cube.loads(), &mut u).expect("PETSC_OPTIONS allows 500 iterations");
    assert_eq!(solver.unused_options(), ["-ferrom_ksp_max_it", "-ferrom_ksp_typ"], "overridden and misspelt");
}

fn a_factorisation_short_of_workspace_is_repeated_with_more(b: &Both<'_>) {
    for symmetric in [true, false] {
        // half of what MUMPS estimates is not enough
        let starved = vec![("mat_mumps_icntl_14".to_string(), Some("-50".to_string()))];
        let how = LinearOptions { options: starved, ..options(LinearKind::Direct, symmetric) };
        solved(b.world, b.parts, &elastic(), how);
    }
}

fn failures_are_told_on_every_rank(b: &Both<'_>) {
    let cube = Cube::new(b.world, b.parts, true);
    let last = b.world.rank() == b.world.size() - 1;
    let mut pattern = cube.pattern();
    if last {
        pattern.cols = &[];
        pattern.rows = &[0];
    }
    let error = LinearSolver::new(b.world, pattern, options(LinearKind::Direct, true))
        .err()
        .expect("a wrong pattern");
    assert!(error.message.contains("does not fit"), "{error}");

    let mut solver =
        LinearSolver::new(b.world, cube.pattern(), options(LinearKind::Iterative, true)).expect("a solver");
    let (loads, mut u) = (cube.loads(), vec![7.0; cube.constrained.len()]);
    let error = solver.solve(&loads, &mut u).expect_err("no values yet");
    assert!(error.message.contains("not set up"), "{error}");
    let mut values = cube.values(&elastic());
    if b.world.is_root() {
        values[5] = f64::NAN;
    }
    let error = solver.factor_or_setup(&values).expect_err("a value is no number");
    assert!(error.message.contains("value 5"), "{error}");
    let values = cube.values(&elastic());
    solver.factor_or_setup(&values).expect("set-up after a failure");
    let mut wrong = loads.clone();
    if b.world.is_root() {
        wrong[1] = f64::INFINITY;
    }
    assert!(solver.solve(&wrong, &mut u).expect_err("an infinite load").message.contains("not finite"));
    // conjugate gradients must refuse an indefinite matrix
    let mut element = elastic();
    (0..24).for_each(|i| element[i][i] -= 20.0);
    let values = cube.values(&element);
    let error = solver.factor_or_setup(&values).and_then(|()| solver.solve(&loads, &mut u).map(|_| ()));
    let error = error.expect_err("indefinite");
    assert!(error.message.contains("DIVERGED"), "{error}");
    assert!(u.iter().all(|u| *u == 7.0), "a failed solve leaves the solution alone");
}

fn a_reproducible_solution_has_the_same_bits_each_time(world: &Comm) {
    let how = || LinearOptions { reproducible: true, rtol: 1e-10, ..LinearOptions::default() };
    let runs: Vec<_> = (0..3).map(|_| solved(world, world.size(), &elastic(), how()).0).collect();
    assert!(runs.iter().all(|u| u.iter().zip(&runs[0]).all(|(a, b)| a.to_bits() == b.to_bits())));
}

fn a_body_without_supports_is_reported(world: &Comm) {
    let cube = Cube::new(world, world.size(), false);
    let mut solver =
        LinearSolver::new(world, cube.pattern(), options(LinearKind::Auto, true)).expect("a solver");
    assert!(solver.is_direct(), "a small system is factorised");
    let mut u = vec![0.0; cube.constrained.len()];
    let done =
        solver.factor_or_setup(&cube.values(&elastic())).and_then(|()| solver.solve(&cube.loads(), &mut u));
    let error = done.expect_err("rigid motions cost nothing");
    assert!(error.message.contains("singular"), "{error}");
}
