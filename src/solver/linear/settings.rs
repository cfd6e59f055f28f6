//! What the user of the linear solver chooses.

/// What the names of the PETSc options of this solver start with, after the `-`.
pub const PREFIX: &str = "ferrom_";
/// [`LinearKind::Auto`] factorises up to this many unknowns.
pub const DIRECT_UP_TO: u64 = 60_000;

/// Which family of solvers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinearKind {
    /// Direct up to [`DIRECT_UP_TO`] unknowns, iterative beyond (and on several ranks where the result must be
    /// reproducible).
    #[default]
    Auto,
    /// Sparse factorisation (MUMPS).
    Direct,
    /// Krylov method with algebraic multigrid (GAMG).
    Iterative,
}

/// How to solve.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearOptions {
    /// Which family of solvers.
    pub kind: LinearKind,
    /// Whether K is symmetric for all values to come. It is then taken as positive definite until a factorisation
    /// says otherwise; conjugate gradients stop with an error on an indefinite matrix.
    pub symmetric: bool,
    /// Iterative: |f - K u| <= rtol |f|, Euclidean norms over all unknowns.
    pub rtol: f64,
    /// PETSc options of the user: names with a leading `-` are taken as they are, others get `-ferrom_` in front. The
    /// first of two with one name counts.
    pub options: Vec<(String, Option<String>)>,
    /// Whether two runs on the same ranks must give the same bits, which costs set-up time; see the module's
    /// documentation.
    pub reproducible: bool,
    /// Whether rank 0 logs (level info) what each set-up and solve took.
    pub verbose: bool,
    /// Whether factors or multigrid levels of earlier values serve as preconditioner until they cost more than new
    /// ones: for systems that change little from one to the next.
    pub lagged: bool,
}

impl Default for LinearOptions {
    fn default() -> LinearOptions {
        LinearOptions {
            kind: LinearKind::Auto,
            symmetric: true,
            rtol: 1e-8,
            options: Vec::new(),
            reproducible: false,
            verbose: false,
            lagged: false,
        }
    }
}
