//! The BuildKit frontend, and the tool that runs inside its steps.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use krunner_frontend::tool;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let result = match arguments.as_slice() {
        [verb, step] if verb == "tool" => tool::run(Path::new(step)),
        _ => return ExitCode::from(2),
    };
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    // Nothing can be done about a standard error that is closed.
    let _ = writeln!(std::io::stderr(), "{error}");
    ExitCode::FAILURE
}
