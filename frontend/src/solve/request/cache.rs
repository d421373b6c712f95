//! Caches: where the engine looks for results.

use std::collections::BTreeMap;

use krunner::report::Problem;
use serde::Deserialize;

use crate::gateway::{Options, proto};

/// One place, as Go writes it.
#[derive(Deserialize)]
struct Import {
    #[serde(alias = "Type")]
    r#type: String,
    #[serde(alias = "Attrs", default)]
    attrs: Option<BTreeMap<String, String>>,
}

/// Where the engine looks for cached results. It does not apply these by itself to what a frontend builds.
pub(in crate::solve) fn imports(
    options: &Options,
) -> Result<Vec<proto::CacheOptionsEntry>, Problem> {
    let mut entries = Vec::new();
    if let Some(json) = options.get("cache-imports") {
        // Not quoted: attributes may be credentials.
        let imports: Vec<Import> = serde_json::from_str(json).map_err(|_| {
            let hint = "It is a list of `{\"Type\": …, \"Attrs\": {…}}`";
            Problem::new(None, "The option `cache-imports` cannot be read").with_hint(hint)
        })?;
        entries.extend(imports.into_iter().map(|import| proto::CacheOptionsEntry {
            r#type: import.r#type,
            attrs: import.attrs.unwrap_or_default().into_iter().collect(),
        }));
    }
    // What clients sent before there were other places than registries; some still send both.
    let references = options.get("cache-from").unwrap_or_default();
    for reference in references.split(',').filter(|name| !name.is_empty()) {
        let entry = proto::CacheOptionsEntry {
            r#type: "registry".to_owned(),
            attrs: [("ref".to_owned(), reference.to_owned())].into(),
        };
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(options: &[(&str, &str)]) -> Result<Vec<(String, Vec<String>)>, Problem> {
        let variables = options.iter().enumerate().map(|(index, (key, value))| {
            let name = format!("BUILDKIT_FRONTEND_OPT_{index}");
            (name, format!("{key}={value}"))
        });
        let entries = super::imports(&Options::from_env(variables))?;
        Ok(entries
            .into_iter()
            .map(|entry| (entry.r#type, entry.attrs.into_values().collect()))
            .collect())
    }

    #[test]
    fn both_forms_are_taken_and_each_place_once() {
        let json = r#"[{"Type":"registry","Attrs":{"ref":"a"}},{"Type":"gha","Attrs":null}]"#;
        let found = imports(&[("cache-imports", json), ("cache-from", "a,b")]).unwrap();
        let registry = |name: &str| ("registry".to_owned(), vec![name.to_owned()]);
        assert_eq!(
            found,
            [registry("a"), ("gha".to_owned(), vec![]), registry("b")]
        );
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        let problem = imports(&[("cache-imports", "{")]).unwrap_err();
        assert!(problem.message.contains("`cache-imports`"));
    }
}
