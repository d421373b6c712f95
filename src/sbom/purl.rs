//! Package URLs: the names by which scanners and advisories know a component.

use std::fmt::Write as _;

use super::{Component, Kind};
use crate::digest::Digest;

/// The package URL of a component with its digest; none for what has no name outside of this volume.
pub(super) fn of(component: &Component, sha256: Option<Digest>) -> Option<String> {
    let version = component.version.as_deref();
    match component.kind {
        Kind::Wheel => Some(pypi(&component.name, version)),
        Kind::Debian => {
            let version = version.unwrap_or_default();
            let vendor = if version.contains("ubuntu") {
                "ubuntu"
            } else {
                "debian"
            };
            let name = encoded(&component.name);
            let architecture = component.architecture.as_deref().unwrap_or("all");
            let version = encoded(version);
            Some(format!(
                "pkg:deb/{vendor}/{name}@{version}?arch={architecture}"
            ))
        }
        Kind::Python | Kind::Source | Kind::Binary => {
            let mut purl = format!("pkg:generic/{}", encoded(&component.name));
            if let Some(version) = version {
                purl = format!("{purl}@{}", encoded(version));
            }
            let checksum = sha256.map(|digest| format!("checksum={digest}"));
            let url = component.url.as_deref();
            let url = url.map(|url| format!("download_url={}", encoded(url).replace("%2F", "/")));
            let qualifiers: Vec<String> = checksum.into_iter().chain(url).collect();
            if !qualifiers.is_empty() {
                purl = format!("{purl}?{}", qualifiers.join("&"));
            }
            Some(purl)
        }
        Kind::File => None,
    }
}

/// The package URL of a Python package; the name is normalised already.
pub(super) fn pypi(name: &str, version: Option<&str>) -> String {
    let name = encoded(name);
    match version {
        Some(version) => format!("pkg:pypi/{name}@{}", encoded(version)),
        None => format!("pkg:pypi/{name}"),
    }
}

/// Percent-encoded but for what the specification lets stand.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(kind: Kind, name: &str, version: &str) -> Component {
        Component {
            input: String::new(),
            kind,
            stage: String::new(),
            layer: None,
            name: name.to_owned(),
            version: Some(version.to_owned()),
            architecture: Some("amd64".to_owned()),
            file: None,
            url: None,
            sha256: None,
        }
    }

    #[test]
    fn each_kind_has_the_form_that_advisories_use() {
        let deb = component(Kind::Debian, "libstdc++6", "14.2.0-19+b1");
        assert_eq!(
            of(&deb, None).unwrap(),
            "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19%2Bb1?arch=amd64"
        );
        let wheel = component(Kind::Wheel, "jupyter-client", "8.6.3");
        assert_eq!(of(&wheel, None).unwrap(), "pkg:pypi/jupyter-client@8.6.3");
        assert_eq!(of(&component(Kind::File, "a", "1"), None), None);
    }

    #[test]
    fn what_no_registry_has_is_told_by_digest_and_address() {
        let mut source = component(Kind::Source, "libuv", "1.50.0");
        source.url = Some("https://a.example/x%2by.tar.gz?a=b&c".to_owned());
        let purl = of(&source, Some(Digest::of(b""))).unwrap();
        assert!(purl.starts_with("pkg:generic/libuv@1.50.0?checksum=sha256:e3b0"));
        assert!(purl.contains("&download_url=https://a.example/"), "{purl}");
        assert!(purl.ends_with("/x%252by.tar.gz%3Fa%3Db%26c"), "{purl}");
    }
}
