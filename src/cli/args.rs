//! What can be said on the command line.

use crate::config::Bytes;
use crate::stages::DEFAULT_TOLERANCE;
mod files;

use clap::{Args, Parser, Subcommand, ValueEnum};
pub(super) use files::{Compare, Export, ExportFormat, Import, NormArg, Partition};
use std::path::PathBuf;

const AFTER: &str = "\
The way of a model:
  ferrom import cube.inp -o train.h5          results of Z-set            -> snapshots
  ferrom import file.rst -c case.toml -o train.h5   or of Ansys           -> snapshots
  ferrom import deck.inp -o train.h5          or of CalculiX              -> snapshots
  ferrom solve case.toml -o train.h5          or our own solver (PETSc)   -> snapshots
  ferrom offline train.h5 -o model.h5         snapshots                   -> reduced model
  ferrom online model.h5 other.toml -o run.h5 --rebuild U,p,sig           -> answers for other loads
  ferrom compare run.h5 truth.h5              how far from the truth

Every command runs alone or under mpirun -n P; the result does not depend on P.
A case is a case.toml (docs/case.md), an .inp of Z-set or CalculiX, or an Ansys deck.
Exit codes: 0 done, 1 run failed, 2 usage or case file, 3 input data, 4 tolerance not met.";

/// Reduced-order models for nonlinear structural mechanics, built from finite-element results.
#[derive(Debug, Parser)]
#[command(name = "ferrom", version, about, after_help = AFTER, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub(super) struct Common {
    /// Print the result as one JSON object on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Write the same JSON to a file
    #[arg(long, global = true, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Print the table of stages (time over ranks, memory) at the end
    #[arg(long, global = true)]
    pub stages: bool,
    /// More detail (-v: information, -vv: debugging); the variable RUST_LOG goes further
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// No progress, only warnings and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read another program's results into a snapshot store
    Import(Import),
    /// Compute a case with the high-fidelity solver
    Solve(Solve),
    /// Build a reduced model from snapshots
    Offline(Offline),
    /// Compute a case with a reduced model
    Online(Online),
    /// Enrich a reduced model over load cases, the most doubtful first, until it needs no more high-fidelity steps
    Train(Train),
    /// Errors of one result against another
    Compare(Compare),
    /// Cut a mesh into subdomains
    Partition(Partition),
    /// Write a result in another program's format
    Export(Export),
    /// Check a case, and its mesh, without computing
    Check(Check),
    /// Check the laws of a case: tangent, symmetry, energy, batches, cost (docs/plugins.md); exit code 4 where one has a
    /// fault
    CheckLaw(CheckLaw),
    /// Say what a file holds
    Info(Info),
    /// Holds a compiled law for the process that started it
    #[command(hide = true)]
    LawServer,
    /// Orthonormal modes of a plain HDF5 matrix of snapshots (docs/matrices.md)
    Pod(Pod),
    /// Points and weights that integrate the functions of a plain HDF5 file (docs/matrices.md)
    Cubature(Cubature),
}

