//! The gates, one file each.

mod bytecode;
mod licence;
mod link;
mod load;
mod machine;
mod mode;
mod needed;
mod script;
mod search_path;
mod ttyd;
mod unread;
mod version;

use std::fmt::Write as _;

use super::closure::{self, Closure};
use super::python::Python;
use super::tree::Content;
use super::{Finding, Gate, Profile, Severity, Tree};
use crate::elf::Facts;

/// A gate.
type Check = fn(&Volume<'_>, &mut Report<'_>);

/// What every gate is given.
struct Volume<'a> {
    tree: &'a Tree,
    profile: &'a Profile,
    closure: Closure<'a>,
    python: Option<Python<'a>>,
}

/// Passes the volume through every gate.
pub(super) fn all(tree: &Tree, profile: &Profile) -> Vec<Finding> {
    let volume = Volume {
        tree,
        profile,
        closure: closure::of(tree, profile),
        python: Python::of(tree, &profile.prefix),
    };
    let gates: [(Gate, Check); 12] = [
        (Gate::Machine, machine::check),
        (Gate::Needed, needed::check),
        (Gate::Version, version::check),
        (Gate::SearchPath, search_path::check),
        (Gate::Load, load::check),
        (Gate::Link, link::check),
        (Gate::Script, script::check),
        (Gate::Mode, mode::check),
        (Gate::Licence, licence::check),
        (Gate::Bytecode, bytecode::check),
        (Gate::Unread, unread::check),
        (Gate::Ttyd, ttyd::check),
    ];
    let mut findings = Vec::new();
    for (gate, check) in gates {
        let mut report = Report {
            gate,
            findings: &mut findings,
        };
        check(&volume, &mut report);
    }
    findings
}

/// Where a gate says what it found.
struct Report<'a> {
    gate: Gate,
    findings: &'a mut Vec<Finding>,
}

impl Report<'_> {
    fn error(&mut self, file: &str, message: impl Into<String>, hint: &'static str) {
        self.add(Severity::Error, file, message, hint);
    }

    fn warning(&mut self, file: &str, message: impl Into<String>, hint: &'static str) {
        self.add(Severity::Warning, file, message, hint);
    }

    fn add(
        &mut self,
        severity: Severity,
        file: &str,
        message: impl Into<String>,
        hint: &'static str,
    ) {
        self.findings.push(Finding {
            gate: self.gate,
            file: file.to_owned(),
            severity,
            message: message.into(),
            hint,
        });
    }
}

impl<'a> Volume<'a> {
    /// The ELF files.
    fn elves(&self) -> impl Iterator<Item = (&'a str, &'a Facts)> {
        self.tree
            .files()
            .filter_map(|(name, _, content)| match content {
                Content::Elf(facts) => Some((name, &**facts)),
                _ => None,
            })
    }
}

/// Names in a message, quoted: the first few, and how many more there are.
fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 6;
    let names: Vec<_> = names.into_iter().collect();
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        // Writing to a string does not fail.
        let _ = write!(text, " and {} more", names.len() - SHOWN);
    }
    text
}
