//! Remarks: what was left out and why, and what was changed.

use std::collections::BTreeMap;

use super::spdx::Annotation;
use super::{Facts, Installed, Parts};
use crate::date::rfc3339;

/// Makes remarks of one time and author.
#[derive(Debug)]
pub(super) struct Notes {
    date: String,
    tool: String,
}

impl Notes {
    pub(super) fn new(parts: &Parts, facts: &Facts) -> Self {
        Self {
            date: rfc3339(parts.volume.epoch),
            tool: format!("Tool: {}", facts.tool),
        }
    }

    /// The author as documents name it.
    pub(super) fn tool(&self) -> &str {
        &self.tool
    }

    /// The time as documents write it.
    pub(super) fn date(&self) -> &str {
        &self.date
    }

    /// One remark.
    pub(super) fn note(&self, comment: String) -> Annotation {
        Annotation {
            annotation_date: self.date.clone(),
            annotation_type: "OTHER".to_owned(),
            annotator: self.tool.clone(),
            comment,
        }
    }

    /// What the volume does without. The globs of one reason are one remark.
    pub(super) fn dropped(&self, parts: &Parts) -> Vec<Annotation> {
        let mut reasons: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for dropped in parts.dropped() {
            let preset = dropped.preset.as_deref().unwrap_or_default();
            let globs = reasons.entry((preset, &dropped.reason)).or_default();
            globs.push(&dropped.pattern);
        }
        let mut notes = Vec::new();
        for ((preset, reason), globs) in reasons {
            let globs = globs.join("`, `");
            let by = if preset.is_empty() {
                String::new()
            } else {
                format!(" (preset `{preset}`)")
            };
            notes.push(self.note(format!("Left out{by}: `{globs}`: {reason}")));
        }
        if !parts.slim.drop.is_empty() && !parts.slim.keep.is_empty() {
            let globs = parts.slim.keep.join("`, `");
            notes.push(self.note(format!("Kept all the same: `{globs}`")));
        }
        if parts.slim.strip_symbols {
            let text = "Symbols and debug information were taken out of programs and libraries";
            notes.push(self.note(text.to_owned()));
        }
        notes
    }

    /// What each tree holds.
    pub(super) fn trees(&self, facts: &Facts) -> Vec<Annotation> {
        let note = |(layer, tree): (&String, &super::Tree)| {
            let (files, bytes) = (tree.files, tree.bytes);
            self.note(format!("Layer `{layer}`: {files} files, {bytes} bytes"))
        };
        facts.trees.iter().map(note).collect()
    }

    /// Where a package lies.
    pub(super) fn place(&self, installed: &Installed) -> Annotation {
        self.note(format!("Lies in layer `{}`", installed.layer))
    }

    /// What was changed in the sources of a component.
    pub(super) fn patches(&self, facts: &Facts, component: &str) -> Vec<Annotation> {
        let patches = facts.patches.get(component).into_iter().flatten();
        patches
            .map(|patch| self.note(format!("Patched: {patch}")))
            .collect()
    }
}
