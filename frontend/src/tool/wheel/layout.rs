//! Where the parts of a wheel go in the volume.

use super::{EntryPath, Fault};

/// The places of a volume, relative to its prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// `lib/python3.N/site-packages`, for pure and for compiled packages.
    pub site_packages: EntryPath,
    /// The volume's own interpreter, absolute.
    pub interpreter: String,
}

/// The kernel reads 127 bytes of a script's first line by its oldest rule; `#!` is two of them.
const LONGEST_INTERPRETER: usize = 125;

impl Layout {
    /// The layout of a volume with these packages and this interpreter.
    pub fn new(site_packages: &str, interpreter: &str) -> Result<Self, Fault> {
        if interpreter.len() > LONGEST_INTERPRETER || interpreter.contains(char::is_whitespace) {
            return Err(Fault::Interpreter(interpreter.to_owned()));
        }
        Ok(Self {
            site_packages: EntryPath::parse(site_packages.as_bytes())?,
            interpreter: interpreter.to_owned(),
        })
    }

    /// The folder for a key of a wheel's `*.data`; none for an unknown key.
    pub fn data(&self, key: &str, package: &str) -> Option<String> {
        Some(match key {
            "purelib" | "platlib" => self.site_packages.to_string(),
            "scripts" => "bin".to_owned(),
            "headers" => format!("include/{}/{package}", self.version()),
            "data" => String::new(),
            _ => return None,
        })
    }

    /// How `RECORD` calls a path of the volume: relative to site-packages.
    pub fn recorded(&self, path: &EntryPath) -> String {
        if let Some(below) = path.strip(&self.site_packages) {
            return below.to_string();
        }
        let depth = self.site_packages.as_str().split('/').count();
        format!("{}{path}", "../".repeat(depth))
    }

    /// The `N` of Python 3.N.
    pub fn minor(&self) -> &str {
        let version = self.version();
        version.strip_prefix("python3.").unwrap_or_default()
    }

    /// `python3.N`.
    fn version(&self) -> &str {
        let mut parts = self.site_packages.as_str().split('/');
        parts
            .find(|part| part.starts_with("python"))
            .unwrap_or("python3")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_paths_are_relative_to_site_packages() {
        let layout = Layout::new("lib/python3.13/site-packages", "/p").unwrap();
        let recorded = |path: &str| layout.recorded(&EntryPath::parse(path.as_bytes()).unwrap());
        assert_eq!(recorded("lib/python3.13/site-packages/six.py"), "six.py");
        assert_eq!(recorded("bin/x"), "../../../bin/x");
        assert_eq!(
            layout.data("headers", "six").unwrap(),
            "include/python3.13/six"
        );
    }
}
