//! The policy: from where a node takes artifacts, and whose signatures it wants on them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Error;

/// What is demanded of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nothing.
    Nothing,
    /// A signature with one of these keys, which are files.
    Signed(Vec<PathBuf>),
    /// It is not taken.
    Refused,
}

/// How far a place is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Trust {
    All,
    Signed,
    None,
}

/// `policy.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What no rule is about.
    default: Trust,
    #[serde(default)]
    rule: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// A registry, a part of its names, or a whole name; for layouts `oci:/DIR`.
    name: String,
    trust: Trust,
    #[serde(default)]
    keys: Vec<PathBuf>,
}

impl Policy {
    /// Reads a policy; `file` is its place, beside which its keys are.
    pub fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        let mut policy: Self = toml::from_str(text).map_err(|source| Error::Policy {
            name: file.display().to_string(),
            source,
        })?;
        if policy.default == Trust::Signed {
            return Err(Error::Rule("default".to_owned()));
        }
        let folder = file.parent().unwrap_or(Path::new("."));
        for rule in &mut policy.rule {
            if (rule.trust == Trust::Signed) == rule.keys.is_empty() {
                return Err(Error::Rule(rule.name.clone()));
            }
            for key in &mut rule.keys {
                *key = folder.join(&key);
            }
        }
        Ok(policy)
    }

    /// What is demanded of an artifact, by the longest rule that its name (without tag and digest) begins with.
    pub fn demand(&self, name: &str) -> Demand {
        let rule = self
            .rule
            .iter()
            .filter(|rule| {
                let rule = rule.name.trim_end_matches('/');
                name.strip_prefix(rule)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
            .max_by_key(|rule| rule.name.trim_end_matches('/').len());
        match rule.map_or(self.default, |rule| rule.trust) {
            Trust::All => Demand::Nothing,
            Trust::None => Demand::Refused,
            Trust::Signed => Demand::Signed(rule.map(|rule| rule.keys.clone()).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        default = "none"
        [[rule]]
        name = "registry.example.com"
        trust = "all"
        [[rule]]
        name = "registry.example.com/team/"
        trust = "signed"
        keys = ["team.pub", "/etc/other.pub"]
    "#;

    #[test]
    fn the_longest_rule_counts_and_only_whole_names_match() {
        let policy = Policy::parse(POLICY, Path::new("/etc/krunner/policy.toml")).unwrap();
        let keys = vec!["/etc/krunner/team.pub".into(), "/etc/other.pub".into()];
        for (name, demand) in [
            ("registry.example.com/krunner", Demand::Nothing),
            (
                "registry.example.com/team/krunner",
                Demand::Signed(keys.clone()),
            ),
            ("registry.example.com/team", Demand::Signed(keys)),
            ("registry.example.com/teams/krunner", Demand::Nothing),
            ("registry.example.com.evil.example/krunner", Demand::Refused),
            ("oci:/srv/volume", Demand::Refused),
        ] {
            assert_eq!(policy.demand(name), demand, "{name}");
        }
    }

    #[test]
    fn a_rule_that_would_demand_nothing_by_mistake_is_refused() {
        for text in [
            "default = \"signed\"",
            "default = \"all\"\n[[rule]]\nname = \"a.example\"\ntrust = \"signed\"",
            "default = \"all\"\n[[rule]]\nname = \"a.example\"\ntrust = \"all\"\nkeys = [\"a.pub\"]",
            "default = \"all\"\n[[rule]]\nname = \"a.example\"\ntrust = \"signed\"\nkey = [\"a.pub\"]",
            "rule = []",
        ] {
            assert!(
                Policy::parse(text, Path::new("policy.toml")).is_err(),
                "{text}"
            );
        }
    }
}
