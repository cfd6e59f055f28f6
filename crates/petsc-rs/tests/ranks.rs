//! Vectors, matrices, solvers, options and errors of PETSc: without mpirun and on 1, 2 and 3 ranks, in a folder whose
//! `.petscrc` must not be read.

use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use petsc_rs::{Error, Ksp, Matrix, Petsc, Symmetry, Vector, options};
use std::process::ExitCode;

#[path = "../../../tests/support/again.rs"]
mod again;

fn main() -> ExitCode {
    let folder = std::env::temp_dir().join(format!("petsc-rs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    std::fs::write(folder.join(".petscrc"), "-from_petscrc 1\n").expect("a file in it");
    let code = again::main("petsc-rs", &folder, "-both environment -only_environment 1", child);
    let _ = std::fs::remove_dir_all(&folder);
    code
}

fn pair(key: &str, value: &str) -> (String, Option<String>) {
    (key.into(), (!value.is_empty()).then(|| value.into()))
}

fn child() {
    let universe = mpi::initialize().expect("MPI starts once");
    again::panics_end_the_job();
    let world = universe.world();
    let petsc =
        Petsc::init(&universe, &[pair("-both", "code"), pair("-only_code", "2")]).expect("PETSc starts");
    assert!(Petsc::init(&universe, &[]).is_err(), "a second session at the same time is refused");
    the_environment_overrides_the_options_of_the_program();
    options_that_nobody_asks_for_are_listed();
    a_scope_never_replaces_the_users_options();
    dots_and_norms_are_over_all_ranks(&world);
    a_pattern_outside_the_matrix_is_refused(&world);
    entries_of_one_place_are_added_across_ranks(&world);
    a_wrong_option_value_is_an_error_with_its_call_chain(&world);
    a_chain_of_springs_is_solved(&world);
    a_singular_matrix_is_reported_with_the_numbers_of_mumps(&world);

    let orphan = Vector::new(&world, 3).expect("a vector");
    drop(petsc);
    assert!(matches!(orphan.norm(), Err(Error::NotRunning { .. })), "PETSc is gone");
    let petsc = Petsc::init(&universe, &[]).expect("PETSc starts again");
    assert!(
        matches!(orphan.norm(), Err(Error::NotRunning { .. })),
        "the vector belongs to the earlier session"
    );
    assert_eq!(options::option("", "only_code").expect("database"), None, "options end with their session");
    drop(orphan);
    drop(petsc);
}

fn the_environment_overrides_the_options_of_the_program() {
    let get = |key| options::option("", key).expect("database");
    assert_eq!(get("both").as_deref(), Some("environment"));
    assert_eq!(get("only_code").as_deref(), Some("2"));
    assert_eq!(get("only_environment").as_deref(), Some("1"));
    assert_eq!(get("from_petscrc"), None, ".petscrc is not read");
}

fn options_that_nobody_asks_for_are_listed() {
    assert_eq!(options::unused().expect("database"), []);
    options::set_option("test_", "misspelt", Some("a b")).expect("set");
    assert!(options::has_option("test_", "misspelt").expect("database"));
    assert!(!options::has_option("test_", "absent").expect("database"));
    assert_eq!(
        options::unused().expect("database"),
        [pair("-test_misspelt", "a b")],
        "has_option does not count"
    );
    options::option("test_", "misspelt").expect("database");
    assert_eq!(options::unused().expect("database"), []);
    for wrong in ["", "1", "a b"] {
        assert!(options::set_option("", wrong, None).is_err(), "{wrong:?} is no option name");
    }
}

fn a_scope_never_replaces_the_users_options() {
    let list =
        [pair("-both", "scope"), pair("-scoped", "first"), pair("-scoped", "second"), pair("-other", "")];
    let scope = options::Scope::open(&list).expect("scope");
    assert_eq!(options::option("", "both").expect("database").as_deref(), Some("environment"));
    assert_eq!(options::option("", "scoped").expect("database").as_deref(), Some("first"));
    assert_eq!(scope.close().expect("close"), ["-scoped"], "-other was not asked for");
    assert!(!options::has_option("", "scoped").expect("database"));
    assert!(!options::has_option("", "other").expect("database"));
    assert!(options::has_option("", "both").expect("database"));
}

/// Rows of this rank: 40 on each, none on the last of several.
fn local_rows(world: &SimpleCommunicator) -> (usize, usize, usize) {
    let (rank, size) = (world.rank() as usize, world.size() as usize);
    let parts = if size > 1 { size - 1 } else { 1 };
    (if rank < parts { 40 } else { 0 }, rank.min(parts) * 40, parts * 40)
}

fn dots_and_norms_are_over_all_ranks(world: &SimpleCommunicator) {
    let (n, _, total) = local_rows(world);
    let mut v = Vector::new(world, n).expect("a vector");
    assert_eq!((v.local_len(), v.global_len()), (Ok(n), Ok(total)));
    assert_eq!(v.norm(), Ok(0.0), "a new vector is zero");
    v.copy_from(&vec![2.0; n]).expect("same length");
    let mut w = v.duplicate().expect("a vector");
    w.add_scaled(3.0, &v).expect("same distribution");
    assert_eq!(v.dot(&w), Ok(12.0 * total as f64));
    assert!((v.norm().expect("norm") - 2.0 * (total as f64).sqrt()).abs() < 1e-12);
    w.scale(0.5).expect("scale");
    assert_eq!(w.to_vec(), Ok(vec![3.0; n]));
    assert!(w.copy_from(&vec![0.0; n + 1]).is_err());
}

fn a_pattern_outside_the_matrix_is_refused(world: &SimpleCommunicator) {
    let (n, _, total) = local_rows(world);
    let beyond = i32::try_from(total).expect("small");
    for (rows, cols) in [(vec![0], vec![beyond]), (vec![-1], vec![0]), (vec![0, 0], vec![0])] {
        assert!(matches!(Matrix::from_coo(world, n, &rows, &cols, 1), Err(Error::Argument(_))));
    }
}

fn entries_of_one_place_are_added_across_ranks(world: &SimpleCommunicator) {
    let (n, _, _) = local_rows(world);
    let mut a = Matrix::from_coo(world, n, &[0, 0, 1], &[0, 0, 2], 1).expect("a matrix");
    let (mut x, mut y) = (a.new_vector().expect("a vector"), a.new_vector().expect("a vector"));
    x.fill(1.0).expect("fill");
    for factor in [1.0, 10.0] {
        a.set_values(&[factor, 2.0 * factor, factor]).expect("values");
        a.mult(&x, &mut y).expect("product");
        if world.rank() == 0 {
            let ranks = f64::from(world.size());
            assert_eq!(y.to_vec().expect("copy")[..3], [3.0 * factor * ranks, factor * ranks, 0.0]);
        }
    }
    assert!(a.set_values(&[1.0]).is_err());
}

fn a_wrong_option_value_is_an_error_with_its_call_chain(world: &SimpleCommunicator) {
    let scope = options::Scope::open(&[pair("-wrong_ksp_type", "nonsense")]).expect("scope");
    let mut ksp = Ksp::new(world, "wrong_").expect("a solver");
    let error = ksp.set_from_options().expect_err("there is no such method");
    let Error::Call { code, message, chain } = &error else { panic!("{error:?}") };
    assert_eq!(*code, 86, "PETSC_ERR_ARG_UNKNOWN_TYPE");
    assert!(
        message.contains("nonsense") && chain.len() >= 2 && chain[0].starts_with("KSPSetType"),
        "{error}"
    );
    drop(scope);
}

/// Unit springs in a row, the left end held, the right end free: 2 on the diagonal but 1 at the end, -1 beside it.
/// Each rank adds the springs that start at its own nodes; the other end may be another rank's.
fn springs(world: &SimpleCommunicator) -> (Matrix, Vec<f64>) {
    let (n, first, total) = local_rows(world);
    let (mut rows, mut cols, mut values) = (vec![], vec![], vec![]);
    let mut add = |i: usize, j: usize, v: f64| {
        rows.push(i as i32);
        cols.push(j as i32);
        values.push(v);
    };
    for i in first..first + n {
        if i == 0 {
            add(i, i, 1.0);
        }
        if i + 1 < total {
            add(i, i, 1.0);
            add(i, i + 1, -1.0);
            add(i + 1, i, -1.0);
            add(i + 1, i + 1, 1.0);
        }
    }
    (Matrix::from_coo(world, n, &rows, &cols, 1).expect("a matrix"), values)
}

fn a_chain_of_springs_is_solved(world: &SimpleCommunicator) {
    let (n, first, total) = local_rows(world);
    let (mut a, values) = springs(world);
    a.set_symmetry(Symmetry::PositiveDefinite).expect("symmetry");
    let (mut b, mut x, mut r) =
        (a.new_vector().expect("b"), a.new_vector().expect("x"), a.new_vector().expect("r"));
    // the exact answer to unit loads with a free right end: u_i = sum over springs 0..=i of the load beyond
    b.fill(1.0).expect("fill");
    let exact: Vec<f64> = (0..total)
        .scan(0.0, |u, i| {
            *u += (total - i) as f64;
            Some(*u)
        })
        .collect();
    let direct = [
        pair("-s_ksp_type", "preonly"),
        pair("-s_pc_type", "cholesky"),
        pair("-s_pc_factor_mat_solver_type", "mumps"),
        pair("-s_mat_mumps_icntl_14", "130"),
    ];
    let krylov = [pair("-s_ksp_type", "cg"), pair("-s_pc_type", "jacobi"), pair("-s_ksp_rtol", "1e-12")];
    for list in [&direct[..], &krylov[..]] {
        let scope = options::Scope::open(list).expect("scope");
        let mut ksp = Ksp::new(world, "s_").expect("a solver");
        ksp.set_from_options().expect("options");
        for factor in [1.0, 4.0] {
            a.set_values(&values.iter().map(|v| factor * v).collect::<Vec<_>>()).expect("values");
            ksp.set_operators(&a, &a).expect("operators");
            ksp.set_up().expect("set up");
            let (_, _, package) = ksp.method().expect("names");
            assert_eq!(
                ksp.mumps_control(14).expect("control"),
                package.map(|_| 130),
                "MUMPS sees its options"
            );
            let info = ksp.solve(&b, &mut x).expect("solution");
            assert!(info.reason.starts_with("CONVERGED"), "{info:?}");
            a.mult(&x, &mut r).expect("product");
            r.add_scaled(-1.0, &b).expect("difference");
            assert!(r.norm().expect("norm") < 1e-9);
            for (u, e) in x.to_vec().expect("copy").iter().zip(&exact[first..first + n]) {
                assert!((u * factor - e).abs() < 1e-8 * e, "{u} {e}");
            }
        }
        drop(scope);
    }
    let scope =
        options::Scope::open(&[pair("-s_ksp_max_it", "3"), pair("-s_pc_type", "none")]).expect("scope");
    let mut ksp = Ksp::new(world, "s_").expect("a solver");
    ksp.set_from_options().expect("options");
    ksp.set_operators(&a, &a).expect("operators");
    let error = ksp.solve(&b, &mut x).expect_err("three iterations are too few");
    assert!(matches!(&error, Error::NotConverged(n) if n.reason == -3 && n.iterations == 3), "{error}");
    assert!(error.to_string().contains("-ksp_max_it"), "{error}");
    drop(scope);
}

fn a_singular_matrix_is_reported_with_the_numbers_of_mumps(world: &SimpleCommunicator) {
    let (n, _, _) = local_rows(world);
    let mut a = Matrix::from_coo(world, n, &[0], &[0], 1).expect("a matrix");
    a.set_values(&[1.0]).expect("values");
    let scope =
        options::Scope::open(&[pair("-m_pc_type", "lu"), pair("-m_pc_factor_mat_solver_type", "mumps")])
            .expect("scope");
    let mut ksp = Ksp::new(world, "m_").expect("a solver");
    ksp.set_from_options().expect("options");
    ksp.set_operators(&a, &a).expect("operators");
    let error = ksp.set_up().expect_err("39 rows are empty");
    assert!(matches!(&error, Error::NotConverged(n) if n.mumps.is_some_and(|m| m.0 < 0)), "{error}");
    if world.rank() == 0 {
        println!("as it should be: {error}");
    }
    drop(scope);
}
