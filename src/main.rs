//! The `krunner` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    krunner::cli::run(std::env::args_os()).into()
}
