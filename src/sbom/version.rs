//! Versions in the names of source archives: `libuv1_1.50.0.orig.tar.gz`, `v1.7.7.tar.gz`, `zlib-1.3.1.tar.xz`.

/// Endings that are no part of a version.
const ENDINGS: [&str; 8] = [
    ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tgz", ".txz", ".zip", ".tar",
];

/// The version in the name of an archive's file; none if nothing in it looks like one.
pub(super) fn of_file(file: &str) -> Option<String> {
    let stem = ENDINGS.iter().find_map(|end| file.strip_suffix(end))?;
    let stem = stem.strip_suffix(".orig").unwrap_or(stem);
    // Debian's names have the version behind `_`, all others behind the last `-` with a digit.
    let version = match stem.split_once('_') {
        Some((_, version)) => version,
        None => stem
            .rsplit('-')
            .find(|part| looks_like_one(part.trim_start_matches('v')))?,
    };
    let version = version.trim_start_matches('v');
    looks_like_one(version).then(|| version.to_owned())
}

fn looks_like_one(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_names_as_projects_and_debian_write_them() {
        for (file, version) in [
            ("libuv1_1.50.0.orig.tar.gz", Some("1.50.0")),
            ("json-c_0.18+ds.orig.tar.xz", Some("0.18+ds")),
            (
                "zlib_1.3.dfsg+really1.3.1.orig.tar.gz",
                Some("1.3.dfsg+really1.3.1"),
            ),
            ("zlib-1.3.1.tar.xz", Some("1.3.1")),
            ("v1.7.7.tar.gz", Some("1.7.7")),
            ("json-c-0.18-nodoc.tar.gz", Some("0.18")),
            ("sources.tar.gz", None),
            ("abc-1.tar.gz", None),
            ("libuv-1.50.0.rpm", None),
        ] {
            assert_eq!(of_file(file).as_deref(), version, "{file}");
        }
    }
}
