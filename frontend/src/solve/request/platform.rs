//! Platforms: for which ones, on which one, and in what form they are returned.

use krunner::platform::{Platform, UnknownPlatform};
use krunner::report::Problem;

use super::value;
use crate::gateway::Options;

/// The worker's own platform, which it lists first; else the one that this binary was made for.
pub(in crate::solve) fn native(options: &Options) -> Platform {
    let mut workers = options.worker_platforms.iter();
    let known = workers.find_map(|name| name.parse().ok());
    known.unwrap_or_else(Platform::host)
}

/// The platforms in the order given, each once: two results of one name would overwrite each other.
pub(super) fn wanted(options: &Options, native: Platform) -> Result<Vec<Platform>, Problem> {
    let Some(list) = options.get("platform") else {
        return Ok(vec![native]);
    };
    let mut platforms = Vec::new();
    for name in list.split(',') {
        let platform = parse(name.trim())?;
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    Ok(platforms)
}

/// An architecture alone is one of Linux, as there is no other.
fn parse(name: &str) -> Result<Platform, Problem> {
    let lower = name.to_ascii_lowercase();
    let full = if lower.contains('/') {
        lower
    } else {
        format!("linux/{lower}")
    };
    full.parse().map_err(|_: UnknownPlatform| {
        let hint = "Give `linux/amd64`, `linux/arm64` or both with `--platform`";
        value::wrong("platform", name, hint)
    })
}

/// Whether the result is a map by platform.
pub(super) fn map(options: &Options, platforms: &[Platform]) -> Result<bool, Problem> {
    let keys = ["build-arg:BUILDKIT_MULTI_PLATFORM", "multi-platform"];
    let given = keys.iter().find_map(|key| Some((key, options.get(key)?)));
    let Some((key, text)) = given else {
        return Ok(platforms.len() > 1);
    };
    let map = value::boolean(key.trim_start_matches("build-arg:"), text)?;
    if !map && platforms.len() > 1 {
        let message = format!(
            "Conflicting options: {} platforms, and `multi-platform=false`",
            platforms.len()
        );
        return Err(Problem::new(None, message).with_hint("Leave one of them out"));
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(key: &str, value: &str) -> Options {
        let variable = (
            "BUILDKIT_FRONTEND_OPT_0".to_owned(),
            format!("{key}={value}"),
        );
        Options::from_env([variable])
    }

    #[test]
    fn a_platform_has_many_names_and_is_built_once() {
        let options = options(
            "platform",
            "linux/arm64/v8,arm64, Linux/AArch64,linux/amd64",
        );
        let platforms = wanted(&options, Platform::AMD64);
        assert_eq!(platforms, Ok(vec![Platform::ARM64, Platform::AMD64]));
    }

    #[test]
    fn what_is_no_platform_names_the_option() {
        for name in ["windows/amd64", "linux/arm/v7", "linux/amd64,"] {
            let problem = wanted(&options("platform", name), Platform::AMD64).unwrap_err();
            assert!(problem.message.contains("`platform`"), "{problem:?}");
        }
    }

    #[test]
    fn a_map_is_returned_for_several_platforms_or_on_request() {
        let both = [Platform::AMD64, Platform::ARM64];
        assert_eq!(map(&Options::default(), &both), Ok(true));
        assert_eq!(map(&Options::default(), &both[..1]), Ok(false));
        let forced = options("build-arg:BUILDKIT_MULTI_PLATFORM", "1");
        assert_eq!(map(&forced, &both[..1]), Ok(true));
        assert!(map(&options("multi-platform", "0"), &both).is_err());
    }
}
