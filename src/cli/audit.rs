//! `krunner audit`: everything that is wrong with a volume, ours or anybody's.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Serialize;

use super::output::Output;
use super::store::StoreArgs;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::artifact::Manifest;
use crate::audit::{Finding, Libc, PREFIX, Profile, Severity, Tree};
use crate::labels::keys;
use crate::platform::Platform;
use crate::reference::Reference;

/// Say everything that is wrong with a volume: a folder, or what was pulled
///
/// Exits with 1 if there are errors. Warnings are what the volume's flavour may ask of an image, and asks.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner audit ./volume
  krunner audit ./volume --libc any --platform linux/arm64 --strict
  krunner audit registry.example.com/krunner:15 --output json")]
pub(super) struct Audit {
    /// A folder, or an artifact as it was pulled
    #[arg(value_name = "DIR|REF")]
    volume: String,
    /// For which images it must be: `any`, `gnu` or `musl` [default: as the artifact says, or as it looks]
    #[arg(long, value_parser = Profile::libc_named)]
    libc: Option<Libc>,
    /// For which platform it must be [default: as it looks; for an artifact this machine's]
    #[arg(long)]
    platform: Option<Platform>,
    /// Where containers mount it [default: as the artifact says, or /opt/backend.ai]
    #[arg(long, value_name = "PATH")]
    prefix: Option<String>,
    /// Exit with 1 for warnings too
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: Output,
}

/// What `--output json` prints.
#[derive(Serialize)]
struct Report<'a> {
    volume: &'a str,
    path: &'a Path,
    libc: String,
    platform: Platform,
    prefix: &'a str,
    entries: usize,
    errors: usize,
    warnings: usize,
    findings: &'a [Finding],
}

/// Where the volume is, and what is known of it beforehand.
struct Place {
    path: PathBuf,
    platform: Option<Platform>,
    manifest: Option<Manifest>,
}

impl Audit {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let place = self.place()?;
        let tree = Tree::read(&[&place.path])?;
        let profile = self.profile(&tree, &place)?;
        let findings = tree.audit(&profile);
        let count = |severity| {
            findings
                .iter()
                .filter(|found| found.severity == severity)
                .count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        let platform = Platform {
            architecture: profile.architecture,
        };
        match self.output.format {
            OutputFormat::Json => printer.json(&Report {
                volume: &self.volume,
                path: &place.path,
                libc: profile.libc.to_string(),
                platform,
                prefix: &profile.prefix,
                entries: tree.count(),
                errors,
                warnings,
                findings: &findings,
            })?,
            OutputFormat::Text => {
                printer.data(draw(&findings));
                let what = format!(
                    "`{}` for `{}` images on {platform}",
                    self.volume, profile.libc
                );
                if findings.is_empty() {
                    printer.info(format_args!("Nothing is wrong with {what}"));
                } else {
                    printer.info(format_args!(
                        "{what}: {}, {}",
                        counted(errors, "error"),
                        counted(warnings, "warning")
                    ));
                }
            }
        }
        let failed = errors > 0 || (self.strict && warnings > 0);
        Ok(if failed {
            ExitStatus::InputFailed
        } else {
            ExitStatus::Done
        })
    }

    /// The folder that was named, or that of the artifact that was.
    fn place(&self) -> anyhow::Result<Place> {
        let folder = Path::new(&self.volume);
        if folder.is_dir() {
            return Ok(Place {
                path: folder.to_owned(),
                platform: None,
                manifest: None,
            });
        }
        let reference: Reference = self
            .volume
            .parse()
            .with_context(|| "It is neither a folder nor an artifact's name")?;
        let platform = self.platform.unwrap_or_else(Platform::host);
        let store = self.store.open()?;
        let volume = store.volume_of(&source::canonical(&reference), platform)?;
        Ok(Place {
            manifest: store.manifest(&volume.ready.manifest),
            path: volume.path,
            platform: Some(volume.ready.platform),
        })
    }

    fn profile(&self, tree: &Tree, place: &Place) -> anyhow::Result<Profile> {
        let said = |key| {
            let manifest = place.manifest.as_ref();
            manifest.and_then(|manifest| manifest.annotations.get(key))
        };
        let prefix = self.prefix.as_ref().or_else(|| said(keys::PREFIX));
        let prefix = prefix.map_or(PREFIX, String::as_str);
        let seen = tree.detect(prefix);
        let libc = match (self.libc, said(keys::LIBC)) {
            (Some(libc), _) => libc,
            (None, Some(name)) => Profile::libc_named(name)?,
            (None, None) => seen.libc,
        };
        let platform = self.platform.or(place.platform);
        let Some(architecture) = platform
            .map(|platform| platform.architecture)
            .or(seen.architecture)
        else {
            bail!(
                "`{}` has no program that says for which machine it is: name it with `--platform`",
                self.volume
            );
        };
        Ok(Profile {
            prefix: prefix.to_owned(),
            ..Profile::new(libc, architecture)
        })
    }
}

/// The findings by gate, each hint once.
fn draw(findings: &[Finding]) -> String {
    let mut text = String::new();
    for group in findings.chunk_by(|one, next| one.gate == next.gate) {
        for (index, finding) in group.iter().enumerate() {
            if index == 0 {
                text.push_str(finding.gate.name());
                text.push('\n');
            }
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {:<8} {finding}", finding.severity);
        }
        let hints: BTreeSet<_> = group.iter().map(|finding| finding.hint).collect();
        for hint in hints {
            let _ = writeln!(text, "  hint: {hint}");
        }
    }
    text
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
