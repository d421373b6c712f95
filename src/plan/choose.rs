//! The wheel of a package that fits a target best.

use super::tags::Tags;
use super::target::Target;
use crate::report::Problem;
use crate::spec::lock::{Package, Unusable, Wheel};

/// More offers than this help nobody choose.
const MAX_OFFERS: usize = 8;

/// The wheel of `package` that fits best: by tags, then the highest build number, then the first of the file.
pub(super) fn choose<'l>(package: &'l Package, tags: &Tags) -> Option<&'l Wheel> {
    let mut best: Option<(usize, &Wheel)> = None;
    for wheel in &package.wheels {
        let Some(rank) = tags.rank(&wheel.name) else {
            continue;
        };
        let better = best.is_none_or(|(best_rank, best)| {
            rank < best_rank || (rank == best_rank && wheel.name.build > best.name.build)
        });
        if better {
            best = Some((rank, wheel));
        }
    }
    best.map(|(_, wheel)| wheel)
}

/// That no wheel fits, and what there is instead.
pub(super) fn nothing_fits(package: &Package, target: &Target, input: &str) -> Problem {
    let version = package.version.as_ref();
    let version = version
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    let message = format!("No wheel of `{}`{version} fits {target}", package.name);
    let hint = format!(
        "{}; lock a version that fits, or give a folder with a wheel: `--build-context {input}=FOLDER`",
        offers(package)
    );
    Problem::new(Some(package.at.clone()), message).with_hint(hint)
}

fn offers(package: &Package) -> String {
    if package.wheels.is_empty() {
        let what = match package.unusable {
            Some(Unusable::Sdist) => "a source archive (`sdist`)",
            Some(Unusable::Vcs) => "a repository (`vcs`)",
            Some(Unusable::Directory) => "a folder (`directory`)",
            Some(Unusable::Archive) => "an archive (`archive`)",
            None => "nothing",
        };
        return format!("The lock offers {what} and no wheels");
    }
    // Those for other systems are never what was meant.
    let mut tags: Vec<_> = package
        .wheels
        .iter()
        .map(|wheel| wheel.name.tags())
        .collect();
    let near = |tags: &String| tags.contains("linux") || tags.ends_with("-any");
    if tags.iter().any(near) {
        tags.retain(near);
    }
    let shown: Vec<_> = tags
        .iter()
        .take(MAX_OFFERS)
        .map(|tags| format!("`{tags}`"))
        .collect();
    let shown = shown.join(", ");
    match tags.len().saturating_sub(MAX_OFFERS) {
        0 => format!("The lock offers {shown}"),
        more => format!("The lock offers {shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests;