#[derive(Debug, Args)]
pub(super) struct Solve {
    /// Case: .toml, .inp of Z-set or CalculiX, or an Ansys deck
    pub case: PathBuf,
    /// Snapshot store to write
    #[arg(short, long, value_name = "RUN.h5")]
    pub output: PathBuf,
    /// Mesh (default: the case's); a store in as many parts as ranks keeps its parts
    #[arg(long, value_name = "FILE")]
    pub mesh: Option<PathBuf>,
    /// Quantities to write at integration points (default: the case's)
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub quantities: Option<Vec<String>>,
    /// Newton tolerance (default: the case's)
    #[arg(long, value_name = "TOL")]
    pub newton_tol: Option<f64>,
    /// PETSc options, for instance "-ksp_type cg -pc_type hypre"
    #[arg(long, allow_hyphen_values = true, value_name = "OPTIONS")]
    pub petsc: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum EcmMode {
    /// One problem for the structure: the same points on any number of ranks
    Global,
    /// One problem for each rank
    Local,
}

#[derive(Debug, Args)]
pub(super) struct Offline {
    /// Snapshot stores, one per training case
    #[arg(required = true, value_name = "SNAP.h5")]
    pub snapshots: Vec<PathBuf>,
    /// Case with materials and loads (default: the one kept in the snapshots)
    #[arg(short, long)]
    pub case: Option<PathBuf>,
    /// Reduced model to write
    #[arg(short, long, value_name = "MODEL.h5")]
    pub output: PathBuf,
    /// POD tolerance of the displacements
    #[arg(long, value_name = "TOL")]
    pub pod_tol: Option<f64>,
    /// Cubature tolerance
    #[arg(long, value_name = "TOL")]
    pub ecm_tol: Option<f64>,
    /// POD tolerance of the rebuilt quantities
    #[arg(long, value_name = "TOL")]
    pub dual_tol: Option<f64>,
    /// Cubature problem
    #[arg(long, value_enum)]
    pub ecm: Option<EcmMode>,
    /// Look longer for fewer cubature points
    #[arg(long)]
    pub exchange: bool,
    /// At most this many modes
    #[arg(long, value_name = "N")]
    pub max_modes: Option<usize>,
    /// Quantities that the online stage can rebuild (default: sig, and p where the law has it)
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub quantities: Option<Vec<String>>,
    /// Memory of a rank's process: snapshots wait on the disk where it would not do (default: the case's, else the rank's
    /// part of 80 % of the machine's memory)
    #[arg(long, value_name = "BYTES")]
    pub memory_limit: Option<Bytes>,
    /// Draw the calibration of the error indicator
    #[arg(long, value_name = "FILE.svg")]
    pub figure: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Online {
    /// Reduced model
    #[arg(value_name = "MODEL.h5")]
    pub model: PathBuf,
    /// Case: .toml or Z-set .inp; its mesh and materials are not read (default: the training case)
    pub case: Option<PathBuf>,
    /// Run to write
    #[arg(short, long, value_name = "RUN.h5")]
    pub output: PathBuf,
    /// Fields to rebuild on the whole mesh: U, and quantities that the model was built for
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub rebuild: Vec<String>,
    /// Newton tolerance (default: the case's)
    #[arg(long, value_name = "TOL")]
    pub newton_tol: Option<f64>,
    /// Number of cycles (default: the case's)
    #[arg(long, value_name = "N")]
    pub cycles: Option<u32>,
    /// Watch the error indicator, and take a high-fidelity step that enriches the model where it asks for one
    #[arg(long)]
    pub adaptive: bool,
    /// Draw indicator, predicted error and bound over time
    #[arg(long, value_name = "FILE.svg")]
    pub figure: Option<PathBuf>,
    #[command(flatten)]
    pub watch: Watch,
}

/// What `--rebuild` integrates or fits in an adaptive run.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RebuildBy {
    /// The law at every point along the reduced displacements
    Replay,
    /// The dual bases
    Gappy,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "With --adaptive")]
