//! Names of wheel files: `NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl`.

use std::fmt;
use std::str::FromStr;

use pep440_rs::Version;

use crate::spec::url::is_file_name;

/// What the name of a wheel file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelName {
    text: String,
    /// Normalised name of the package.
    pub package: String,
    /// Version of the package.
    pub version: Version,
    /// Build number and the letters behind it, which tell builds of one version apart.
    pub build: Option<(u64, String)>,
    /// Python tags, such as `cp313`.
    pub pythons: Vec<String>,
    /// ABI tags, such as `abi3`.
    pub abis: Vec<String>,
    /// Platform tags, such as `manylinux_2_17_x86_64`.
    pub platforms: Vec<String>,
}

impl WheelName {
    /// The file's name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The tags as the name has them, such as `cp313-cp313-manylinux2014_x86_64`.
    pub fn tags(&self) -> String {
        let [pythons, abis, platforms] =
            [&self.pythons, &self.abis, &self.platforms].map(|tags| tags.join("."));
        format!("{pythons}-{abis}-{platforms}")
    }
}

impl fmt::Display for WheelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A text that is no name of a wheel file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Not the name of a wheel: `{0}`")]
pub struct InvalidWheelName(String);

impl FromStr for WheelName {
    type Err = InvalidWheelName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| InvalidWheelName(text.chars().take(300).collect()))
    }
}

fn parse(text: &str) -> Option<WheelName> {
    if !is_file_name(text) || !text.is_ascii() {
        return None;
    }
    let parts: Vec<_> = text.strip_suffix(".whl")?.split('-').collect();
    let (package, version, build, tags) = match parts[..] {
        [package, version, python, abi, platform] => {
            (package, version, None, [python, abi, platform])
        }
        [package, version, build, python, abi, platform] => {
            let letters = build
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(build.len());
            let (number, letters) = build.split_at(letters);
            let build = (number.parse().ok()?, letters.to_owned());
            (package, version, Some(build), [python, abi, platform])
        }
        _ => return None,
    };
    let is_tag =
        |tag: &str| !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let [pythons, abis, platforms] = tags.map(|tags| {
        tags.split('.')
            .map(str::to_ascii_lowercase)
            .collect::<Vec<_>>()
    });
    if ![&pythons, &abis, &platforms]
        .into_iter()
        .flatten()
        .all(|tag| is_tag(tag))
    {
        return None;
    }
    Some(WheelName {
        text: text.to_owned(),
        package: normalize(package).filter(|_| !package.is_empty())?,
        version: Version::from_str(version).ok()?,
        build,
        pythons,
        abis,
        platforms,
    })
}

/// The normalised form of a package's name (PEP 503): lower case, one `-` for every run of `-_.`.
/// `None` for what is no name.
pub fn normalize(name: &str) -> Option<String> {
    let is_edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if name.len() > 255 || !is_edge(name.chars().next()) || !is_edge(name.chars().last()) {
        return None;
    }
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c if c.is_ascii_alphanumeric() => normal.push(c.to_ascii_lowercase()),
            _ => return None,
        }
    }
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_name_is_taken_apart() {
        let name: WheelName = "Jupyter_Client-8.6.3-2b-py2.py3-none-any.whl"
            .parse()
            .unwrap();
        assert_eq!(name.package, "jupyter-client");
        assert_eq!(name.version.to_string(), "8.6.3");
        assert_eq!(name.build, Some((2, "b".to_owned())));
        assert_eq!(name.tags(), "py2.py3-none-any");
    }

    #[test]
    fn what_is_no_wheel_name_is_refused() {
        for name in [
            "attrs-25.4.0.tar.gz",
            "attrs-25.4.0-py3-none-any",
            "attrs-x-py3-none-any.whl",
            "attrs-1-b-py3-none-any.whl",
            "attrs-1-py3-none-.whl",
            "-1-py3-none-any.whl",
            "../attrs-1-py3-none-any.whl",
            "a-1-99999999999999999999-py3-none-any.whl",
        ] {
            assert!(name.parse::<WheelName>().is_err(), "{name}");
        }
    }
}
