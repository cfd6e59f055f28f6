//! The `ferrom` program: parse, dispatch, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ferrom::cli::main()
}
