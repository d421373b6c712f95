//! Everything a developer of krunner does, in Rust instead of shell: `cargo xtask --help`.
//!
//! Each verb has its module. What they stand on is [`workbench`]: engines, a registry and real inputs,
//! made from the packages that the machine's own package managers reach.

mod bench;
mod build;
mod command;
mod console;
mod daemon;
mod demo;
mod frontend;
mod fuzz;
mod generated;
mod probe;
mod test;
mod tree;
mod workbench;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workbench::{Example, Kind};

/// Developer tasks of krunner.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The main job on real input: build for two platforms, publish, pull, run
    Demo {
        /// The engine: the machine's own where it has Docker with buildx, otherwise 26.1
        #[arg(long, value_enum)]
        engine: Option<Kind>,
        /// What is built
        #[arg(long, value_enum, default_value = "any")]
        example: Example,
        /// Leave the engine and the registry running
        #[arg(long)]
        keep: bool,
    },
    /// Everything that CI runs
    Test {
        /// Leave out what needs engines
        #[arg(long)]
        no_engines: bool,
    },
    /// Writes the files that are generated and checked in
    Gen {
        /// Change nothing; fail when one of them is old
        #[arg(long)]
        check: bool,
    },
    /// Tries every reader of outside bytes with bytes that nobody would write
    Fuzz {
        /// Which one; all of them without
        target: Option<String>,
        /// How long each
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Builds the frontend's static binary and says how large it is
    Dist,
    /// Measures
    Bench {
        #[command(subcommand)]
        what: bench::What,
    },
    /// Engines, a registry and inputs that stay
    Workbench {
        #[command(subcommand)]
        what: workbench::What,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().verb {
        Verb::Demo {
            engine,
            example,
            keep,
        } => demo::run(engine, example, keep),
        Verb::Test { no_engines } => test::run(!no_engines),
        Verb::Gen { check } => generated::run(check),
        Verb::Fuzz { target, seconds } => fuzz::run(target.as_deref(), seconds),
        Verb::Dist => frontend::run(),
        Verb::Bench { what } => bench::run(&what),
        Verb::Workbench { what } => workbench::run(&what),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::talk(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
