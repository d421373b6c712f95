//! The names of Debian's package files: `NAME_VERSION_ARCHITECTURE.deb`.

/// What the name of a package's file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    /// Without the epoch, which names of files leave out.
    pub(super) version: String,
    pub(super) architecture: String,
}

impl Package {
    /// Reads the name of a file; none if it is called otherwise.
    pub(super) fn parse(file: &str) -> Option<Self> {
        let mut parts = file.strip_suffix(".deb")?.split('_');
        let (name, version, architecture) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = parts.next().is_none();
        let named = [name, version, architecture]
            .iter()
            .all(|part| !part.is_empty());
        (whole && named).then(|| Self {
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: architecture.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_has_three_parts() {
        let package = Package::parse("libstdc++6_14.2.0-19_amd64.deb").unwrap();
        assert_eq!(package.name, "libstdc++6");
        assert_eq!(package.version, "14.2.0-19");
        assert_eq!(package.architecture, "amd64");
        for file in [
            "libc6_amd64.deb",
            "a_1_amd64.tar",
            "a_1_b_c.deb",
            "_1_b.deb",
        ] {
            assert_eq!(Package::parse(file), None, "{file}");
        }
    }
}
