//! Commands that read, compare, cut and write files.

use crate::formats::calculix::frd::Encoding;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// Results: a Z-set .ut, a CalculiX .frd, an .inp of one of them whose results lie beside it under the same name, or an
    /// Ansys .rst (file0.rst of a distributed run)
    pub results: PathBuf,
    /// Case with materials, loads and temperature, kept with the snapshots
    #[arg(short, long)]
    pub case: Option<PathBuf>,
    /// Snapshot store to write
    #[arg(short, long, value_name = "SNAP.h5")]
    pub output: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum NormArg {
    /// Relative L2 error
    L2,
    /// Relative maximum error
    Max,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Compare {
    /// Run or snapshot store
    pub run: PathBuf,
    /// What it is measured against: one of our files, a Z-set .ut, an Ansys .rst or a CalculiX .frd
    pub reference: PathBuf,
    /// Quantities, for instance U,p,sig,sig11 (default: all that both hold)
    #[arg(long, visible_alias = "quantities", value_delimiter = ',', value_name = "NAMES")]
    pub quantity: Vec<String>,
    /// Norm that --tol applies to
    #[arg(long, value_enum, default_value = "l2")]
    pub norm: NormArg,
    /// Exit with code 4 where an error exceeds this
    #[arg(long, value_name = "TOL")]
    pub tol: Option<f64>,
    /// First time compared
    #[arg(long, value_name = "T")]
    pub from: Option<f64>,
    /// Last time compared
    #[arg(long, value_name = "T")]
    pub to: Option<f64>,
    /// Print every time, not only the worst
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Partition {
    /// Mesh file
    pub mesh: PathBuf,
    /// Number of subdomains
    #[arg(value_name = "N")]
    pub parts: usize,
    /// File to write: a mesh in parts, to be named by a case as its mesh (default: MESH-N.h5)
    #[arg(short, long)]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum ExportFormat {
    /// Z-set: .geof, .ut, .node, .integ, .ctnod
    Zset,
    /// CalculiX: .frd
    Calculix,
    /// VTKHDF with values at nodes and elements
    Vtkhdf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// Run or snapshot store
    pub run: PathBuf,
    /// Format
    #[arg(long, value_enum, default_value = "zset")]
    pub format: ExportFormat,
    /// Numbers of an .frd file: text of six digits, which every program reads, or binary of 4 or 8 bytes
    #[arg(long, value_parser = encodings(), default_value = "text")]
    pub encoding: Encoding,
    /// Name of the first file; the others lie beside it (for Z-set: NAME.ut)
    #[arg(short, long)]
    pub output: PathBuf,
}

fn encodings() -> impl TypedValueParser<Value = Encoding> {
    PossibleValuesParser::new(["text", "single", "double"]).map(|name| match name.as_str() {
        "single" => Encoding::Single,
        "double" => Encoding::Double,
        _ => Encoding::Long,
    })
}
