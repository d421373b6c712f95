//! The BuildKit frontend, and the tool that runs inside its steps.
//!
//! ```text
//! krunner-frontend                  a build, started by the engine: gRPC on standard input and output
//! krunner-frontend tool STEP.json   one step, started inside a container
//! krunner-frontend verify TREE      checks the packages of a finished volume against their records
//! krunner-frontend --version
//! krunner-frontend --help
//! ```

use std::path::Path;
use std::process::ExitCode;

use krunner_frontend::{frontend, tool};

const HELP: &str = "\
The BuildKit frontend of krunner: BuildKit starts it for a spec whose first line is `# syntax=IMAGE`, and speaks
gRPC with it over standard input and output.

    docker buildx build -f krunner.toml .

Usage: krunner-frontend [COMMAND]

Commands:
  tool STEP.json  One step of a build, inside of its container
  verify TREE     Check the packages of a finished volume against their records
  --version       Print the version
  --help          Print this";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["--version"] => say(concat!("krunner-frontend ", env!("CARGO_PKG_VERSION"))),
        ["--help" | "-h"] => say(HELP),
        ["tool", step] => finish(tool::run(Path::new(step))),
        ["verify", tree] => verify(Path::new(tree)),
        ["tool", ..] => {
            complain(&"Give one step\n  hint: krunner-frontend tool STEP.json");
            ExitCode::from(2)
        }
        // Words after the image's name in `# syntax=` come in here; there are none that we know.
        _ => finish(frontend::run()),
    }
}

fn say(text: &str) -> ExitCode {
    #[expect(clippy::print_stdout, reason = "no engine listens in this mode")]
    {
        println!("{text}");
    }
    ExitCode::SUCCESS
}

/// Prints what is installed, one package a line, and complains about everything that is wrong.
fn verify(tree: &Path) -> ExitCode {
    let report = match tool::installed::check(tree) {
        Ok(report) => report,
        Err(error) => {
            complain(&format_args!("Cannot read `{}`: {error}", tree.display()));
            return ExitCode::from(2);
        }
    };
    for (package, version) in &report.packages {
        #[expect(clippy::print_stdout, reason = "no engine listens in this mode")]
        {
            println!("{package} {version}");
        }
    }
    for fault in &report.faults {
        complain(fault);
    }
    if report.faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn finish<E: std::error::Error>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the engine shows the standard error of steps"
)]
fn complain(message: &dyn std::fmt::Display) {
    eprintln!("{message}");
}
