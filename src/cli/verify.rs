//! `krunner verify`: which rules of the artifact's format hold.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::output::Output;
use super::trust::signed;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::artifact::{self, Rule, Verdict};
use crate::trust::{self, Pinned};

/// Hold an artifact against every rule of its format, reading all of it
///
/// Exits with 1 if a rule is broken. The rules are those of docs/artifact.md.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner verify registry.example.com/krunner:15
  krunner verify registry.example.com/krunner:15 --verify-key cosign.pub
  krunner verify oci:published --output json")]
pub(super) struct Verify {
    /// The artifact: REGISTRY/NAME[:TAG][@DIGEST], oci:DIR[:TAG] or oci-archive:FILE[:TAG]
    reference: String,
    /// Also demand a signature with one of these keys (cosign.pub); may be repeated
    #[arg(long = "verify-key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// What `--output json` prints.
#[derive(Serialize)]
struct Report<'a> {
    reference: &'a str,
    holds: bool,
    #[serde(flatten)]
    verdict: &'a Verdict,
}

impl Verify {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let source = source::open(&self.reference.parse()?)?;
        let source = Pinned::new(&*source);
        let mut verdict = artifact::verify(&source, printer)?;
        if !self.keys.is_empty() {
            verdict.rules.push(self.signatures(&source)?);
        }
        match self.output.format {
            OutputFormat::Json => printer.json(&Report {
                reference: &self.reference,
                holds: verdict.holds(),
                verdict: &verdict,
            })?,
            OutputFormat::Text => printer.data(draw(&verdict)),
        }
        Ok(if verdict.holds() {
            ExitStatus::Done
        } else {
            ExitStatus::InputFailed
        })
    }
}

impl Verify {
    /// The rule that it is signed.
    fn signatures(&self, source: &Pinned<'_>) -> anyhow::Result<Rule> {
        let broken = match signed(source, &self.keys) {
            Ok(_) => Vec::new(),
            Err(error) => match error.downcast_ref::<trust::Error>() {
                Some(unsigned @ trust::Error::Unsigned { .. }) => vec![unsigned.to_string()],
                _ => return Err(error),
            },
        };
        Ok(Rule {
            name: "signatures",
            demands: "It is signed with one of the keys that were given",
            holds: broken.is_empty(),
            broken,
        })
    }
}

fn draw(verdict: &Verdict) -> String {
    let mut text = format!("{}\n", verdict.digest);
    for rule in &verdict.rules {
        let word = if rule.holds { "holds" } else { "broken" };
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {word:<6}  {:<11}  {}", rule.name, rule.demands);
        for broken in &rule.broken {
            let _ = writeln!(text, "          - {}", artifact::media::plain(broken, 500));
        }
    }
    let broken = verdict.rules.iter().filter(|rule| !rule.holds).count();
    let _ = match broken {
        0 => writeln!(text, "Every rule holds"),
        1 => writeln!(text, "1 rule is broken"),
        n => writeln!(text, "{n} rules are broken"),
    };
    text
}
