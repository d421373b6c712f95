//! The command: one file for each verb, and what all verbs share.
//!
//! A verb parses its arguments, joins the parts below it, and hands what it found to the [`Printer`].
//! Nothing else in the crate prints, knows exit codes, or reads the environment.

mod agent;
mod audit;
mod certificates;
mod check;
mod completions;
mod compress;
mod config_file;
mod copy;
mod delivery;
mod diff;
mod excerpt;
mod exit;
mod fsck;
mod gc;
mod inspect;
mod lease;
mod notify;
mod output;
mod pack;
mod path;
mod plan;
mod printer;
mod progress;
mod publish;
mod pull;
mod rollback;
mod settings;
mod sign;
mod source;
mod spec_file;
mod status;
mod store;
mod tag;
mod target;
mod trust;
mod verify;
mod volume;
mod volumes;

use std::ffi::OsString;

use clap::{ArgAction, CommandFactory as _, Parser, Subcommand};

pub use exit::ExitStatus;
pub use output::OutputFormat;
pub use printer::Printer;

/// Build, publish, deploy and run the runtime volume that is mounted into other people's container images.
#[derive(Debug, Parser)]
#[command(
    name = "krunner",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 the input failed, 2 usage or our fault, 75 worth a retry."
)]
struct Cli {
    #[command(flatten)]
    talk: Talk,
    #[command(subcommand)]
    verb: Verb,
}

/// How much is said on standard error.
#[derive(Debug, clap::Args)]
struct Talk {
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more; twice for still more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

/// What can be done. Kept in the order in which people meet them: build, publish, deploy.
#[derive(Debug, Subcommand)]
enum Verb {
    Check(check::Check),
    Plan(plan::Plan),
    Publish(publish::Publish),
    Pack(pack::Pack),
    Copy(copy::Copy),
    Tag(tag::Tag),
    Inspect(inspect::Inspect),
    Diff(diff::Diff),
    Verify(verify::Verify),
    Sign(sign::Sign),
    Attest(sign::Attest),
    Pull(pull::Pull),
    Path(path::Path),
    Volumes(volumes::Volumes),
    Rollback(rollback::Rollback),
    Lease(lease::Lease),
    Release(lease::Release),
    Gc(gc::Gc),
    Fsck(fsck::Fsck),
    Agent(agent::Agent),
    Status(status::Status),
    Audit(audit::Audit),
    Completions(completions::Completions),
    Man(completions::Man),
}

impl Verb {
    fn run(self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        match self {
            Self::Check(verb) => verb.run(printer),
            Self::Plan(verb) => verb.run(printer),
            Self::Publish(verb) => verb.run(printer),
            Self::Pack(verb) => verb.run(printer),
            Self::Copy(verb) => verb.run(printer),
            Self::Tag(verb) => verb.run(printer),
            Self::Inspect(verb) => verb.run(printer),
            Self::Diff(verb) => verb.run(printer),
            Self::Verify(verb) => verb.run(printer),
            Self::Sign(verb) => verb.run(printer),
            Self::Attest(verb) => verb.run(printer),
            Self::Pull(verb) => verb.run(printer),
            Self::Path(verb) => verb.run(printer),
            Self::Volumes(verb) => verb.run(printer),
            Self::Rollback(verb) => verb.run(printer),
            Self::Lease(verb) => verb.run(printer),
            Self::Release(verb) => verb.run(printer),
            Self::Gc(verb) => verb.run(printer),
            Self::Fsck(verb) => verb.run(printer),
            Self::Agent(verb) => verb.run(printer),
            Self::Status(verb) => verb.run(printer),
            Self::Audit(verb) => verb.run(printer),
            Self::Completions(verb) => Ok(verb.run(printer, Cli::command())),
            Self::Man(verb) => verb.run(printer, Cli::command()),
        }
    }
}

/// Runs the command with its arguments, the program's name first, and says how it ended.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let printer = Printer::new(cli.talk.quiet, cli.talk.verbose);
    let ended = cli.verb.run(&printer);
    source::warn(&printer);
    ended.unwrap_or_else(|error| {
        printer.error(&error, exit::hint(&error).as_deref());
        exit::status(&error)
    })
}