pub(super) struct Watch {
    /// Error aimed at in the triggers
    #[arg(long, value_name = "TOL", default_value_t = DEFAULT_TOLERANCE)]
    pub error_tol: f64,
    /// Quantities whose indicator triggers
    #[arg(long, value_delimiter = ',', value_name = "NAMES", default_value = "p")]
    pub trigger: Vec<String>,
    /// How fields are rebuilt
    #[arg(long, value_enum, default_value = "replay")]
    pub rebuild_by: RebuildBy,
    /// Most enrichments
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub max_enrichments: usize,
    /// No enrichment begins after so many seconds
    #[arg(long, value_name = "S", default_value_t = f64::INFINITY)]
    pub max_seconds: f64,
    /// Full equilibrium residual every K increments (0: at the first only)
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub residual_every: usize,
    /// Write the enriched model
    #[arg(long, value_name = "MODEL.h5")]
    pub save_model: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Train {
    /// Reduced model to start from
    #[arg(value_name = "MODEL.h5")]
    pub model: PathBuf,
    /// Load cases
    #[arg(required = true, value_name = "CASE")]
    pub cases: Vec<PathBuf>,
    /// Reduced model to write
    #[arg(short, long, value_name = "MODEL.h5")]
    pub output: PathBuf,
    #[command(flatten)]
    pub watch: Watch,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Case
    pub case: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct CheckLaw {
    /// Case
    pub case: PathBuf,
    /// Only this material
    #[arg(long, value_name = "NAME")]
    pub material: Option<String>,
    /// Random paths
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub paths: usize,
    /// Steps of each
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub steps: usize,
    /// Largest change of a strain component in a step
    #[arg(long, value_name = "E", default_value_t = 2e-3)]
    pub strain: f64,
    /// Temperatures (default: those of the law's tables, else the uniform ones of the case)
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true, value_name = "LOW,HIGH")]
    pub temperature: Option<Vec<f64>>,
    /// Typical length of a step (default: the case's mean increment)
    #[arg(long, value_name = "DT")]
    pub step: Option<f64>,
    /// Seed of the paths
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Tolerance of the tangent, relative to the largest elastic modulus
    #[arg(long, value_name = "TOL", default_value_t = 1e-5)]
    pub tol: f64,
}

#[derive(Debug, Args)]
pub(super) struct Info {
    /// Snapshots, run, model, results, case or mesh
    pub file: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum PodMethodArg {
    /// Eigenvectors of the correlation matrix: down to a tolerance of 1e-7
    Gram,
    /// QR factorisation of the snapshots: down to rounding
    Tsqr,
}

#[derive(Debug, Args)]
pub(super) struct Pod {
    /// HDF5 file with a matrix of one snapshot per row, and optionally 'weights' of its columns
    #[arg(value_name = "FILE.h5")]
    pub file: PathBuf,
    /// Name of the matrix
    #[arg(long, value_name = "NAME", default_value = "snapshots")]
    pub dataset: String,
    /// Tolerance, relative to the largest singular value and to the energy
    #[arg(long, value_name = "TOL", default_value_t = 1e-6)]
    pub tol: f64,
    /// Method (default: gram, and tsqr below a tolerance of 1e-7)
    #[arg(long, value_enum)]
    pub method: Option<PodMethodArg>,
    /// At most this many modes
    #[arg(long, value_name = "N")]
    pub max_modes: Option<usize>,
    /// Memory of a rank's process; the file is read in blocks of rows where it would need more
    #[arg(long, value_name = "BYTES")]
    pub memory_limit: Option<Bytes>,
    /// File to write modes and singular values to
    #[arg(short, long, value_name = "OUT.h5")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Cubature {
    /// HDF5 file with 'integrands', or with 'strain_modes' and 'stresses'; and with 'weights'
    #[arg(value_name = "FILE.h5")]
    pub file: PathBuf,
    /// Tolerance of the integrals, relative to their norm
    #[arg(long, value_name = "TOL", default_value_t = 1e-5)]
    pub tol: f64,
    /// Look longer for fewer points
    #[arg(long)]
    pub exchange: bool,
    /// Cubature problem
    #[arg(long, value_enum, default_value = "global")]
    pub method: EcmMode,
    /// At most this many points
    #[arg(long, value_name = "N")]
    pub max_points: Option<usize>,
    /// Memory of a rank's process: a problem that needs more is refused before it is read
    #[arg(long, value_name = "BYTES")]
    pub memory_limit: Option<Bytes>,
    /// File to write points and weights to
    #[arg(short, long, value_name = "OUT.h5")]
    pub output: Option<PathBuf>,
}
