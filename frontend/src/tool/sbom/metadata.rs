//! The `METADATA` of an installed package.

use krunner::sbom::Installed;

use super::super::wheel::{Headers, normal_name};

/// What it says; none if it does not say which package it is of.
pub(super) fn installed(layer: &str, text: &str) -> Option<Installed> {
    let headers = Headers::parse(text);
    let text = |name| headers.first(name).map(str::to_owned);
    // `License: UNKNOWN` is what old tools wrote for nothing.
    let said = |name| text(name).filter(|value: &String| value != "UNKNOWN");
    let name = normal_name(headers.first("Name")?);
    if name.is_empty() {
        return None;
    }
    Some(Installed {
        layer: layer.to_owned(),
        name,
        version: text("Version")?,
        expression: said("License-Expression"),
        licence: said("License"),
        classifiers: headers
            .all("Classifier")
            .filter(|value| value.starts_with("License ::") && *value != "License :: OSI Approved")
            .map(str::to_owned)
            .collect(),
        requires: headers.all("Requires-Dist").map(str::to_owned).collect(),
        summary: said("Summary").map(|text| one_line(&text)),
        home: said("Home-page")
            .or_else(|| project(&headers))
            .filter(|url| is_url(url)),
    })
}

/// The address that a package's projects name first of those that mean its home.
fn project(headers: &Headers) -> Option<String> {
    let homes = ["homepage", "home", "source", "source code", "repository"];
    let urls = || {
        let pairs = headers.all("Project-URL");
        pairs.filter_map(|value| value.split_once(','))
    };
    let find = |home: &&str| {
        let mut urls = urls();
        urls.find(|(label, _)| label.trim().eq_ignore_ascii_case(home))
    };
    let (_, url) = homes.iter().find_map(find)?;
    Some(url.trim().to_owned())
}

fn is_url(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://"))
        && text.chars().all(|c| c.is_ascii_graphic())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_bill_of_materials_needs_is_read() {
        let text = "Metadata-Version: 2.4\nName: Jupyter_Client\nVersion: 8.6.3\nSummary: Protocol\n  and client\n\
            License: UNKNOWN\nLicense-Expression: BSD-3-Clause\nClassifier: License :: OSI Approved :: BSD License\n\
            Classifier: Topic :: X\nProject-URL: Docs, https://d.example\nProject-URL: Homepage, https://a.example\n\
            Requires-Dist: pyzmq>=23\n\nLicense: MIT\n";
        let installed = installed("wheels-a", text).unwrap();
        assert_eq!(installed.name, "jupyter-client");
        assert_eq!(installed.expression.as_deref(), Some("BSD-3-Clause"));
        assert_eq!(installed.licence, None);
        assert_eq!(installed.classifiers.len(), 1);
        assert_eq!(installed.requires, ["pyzmq>=23"]);
        assert_eq!(installed.summary.as_deref(), Some("Protocol and client"));
        assert_eq!(installed.home.as_deref(), Some("https://a.example"));
    }

    #[test]
    fn metadata_of_no_package_is_none() {
        assert_eq!(installed("wheels-a", "Version: 1\n"), None);
        assert_eq!(installed("wheels-a", "Name: a\n"), None);
        assert_eq!(installed("wheels-a", "Name: -\nVersion: 1\n"), None);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(Name: a\nVersion: 1\n)?\\PC{0,80}") {
            installed("wheels-a", &text);
        }
    }
}
