//! `krunner diff`: what a new version of an artifact changes, and what it costs a node.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;

use super::output::Output;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::artifact::{self, Change, Difference, LayerDifference, PlatformDifference};

/// As many files are listed for a platform; the rest is counted. JSON has them all.
const SHOWN_FILES: usize = 20;

/// Show which layers, packages and files differ between two artifacts, and how many bytes a node fetches
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner diff registry.example.com/krunner:14 registry.example.com/krunner:15
  krunner diff registry.example.com/krunner:15 oci:out --layers
  krunner diff oci:old oci:new --output json")]
pub(super) struct Diff {
    /// What a node has: REGISTRY/NAME[:TAG][@DIGEST], oci:DIR[:TAG] or oci-archive:FILE[:TAG]
    old: String,
    /// What it is to have: likewise
    new: String,
    /// Compare layers only, and fetch none
    #[arg(long)]
    layers: bool,
    #[command(flatten)]
    output: Output,
}

impl Diff {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let old = source::open(&self.old.parse()?)?;
        let new = source::open(&self.new.parse()?)?;
        let difference = artifact::difference(&*old, &*new, !self.layers, printer)?;
        match self.output.format {
            OutputFormat::Json => printer.json(&difference)?,
            OutputFormat::Text => printer.data(draw(&difference)),
        }
        Ok(ExitStatus::Done)
    }
}

fn draw(difference: &Difference) -> String {
    if difference.old == difference.new {
        return format!("The same artifact: {}\n", difference.new);
    }
    let mut text = format!("- {}\n+ {}\n", difference.old, difference.new);
    for platform in &difference.platforms {
        draw_platform(&mut text, platform);
    }
    text
}

/// Writing to a string does not fail, so the results below are not looked at.
fn draw_platform(text: &mut String, platform: &PlatformDifference) {
    let bytes = indicatif::HumanBytes;
    let _ = match platform.change {
        Change::Removed => writeln!(text, "\n- {}", platform.platform),
        Change::Same => writeln!(text, "\n  {}: the same", platform.platform),
        Change::Added => writeln!(
            text,
            "\n+ {}: a node fetches {}",
            platform.platform,
            bytes(platform.whole)
        ),
        Change::Changed => writeln!(
            text,
            "\n~ {}: a node fetches {} of {}",
            platform.platform,
            bytes(platform.fetched),
            bytes(platform.whole)
        ),
    };
    if platform.change != Change::Changed {
        return;
    }
    draw_pairs(text, "annotations", &platform.annotations);
    let _ = writeln!(text, "  layers");
    for layer in &platform.layers {
        draw_layer(text, layer);
    }
    draw_pairs(text, "packages", &platform.packages);
    if !platform.files.is_empty() {
        let _ = writeln!(text, "  files");
        for (path, change) in platform.files.iter().take(SHOWN_FILES) {
            let _ = writeln!(text, "    {} {}", sign(*change), plain(path));
        }
        let more = platform.files.len().saturating_sub(SHOWN_FILES);
        if more > 0 {
            let _ = writeln!(text, "    … and {more} more");
        }
    }
}

fn draw_layer(text: &mut String, layer: &LayerDifference) {
    let size = |size: Option<u64>| size.map(|size| indicatif::HumanBytes(size).to_string());
    let sizes = match (size(layer.old), size(layer.new)) {
        (Some(old), Some(new)) if layer.change == Change::Changed => format!("{old} → {new}"),
        (old, new) => new.or(old).unwrap_or_default(),
    };
    let _ = writeln!(
        text,
        "    {} {:<16} {sizes}",
        sign(layer.change),
        plain(&layer.name)
    );
}

type Pairs = BTreeMap<String, (Option<String>, Option<String>)>;

fn draw_pairs(text: &mut String, title: &str, pairs: &Pairs) {
    if pairs.is_empty() {
        return;
    }
    let _ = writeln!(text, "  {title}");
    for (key, pair) in pairs {
        let key = plain(key);
        let _ = match pair {
            (Some(old), Some(new)) => writeln!(text, "    ~ {key} {} → {}", plain(old), plain(new)),
            (None, Some(new)) => writeln!(text, "    + {key} {}", plain(new)),
            (Some(old), None) => writeln!(text, "    - {key} {}", plain(old)),
            (None, None) => Ok(()),
        };
    }
}

fn sign(change: Change) -> char {
    match change {
        Change::Added => '+',
        Change::Removed => '-',
        Change::Changed => '~',
        Change::Same => ' ',
    }
}

fn plain(text: &str) -> String {
    artifact::media::plain(text, 300)
}
