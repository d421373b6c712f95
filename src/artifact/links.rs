//! Symbolic links that stay inside the volume.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::tarball::{Refused, show};

/// As many links as Linux follows for one path.
const MAX_FOLLOWED: usize = 40;

/// Checks that no link of a volume leads out of it, also by way of other links: `a -> .` makes `a/..` the folder
/// above the volume, which a look at the text alone does not show. Takes paths with their targets, and names the first
/// that does.
pub fn check<'a>(
    links: impl Iterator<Item = (&'a PathBuf, &'a PathBuf)> + Clone,
) -> Result<(), Refused> {
    // By their bytes, which cost less to compare than their parts.
    let by_path = links
        .clone()
        .map(|(path, target)| (path.as_os_str(), target.as_path()))
        .collect();
    for (path, target) in links {
        if !stays_inside(path, target, &by_path) {
            let [path, target] = [path, target].map(|path| show(path.as_os_str().as_bytes()));
            let shown = format!("{path} -> {target}");
            return Err(Refused::Link(shown, "a target outside the volume"));
        }
    }
    Ok(())
}

fn stays_inside(path: &Path, target: &Path, links: &HashMap<&OsStr, &Path>) -> bool {
    let mut at = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut left: VecDeque<Option<&OsStr>> = match steps(target) {
        Some(steps) => steps.into(),
        None => return false,
    };
    let mut followed = 0;
    while let Some(step) = left.pop_front() {
        let Some(name) = step else {
            if !at.pop() {
                return false;
            }
            continue;
        };
        at.push(name);
        if let Some(next) = links.get(at.as_os_str()) {
            followed += 1;
            let Some(steps) = steps(next).filter(|_| followed <= MAX_FOLLOWED) else {
                return false;
            };
            at.pop();
            for step in steps.into_iter().rev() {
                left.push_front(step);
            }
        }
    }
    true
}

/// The names in a target, `None` for each step up; nothing for an absolute one.
fn steps(target: &Path) -> Option<Vec<Option<&OsStr>>> {
    let mut steps = Vec::new();
    for component in target.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => steps.push(None),
            Component::Normal(name) => steps.push(Some(name)),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(links: &[(&str, &str)]) -> bool {
        let links: Vec<(PathBuf, PathBuf)> = links
            .iter()
            .map(|(path, target)| (path.into(), target.into()))
            .collect();
        check(links.iter().map(|(path, target)| (path, target))).is_ok()
    }

    #[test]
    fn links_inside_the_volume_are_fine_even_when_they_dangle() {
        assert!(verdict(&[
            ("bin/python", "python3.13"),
            ("lib/a", "../share/./a"),
            ("x", ".")
        ]));
    }

    #[test]
    fn links_out_of_the_volume_are_refused_however_they_get_there() {
        for links in [
            &[("a", "/etc")][..],
            &[("a", "..")],
            &[("d/a", "../..")],
            &[("a", "."), ("b", "a/..")],
            &[("s", "d/e"), ("t", "s/../../..")],
            &[("a", "b"), ("b", "a")],
        ] {
            assert!(!verdict(links), "{links:?}");
        }
    }
}
