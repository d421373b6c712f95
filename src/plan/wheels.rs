//! The packages of a lock that a target needs, each with its wheel.

use std::collections::BTreeMap;

use pep508_rs::MarkerEnvironment;

use super::choose::{choose, nothing_fits};
use super::planner::Planner;
use super::target::Target;
use super::{Input, Origin, Package};
use crate::report::Problem;
use crate::spec::KeyPath;
use crate::spec::lock::{self, Lock, WheelOrigin};

/// The packages of the lock that the spec names at `path`. `prefix` begins the names of their inputs.
pub(super) fn packages(
    planner: &mut Planner<'_>,
    lock: &str,
    path: &KeyPath,
    target: &Target,
    prefix: &str,
) -> Vec<Package> {
    let lock = match planner.locks.get(lock) {
        Some(Ok(lock)) => lock,
        Some(Err(problems)) => {
            planner.problems.0.extend(problems.0.iter().cloned());
            return Vec::new();
        }
        None => {
            planner.problem(not_found(planner, lock, path, target));
            return Vec::new();
        }
    };
    let Some(environment) = target.environment() else {
        // Checked specs have a full Python version, which every environment takes.
        return Vec::new();
    };
    check_lock(planner, lock, target, &environment);
    let tags = target.tags();
    let mut chosen = BTreeMap::new();
    for package in &lock.packages {
        let marker = package.marker.as_ref();
        if !marker.is_none_or(|marker| marker.evaluate(&environment, &[])) {
            continue;
        }
        check_python(planner, package.requires_python.as_ref(), target);
        let input = format!("{prefix}-{}", package.name);
        let wheel = choose(package, &tags);
        let replaced = planner.replaced(&input, wheel.map_or(&package.at, |wheel| &wheel.at));
        let one = match (wheel, replaced) {
            (None, None) => {
                planner.problem(nothing_fits(package, target, &input));
                continue;
            }
            (Some(wheel), replaced) => Package {
                name: package.name.clone(),
                version: wheel.name.version.to_string(),
                file_name: wheel.name.to_string(),
                layer: None,
                wheel: replaced.unwrap_or_else(|| wheel_input(planner, input, wheel)),
            },
            (None, Some(wheel)) => Package {
                name: package.name.clone(),
                version: package
                    .version
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                file_name: String::new(),
                layer: None,
                wheel,
            },
        };
        if chosen.insert(one.name.clone(), one).is_some() {
            let message = format!("Two entries of `{}` are for {target}", package.name);
            let hint = "Lock again: their markers must exclude each other";
            planner.problem(Problem::new(Some(package.at.clone()), message).with_hint(hint));
        }
    }
    chosen.into_values().collect()
}

fn wheel_input(planner: &Planner<'_>, name: String, wheel: &lock::Wheel) -> Input {
    let file_name = wheel.name.as_str();
    let origin = planner
        .in_wheelhouse(file_name, wheel.sha256)
        .unwrap_or_else(|| match &wheel.origin {
            WheelOrigin::Url(url) => {
                planner.download(url.clone(), wheel.sha256, file_name.to_owned())
            }
            WheelOrigin::Path(path) => Origin::Path {
                path: path.clone(),
                sha256: Some(wheel.sha256),
            },
        });
    Input {
        name,
        origin,
        at: Some(wheel.at.clone()),
    }
}

/// Whether the lock as a whole is for the target.
fn check_lock(
    planner: &mut Planner<'_>,
    lock: &Lock,
    target: &Target,
    environment: &MarkerEnvironment,
) {
    check_python(planner, lock.requires_python.as_ref(), target);
    let fits = |(marker, _): &(pep508_rs::MarkerTree, _)| marker.evaluate(environment, &[]);
    if let Some((_, at)) = lock.environments.first()
        && !lock.environments.iter().any(fits)
    {
        let message = format!("The lock is not for {target}");
        let hint = "Lock again for all platforms, as `uv pip compile --universal` does";
        planner.problem(Problem::new(Some(at.clone()), message).with_hint(hint));
    }
}

fn check_python(
    planner: &mut Planner<'_>,
    requires: Option<&(pep440_rs::VersionSpecifiers, crate::report::Location)>,
    target: &Target,
) {
    if let Some((specifiers, at)) = requires
        && !specifiers.contains(&target.python)
    {
        let message = format!("Not for CPython {}: `{specifiers}`", target.python);
        let hint = "Lock again for `python.version` of the spec";
        planner.problem(Problem::new(Some(at.clone()), message).with_hint(hint));
    }
}

fn not_found(planner: &Planner<'_>, lock: &str, path: &KeyPath, target: &Target) -> Problem {
    let spec = planner.spec.text().file();
    let (major, minor) = target.feature();
    let message = format!("Lock `{lock}` was not found beside `{spec}`");
    let hint = format!(
        "Make it: `uv pip compile requirements.txt --universal --python-version {major}.{minor} --format pylock.toml > {lock}`"
    );
    Problem::new(Some(planner.spec.at(path)), message).with_hint(hint)
}
