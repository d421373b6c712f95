//! What the command line asks for, out of the options that it became.

use std::collections::{BTreeMap, BTreeSet};

use krunner::platform::{Architecture, Platform};
use krunner::report::Problem;
use serde::Deserialize;

use crate::gateway::{Bridge, Error, Options, proto};
use crate::lower::{Contexts, NoCache, Target};

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// What is built.
    pub(super) target: Target,
    /// For what, each once.
    pub(super) platforms: Vec<Platform>,
    /// Where steps run: the engine's own platform.
    pub(super) build_platform: Platform,
    /// Whether the result is a map even with one platform.
    pub(super) map: bool,
    /// `--build-arg`.
    pub(super) args: BTreeMap<String, String>,
    /// `--label`.
    pub(super) labels: BTreeMap<String, String>,
    /// `--no-cache`.
    pub(super) no_cache: NoCache,
    /// Keeps cache mounts of several builds apart.
    pub(super) cache_namespace: Option<String>,
}

impl Request {
    pub(super) fn new(options: &Options) -> Result<Self, Problem> {
        let target = match options.get("target") {
            None => Target::default(),
            Some(name) => name.parse().map_err(|error: crate::lower::UnknownTarget| {
                problem(error.to_string(), error.hint())
            })?,
        };
        let build_platform = build_platform(options);
        let platforms = platforms(options, build_platform)?;
        let map = match multi_platform(options)? {
            Some(false) if platforms.len() > 1 => {
                return Err(problem(
                    format!(
                        "Conflicting options: {} platforms, and `multi-platform=false`",
                        platforms.len()
                    ),
                    "leave one of them out".to_owned(),
                ));
            }
            Some(map) => map,
            None => platforms.len() > 1,
        };
        Ok(Self {
            target,
            platforms,
            build_platform,
            map,
            args: owned(options.with_prefix("build-arg:")),
            labels: owned(options.with_prefix("label:")),
            no_cache: NoCache::parse(options.raw("no-cache")),
            cache_namespace: options
                .get("build-arg:BUILDKIT_CACHE_MOUNT_NS")
                .map(str::to_owned),
        })
    }
}

fn problem(message: String, hint: String) -> Problem {
    Problem {
        at: None,
        message,
        hint: Some(hint),
    }
}

fn owned<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// The worker's own platform, which it lists first; else the one that this binary was made for.
fn build_platform(options: &Options) -> Platform {
    let mut workers = options.worker_platforms.iter();
    let known = workers.find_map(|name| name.parse().ok());
    known.unwrap_or(Platform {
        architecture: if cfg!(target_arch = "aarch64") {
            Architecture::Arm64
        } else {
            Architecture::Amd64
        },
    })
}

/// The platforms in the order given, each once: two results of one name would overwrite each other.
fn platforms(options: &Options, native: Platform) -> Result<Vec<Platform>, Problem> {
    let Some(list) = options.get("platform") else {
        return Ok(vec![native]);
    };
    let mut platforms = Vec::new();
    for name in list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        let platform: Platform =
            name.parse()
                .map_err(|error: krunner::platform::UnknownPlatform| {
                    problem(
                        error.to_string(),
                        "give one of them with `--platform`".to_owned(),
                    )
                })?;
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    Ok(platforms)
}

fn multi_platform(options: &Options) -> Result<Option<bool>, Problem> {
    let keys = ["build-arg:BUILDKIT_MULTI_PLATFORM", "multi-platform"];
    let Some((key, value)) = keys.iter().find_map(|key| Some((key, options.get(key)?))) else {
        return Ok(None);
    };
    match value.to_lowercase().as_str() {
        "1" | "t" | "true" => Ok(Some(true)),
        "0" | "f" | "false" => Ok(Some(false)),
        _ => Err(problem(
            format!("Neither true nor false: `{value}`"),
            format!("the option is `{}`", key.trim_start_matches("build-arg:")),
        )),
    }
}

#[derive(Deserialize)]
struct CacheImport {
    #[serde(alias = "Type")]
    r#type: String,
    #[serde(alias = "Attrs", default)]
    attrs: BTreeMap<String, String>,
}

/// Where the engine looks for cached results. It does not apply these by itself to what a frontend builds.
pub(super) fn cache_imports(options: &Options) -> Vec<proto::CacheOptionsEntry> {
    let mut entries = Vec::new();
    if let Some(json) = options.get("cache-imports") {
        // Only the engine writes this; what it wrote wrong only costs the cache.
        let imports: Vec<CacheImport> = serde_json::from_str(json).unwrap_or_default();
        entries.extend(imports.into_iter().map(|import| proto::CacheOptionsEntry {
            r#type: import.r#type,
            attrs: import.attrs.into_iter().collect(),
        }));
    } else if let Some(references) = options.get("cache-from") {
        entries.extend(
            references
                .split(',')
                .map(|reference| proto::CacheOptionsEntry {
                    r#type: "registry".to_owned(),
                    attrs: [("ref".to_owned(), reference.to_owned())].into(),
                }),
        );
    }
    entries
}

/// The build contexts, with the graphs behind those of the form `input:NAME`.
pub(super) async fn contexts(bridge: &Bridge, options: &Options) -> Result<Contexts, Error> {
    let key = options.get("contextkey").unwrap_or("context");
    let main = match options.get(key) {
        Some(remote) => remote.to_owned(),
        None => format!("local:{key}"),
    };
    let named = owned(options.with_prefix("context:"));
    let values: BTreeSet<_> = named.values().chain([&main]).collect();
    let inputs = if values.iter().any(|value| value.starts_with("input:")) {
        bridge.inputs().await?
    } else {
        BTreeMap::new()
    };
    Ok(Contexts {
        main,
        named,
        inputs,
        session: options.session.clone(),
        local_sessions: owned(options.with_prefix("local-sessionid:")),
        resolve_mode: options.get("image-resolve-mode").map(str::to_owned),
    })
}
