//! Where a path leads inside the volume, with links followed as a kernel follows them.

use super::{Entry, Kind, Tree, name};
use crate::audit::profile::below;

/// As many links as Linux follows.
const LINKS: usize = 40;
/// Longer than any path that a kernel takes.
const STEPS: usize = 4096;

/// Where a path leads.
#[derive(Clone, Debug)]
pub(in crate::audit) enum Found<'a> {
    /// To something in the volume: its own name, and itself.
    Inside(&'a str, &'a Entry),
    /// To nothing.
    Nowhere,
    /// Out of the volume.
    Outside,
    /// Round and round.
    Loop,
}

impl Tree {
    /// Where `path` leads, which is relative to the volume, or absolute in a container that has it at `prefix`.
    pub(in crate::audit) fn find(&self, path: &str, prefix: &str) -> Found<'_> {
        let Some(mut rest) = steps(path, prefix) else {
            return Found::Outside;
        };
        let mut at = String::new();
        let mut links = 0;
        while let Some(step) = rest.pop() {
            if step == ".." {
                if at.is_empty() {
                    return Found::Outside;
                }
                at.truncate(at.rfind('/').unwrap_or(0));
                continue;
            }
            let next = name::join(&at, &step);
            match self.get(&next).map(|entry| &entry.kind) {
                Some(Kind::Link(target)) => {
                    links += 1;
                    if links > LINKS || rest.len() > STEPS {
                        return Found::Loop;
                    }
                    if target.starts_with('/') {
                        at.clear();
                    }
                    let Some(more) = steps(target, prefix) else {
                        return Found::Outside;
                    };
                    rest.extend(more);
                }
                Some(Kind::Folder) => at = next,
                Some(_) if rest.is_empty() => at = next,
                Some(_) | None => return Found::Nowhere,
            }
        }
        self.entries
            .get_key_value(&at)
            .map_or(Found::Nowhere, |(name, entry)| Found::Inside(name, entry))
    }

    /// The file that `path` leads to.
    pub(in crate::audit) fn find_file(&self, path: &str, prefix: &str) -> Option<(&str, &Entry)> {
        match self.find(path, prefix) {
            Found::Inside(name, entry) if matches!(entry.kind, Kind::File(_)) => {
                Some((name, entry))
            }
            _ => None,
        }
    }
}

/// The steps of a path, the last one first; none if it leads out of the volume at once.
fn steps(path: &str, prefix: &str) -> Option<Vec<String>> {
    let inside = if path.starts_with('/') {
        below(prefix.trim_end_matches('/'), path)?
    } else {
        path
    };
    let steps = inside.split('/').filter(|step| !["", "."].contains(step));
    let mut steps: Vec<_> = steps.map(str::to_owned).collect();
    steps.reverse();
    Some(steps)
}
