//! The end of the demo: what came out, and how long each step took.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Demo;
use crate::console::{Steps, print};
use crate::frontend::megabytes;

/// Prints both tables.
pub(super) fn print_all(steps: &Steps, demo: &Demo, digest: &str) -> Result<()> {
    let artifact = demo.inspect()?;
    print(&format!("\n{}  {digest}\n", demo.reference()));
    print("platform      layer              size  digest");
    for branch in artifact["manifests"].as_array().into_iter().flatten() {
        let platform = &branch["descriptor"]["platform"];
        let platform = format!(
            "{}/{}",
            text(&platform["os"]),
            text(&platform["architecture"])
        );
        let size = branch["descriptor"]["size"].as_u64().unwrap_or_default();
        print(&row(
            &platform,
            "manifest",
            size,
            text(&branch["descriptor"]["digest"]),
        ));
        for layer in branch["manifest"]["layers"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let title = text(&layer["annotations"]["org.opencontainers.image.title"]);
            print(&row(
                "",
                title,
                layer["size"].as_u64().unwrap_or_default(),
                text(&layer["digest"]),
            ));
        }
    }
    print(&format!(
        "in the store, both platforms: {:.1} MB on disk\n",
        megabytes(size(&demo.node())?)
    ));
    let total: f64 = steps
        .done()
        .iter()
        .map(|(_, took)| took.as_secs_f64())
        .sum();
    for (title, took) in steps.done() {
        print(&format!("{title:<30} {:>8.1} s", took.as_secs_f64()));
    }
    print(&format!("{:<30} {total:>8.1} s", "together"));
    Ok(())
}

fn row(platform: &str, layer: &str, size: u64, digest: &str) -> String {
    format!(
        "{platform:<13} {layer:<15} {:>6.2} MB  {digest}",
        megabytes(size)
    )
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)?.flatten() {
        let data = entry.metadata()?;
        sum += if data.is_dir() {
            size(&entry.path())?
        } else {
            data.len()
        };
    }
    Ok(sum)
}
