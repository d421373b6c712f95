//! `krunner agent`: keeps a node's references deployed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use indicatif::HumanBytes;

use super::output::Output;
use super::store::StoreArgs;
use super::trust::Trusting;
use super::{ExitStatus, OutputFormat, Printer, config_file, exit, notify, source};
use crate::agent::{self, Config, Error, Event, Kind, Node, Sources, What};
use crate::artifact::BlobSource;
use crate::platform::Platform;
use crate::reference::Reference;
use crate::report::Problems;
use crate::trust::Pinned;

/// What the configuration is called where nobody names it.
const CONFIG: &str = "agent.toml";

/// Keep references deployed on this node, and hand their volumes to whoever mounts them
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Agent {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(Box<Run>),
    Check(Check),
    Openapi(Openapi),
}

impl Agent {
    /// Runs the verb.
    pub(super) fn run(self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        match self.verb {
            Verb::Run(verb) => verb.run(printer),
            Verb::Check(verb) => verb.run(printer),
            Verb::Openapi(verb) => Ok(verb.run(printer)),
        }
    }
}

/// Which configuration is meant.
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    /// The configuration [default: krunner/agent.toml in `$XDG_CONFIG_HOME`, else /etc/krunner/agent.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    /// Reads the configuration that is named, or the one that there is. None at all is fine where none is named.
    pub(super) fn read(&self) -> anyhow::Result<Option<Config>> {
        let (file, text) = match &self.config {
            Some(named) => (named.clone(), super::trust::text(named)?),
            None => match config_file::find(CONFIG)? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let full = std::path::absolute(&file)
            .with_context(|| format!("Cannot find `{}`", file.display()))?;
        let config = Config::parse(&text, &full, Platform::host());
        Ok(Some(config.map_err(|problems| said(problems, &file))?))
    }
}

/// The problems under the name by which the user knows the file.
fn said(mut problems: Problems, file: &Path) -> Problems {
    for at in problems
        .0
        .iter_mut()
        .filter_map(|problem| problem.at.as_mut())
    {
        at.file = file.display().to_string();
    }
    problems
}

/// Run the agent until SIGTERM or SIGINT
#[derive(Debug, Args)]
#[command(after_help = "\
What happens goes to standard error, or to standard output as JSON lines with `--output json`.

Examples:
  krunner agent run --config /etc/krunner/agent.toml
  krunner agent run --config agent.toml --store ./store --output json")]
struct Run {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    trusting: Trusting,
    #[command(flatten)]
    output: Output,
}

impl Run {
    fn run(self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let config = self.config.read()?.with_context(|| {
            format!("No configuration: neither `--config` nor /etc/krunner/{CONFIG}")
        })?;
        let store = self.store.or(config.store.as_deref()).init()?;
        let store = store.with_mode(config.mode);
        let sources = Box::new(Trusted(self.trusting));
        let node = Arc::new(Node::new(store, config, sources)?);
        let ready = || {
            printer.detail(format_args!("Keeps `{}`", node.store().root().display()));
            notify::ready();
        };
        std::thread::scope(|scope| {
            let teller = Arc::clone(&node);
            scope.spawn(move || tell(&teller, printer, self.output.format));
            let ended = agent::run(&node, ready);
            node.events().close();
            ended
        })?;
        Ok(ExitStatus::Done)
    }
}

/// Where the agent's artifacts come from: as for `krunner pull`.
struct Trusted(Trusting);

impl Sources for Trusted {
    fn with(
        &self,
        reference: &Reference,
        work: &mut dyn FnMut(&dyn BlobSource) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let failed = |error: anyhow::Error| Error::Source {
            kind: if exit::status(&error) == ExitStatus::Retry {
                Kind::Transient
            } else {
                Kind::Lasting
            },
            source: error.into(),
        };
        let source = source::open(reference).map_err(failed)?;
        let source = Pinned::new(&*source);
        self.0.check(&source, reference).map_err(failed)?;
        work(&source)
    }
}

/// Says what happens, until nothing does any more.
fn tell(node: &Node, printer: &Printer, format: OutputFormat) {
    let mut after = 0;
    while let Some(events) = node.events().wait(after) {
        source::warn(printer);
        for event in events {
            after = event.id;
            match format {
                // Texts and numbers always can be written.
                OutputFormat::Json => {
                    printer.data(serde_json::to_string(&event).unwrap_or_default());
                }
                OutputFormat::Text => say(printer, &event),
            }
        }
    }
}

fn say(printer: &Printer, event: &Event) {
    match &event.what {
        What::Started { version } => printer.info(format_args!("krunner agent {version}")),
        What::Deployed {
            reference,
            digest,
            fetched,
            ..
        } => {
            let size = HumanBytes(*fetched);
            printer.info(format_args!(
                "Deployed `{reference}`: {digest}, fetched {size}"
            ));
        }
        // It names its reference itself.
        What::Noted { message, .. } => printer.info(message),
        What::HeldBack { reference, digest } => printer.warning(format_args!(
            "`{reference}` names {digest}, which was rolled back from"
        )),
        What::Failed {
            reference,
            error,
            failures,
        } => {
            printer.warning(format_args!(
                "`{reference}` failed {failures} times in a row: {error}"
            ));
        }
        What::Collected {
            volumes,
            blobs,
            bytes,
        } => {
            let size = HumanBytes(*bytes);
            printer.info(format_args!(
                "Collected {volumes} volumes and {blobs} blobs: {size}"
            ));
        }
        What::Volume { name, manifest } => {
            printer.info(format_args!("Docker volume `{name}`: {manifest}"));
        }
        What::Leased { id, manifest } => {
            printer.info(format_args!(
                "Leased to `{}`: {manifest}",
                id.escape_debug()
            ));
        }
        What::Released { id } => {
            printer.info(format_args!("Released `{}`", id.escape_debug()));
        }
        What::Trouble { error } => printer.warning(error),
    }
}

/// Say everything that is wrong with a configuration
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner agent check --config agent.toml")]
struct Check {
    #[command(flatten)]
    config: ConfigArgs,
}

impl Check {
    fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let config = self.config.read()?.context("No configuration to check")?;
        printer.info(format_args!(
            "Follows {} references",
            config.references.len()
        ));
        Ok(ExitStatus::Done)
    }
}

/// Print the description of the agent's HTTP API, for programs
#[derive(Debug, Args)]
struct Openapi {}

impl Openapi {
    #[expect(clippy::unused_self, reason = "as every verb")]
    fn run(&self, printer: &Printer) -> ExitStatus {
        printer.data(agent::api::openapi());
        ExitStatus::Done
    }
}
