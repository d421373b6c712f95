//! `krunner pack`: plain folders become an artifact.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;

use super::delivery::Deliver;
use super::{ExitStatus, Printer};
use crate::artifact::{self, Pack as Packed, Stage};
use crate::env;
use crate::platform::Platform;

/// The times of files where nothing says otherwise: those of every volume whose spec does not.
const EPOCH: &str = "1704067200";

/// Pack plain folders into an artifact, one layer each
///
/// The same trees make the same bytes on every machine: entries are sorted, and owners, times and modes (0755 for folders
/// and programs, 0644 for all else) are those of volumes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner pack ./volume oci:out:15 --annotation ai.backend.krunner.version=15
  krunner pack python=./python wheels=./site 127.0.0.1:5000/krunner:15 --platform linux/arm64")]
pub(super) struct Pack {
    /// What to pack, lowest layer first; a layer is named after its folder, or as NAME=DIR says
    #[arg(required = true, value_name = "[NAME=]DIR")]
    folders: Vec<String>,
    /// Where to: REGISTRY/NAME[:TAG], oci:DIR[:TAG] or oci-archive:FILE[:TAG]
    #[arg(required = true)]
    destination: String,
    /// What it runs on [default: this machine's platform]
    #[arg(long)]
    platform: Option<Platform>,
    /// What the artifact says about itself, such as `ai.backend.krunner.version=15`; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    annotation: Vec<String>,
    /// The time of every file, in seconds since 1970
    #[arg(long, value_name = "SECONDS", env = env::SOURCE_DATE_EPOCH, default_value = EPOCH, hide_env_values = true)]
    epoch: u64,
    #[command(flatten)]
    deliver: Deliver,
}

impl Pack {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let delivery = self.deliver.to(&self.destination)?;
        let stages = self
            .folders
            .iter()
            .map(|text| stage(text))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let labels = self
            .annotation
            .iter()
            .map(|text| {
                text.split_once('=')
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .with_context(|| format!("An annotation is `KEY=VALUE`, and not `{text}`"))
            })
            .collect::<anyhow::Result<BTreeMap<_, _>>>()?;
        let platform = self.platform.unwrap_or_else(Platform::host);
        let packed = Packed::new(&stages, platform, labels, self.epoch, delivery.scratch())?;
        delivery.send(vec![packed.image()?], printer)
    }
}

/// `[NAME=]DIR`.
fn stage(text: &str) -> anyhow::Result<Stage> {
    let (name, dir) = match text.split_once('=') {
        Some((name, dir)) => (Some(name.to_owned()), PathBuf::from(dir)),
        None => (None, PathBuf::from(text)),
    };
    if !dir.is_dir() {
        bail!(artifact::Error::Missing {
            entry: dir.display().to_string(),
            place: "the folders to pack".to_owned(),
        });
    }
    let name = match name {
        Some(name) => name,
        None => std::path::absolute(&dir)
            .ok()
            .and_then(|dir| Some(dir.file_name()?.to_str()?.to_owned()))
            .unwrap_or_default(),
    };
    Ok(Stage { name, dir })
}
