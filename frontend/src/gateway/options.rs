//! What the engine tells a frontend when it starts it: options, session and workers, all in the environment.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The options of one build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    values: BTreeMap<String, String>,
    /// The client's session, from which `local` sources come.
    pub session: String,
    /// The platforms of the first worker, the native one first, as `OS/ARCH[/VARIANT]`.
    pub worker_platforms: Vec<String>,
}

#[derive(Deserialize)]
struct Worker {
    #[serde(default)]
    platforms: Vec<WorkerPlatform>,
}

#[derive(Deserialize)]
struct WorkerPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: String,
}

impl Options {
    /// Reads the options out of environment variables.
    pub fn from_env(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut options = Self::default();
        for (name, value) in variables {
            if name.starts_with("BUILDKIT_FRONTEND_OPT_") {
                let (key, value) = value.split_once('=').unwrap_or((&value, ""));
                options.values.insert(key.to_owned(), value.to_owned());
            } else if name == "BUILDKIT_SESSION_ID" {
                options.session = value;
            } else if name == "BUILDKIT_WORKERS" {
                options.worker_platforms = worker_platforms(&value);
            }
        }
        options
    }

    /// The option `key`; an empty value counts as none.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.raw(key).filter(|value| !value.is_empty())
    }

    /// The option `key`, where an empty value says something too.
    pub fn raw(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// Everything after `prefix` in keys that start with it, with the values.
    pub fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value.as_str())))
    }
}

/// Broken JSON counts as no workers: then the platform that this binary was made for is taken.
fn worker_platforms(json: &str) -> Vec<String> {
    let workers: Vec<Worker> = serde_json::from_str(json).unwrap_or_default();
    let first = workers.into_iter().next();
    let platforms = first.into_iter().flat_map(|worker| worker.platforms);
    platforms
        .map(|platform| {
            let WorkerPlatform {
                os,
                architecture,
                variant,
            } = platform;
            if variant.is_empty() {
                format!("{os}/{architecture}")
            } else {
                format!("{os}/{architecture}/{variant}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(variables: &[(&str, &str)]) -> Options {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Options::from_env(variables.iter().map(owned))
    }

    #[test]
    fn an_option_is_split_at_its_first_equals_sign() {
        let options = options(&[
            ("BUILDKIT_FRONTEND_OPT_3", "build-arg:A=b=c"),
            ("HOME", "/"),
        ]);
        assert_eq!(options.get("build-arg:A"), Some("b=c"));
        assert_eq!(
            options.with_prefix("build-arg:").collect::<Vec<_>>(),
            [("A", "b=c")]
        );
    }

    #[test]
    fn an_empty_value_says_something_only_where_it_is_asked_for() {
        let options = options(&[("BUILDKIT_FRONTEND_OPT_0", "no-cache=")]);
        assert_eq!(options.get("no-cache"), None);
        assert_eq!(options.raw("no-cache"), Some(""));
    }

    #[test]
    fn the_first_worker_gives_the_platforms() {
        let json = r#"[{"id":"a","platforms":[{"architecture":"amd64","os":"linux"},
            {"architecture":"arm","os":"linux","variant":"v7"}]},{"id":"b"}]"#;
        let options = options(&[("BUILDKIT_WORKERS", json)]);
        assert_eq!(options.worker_platforms, ["linux/amd64", "linux/arm/v7"]);
        assert!(worker_platforms("nonsense").is_empty());
    }
}
