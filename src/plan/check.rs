//! Planning without building: whether every platform of a spec can be planned.

use std::collections::BTreeMap;

use super::{Locks, Request, build};
use crate::platform::Platform;
use crate::report::Problems;
use crate::spec::{Arg, Spec};

/// Plans every platform, on every platform that the spec has a toolchain for. What the command line must give
/// counts as given: that it is missing is no fault of the spec.
pub fn check(spec: &Spec, locks: &Locks) -> Result<(), Problems> {
    let mut problems = Problems::default();
    for &platform in &spec.document().volume.platforms {
        for build_platform in build_platforms(spec) {
            let request = Request {
                platform,
                build_platform,
                args: stand_ins(spec),
                contexts: spec.contexts(),
            };
            if let Err(found) = build(spec, locks, &request) {
                problems.0.extend(found.0);
            }
        }
    }
    problems.into_result(())
}

fn build_platforms(spec: &Spec) -> Vec<Platform> {
    let ttyd = spec.document().ttyd.as_ref();
    let toolchain = ttyd.and_then(|ttyd| ttyd.toolchain.as_ref());
    let has = |platform: &Platform| {
        toolchain.is_some_and(|all| !all.archives(platform.architecture).is_empty())
    };
    let mut platforms = vec![Platform::AMD64, Platform::ARM64];
    if platforms.iter().any(has) {
        platforms.retain(has);
    }
    platforms
}

/// A value for every argument that has none.
fn stand_ins(spec: &Spec) -> BTreeMap<String, String> {
    let args = spec.document().args.iter();
    args.filter(|(_, arg): &(_, &Arg)| arg.default().is_none())
        .map(|(name, _)| (name.clone(), "https://argument.invalid".to_owned()))
        .collect()
}
