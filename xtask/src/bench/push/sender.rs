//! Who pushes a layout into a registry.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::Ground;
use crate::command::program;
use crate::console::Step;
use crate::tree::Tree;
use crate::workbench::{self, Debian};

/// One push.
pub(in crate::bench) struct Sent {
    /// From the start of the process to its end.
    pub(in crate::bench) milliseconds: f64,
    /// The most that it had in memory at a time.
    pub(in crate::bench) megabytes: f64,
}

/// A tool that pushes.
pub(super) struct Sender {
    pub(super) name: &'static str,
    program: PathBuf,
    /// Its arguments; `{from}` and `{to}` stand for the layout's folder and the reference.
    arguments: &'static [&'static str],
    store: Option<PathBuf>,
}

impl Sender {
    /// Ourselves, with a store.
    pub(super) fn krunner(ground: &Ground, store: &str) -> Self {
        Self {
            name: "krunner",
            program: ground.krunner.clone(),
            arguments: &["publish", "oci:{from}:15", "{to}"],
            store: Some(ground.home.join(store)),
        }
    }

    /// Pushes the layout to a reference.
    pub(super) fn send(&self, ground: &Ground, to: &str, step: &Step) -> Result<Sent> {
        let from = ground.layout.display().to_string();
        let fill = |word: &&str| word.replace("{from}", &from).replace("{to}", to);
        let mut command: Command = program(&self.program, self.arguments.iter().map(fill));
        if let Some(store) = &self.store {
            command.env("KRUNNER_STORE", store);
        }
        let sent = ground.timed(&command)?;
        step.at(&format!("{}: {:.0} ms", self.name, sent.milliseconds));
        Ok(sent)
    }
}

/// The others. Each is needed: the ratio is to the best of them.
pub(super) fn peers(debian: &Debian, tree: &Tree, step: &Step) -> Result<Vec<Sender>> {
    Ok(vec![
        Sender {
            name: "oras",
            program: workbench::client(debian, tree, step, "trixie", "oras")?,
            arguments: &[
                "cp",
                "--from-oci-layout",
                "{from}:15",
                "--to-plain-http",
                "{to}",
            ],
            store: None,
        },
        Sender {
            name: "crane",
            program: workbench::client(debian, tree, step, "sid", "crane")?,
            arguments: &["push", "--insecure", "{from}", "{to}"],
            store: None,
        },
        Sender {
            name: "skopeo",
            program: workbench::skopeo(debian, tree, step)?,
            arguments: &[
                "copy",
                "--all",
                "--dest-tls-verify=false",
                "oci:{from}:15",
                "docker://{to}",
            ],
            store: None,
        },
    ])
}
