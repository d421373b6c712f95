//! `krunner status`: how a node's agent stands.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::HumanBytes;

use super::agent::ConfigArgs;
use super::output::Output;
use super::{ExitStatus, OutputFormat, Printer};
use crate::agent::Client;
use crate::agent::api::{Following, Standing, Status as Document};

/// Where an agent listens unless it is told otherwise.
const SOCKET: &str = "/run/krunner/agent.sock";

/// Show what the node's agent keeps deployed, and what it is doing
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 all that is followed is there, 1 something is not, 75 nobody answers.

Examples:
  krunner status
  krunner status --output json | jq -r '.references[] | select(.state != \"deployed\") | .name'")]
pub(super) struct Status {
    /// The agent's socket [default: what the configuration names, else /run/krunner/agent.sock]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    output: Output,
}

impl Status {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let client = Client::new(&self.socket()?);
        let answer = client.get("/v1/status")?;
        if !answer.is_success() {
            let problem = answer.json();
            let detail = problem["detail"].as_str().unwrap_or("no reason given");
            bail!("The agent has no answer: {detail}");
        }
        let status: Document =
            serde_json::from_slice(&answer.body).context("Not an answer of a krunner agent")?;
        match self.output.format {
            OutputFormat::Json => printer.json(&status)?,
            OutputFormat::Text => printer.data(draw(&status)),
        }
        Ok(if status.ready {
            ExitStatus::Done
        } else {
            ExitStatus::InputFailed
        })
    }

    fn socket(&self) -> anyhow::Result<PathBuf> {
        if let Some(named) = &self.socket {
            return Ok(named.clone());
        }
        let config = self.config.read()?;
        let socket = config.and_then(|config| config.api);
        Ok(socket.unwrap_or_else(|| SOCKET.into()))
    }
}

fn draw(status: &Document) -> String {
    // Writing to a string does not fail.
    let mut text = String::new();
    let rows: Vec<[String; 4]> = status.references.iter().map(row).collect();
    let titles = ["NAME", "STATE", "DIGEST", "REFERENCE"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(titles).chain(rows).collect();
    let width = |column: usize| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    for [name, state, digest, reference] in &rows {
        let [first, second, third] = widths;
        let _ = writeln!(
            text,
            "{name:first$}  {state:second$}  {digest:third$}  {reference}"
        );
    }
    for one in &status.references {
        if let Some(message) = &one.message {
            let _ = writeln!(text, "{}: {message}", one.name);
        }
    }
    for piece in &status.work {
        let done = HumanBytes(piece.done);
        let percent = piece.done.saturating_mul(100).checked_div(piece.total);
        let _ = match percent {
            Some(percent) => writeln!(
                text,
                "pulling {}: {} {percent} % ({done} of {})",
                piece.reference,
                piece.what,
                HumanBytes(piece.total)
            ),
            None => writeln!(text, "pulling {}: {} {done}", piece.reference, piece.what),
        };
    }
    text
}

fn row(one: &Following) -> [String; 4] {
    let state = match one.state {
        Standing::Deployed => "deployed",
        Standing::Busy => "busy",
        Standing::Failing => "failing",
        Standing::HeldBack => "held back",
        Standing::Waiting => "waiting",
    };
    // As many digits as tell versions apart, with the algorithm before them.
    let digest = one.digest.as_deref().unwrap_or("-");
    let digest: String = digest.chars().take("sha256:".len() + 12).collect();
    [
        one.name.clone(),
        state.to_owned(),
        digest,
        one.reference.clone(),
    ]
}
