//! Patches as data: a text and what takes its place, which must be found exactly once.

use std::fmt::{self, Write as _};
use std::path::Path;

use super::Fault;

/// Lines shown of what was found instead.
const SHOWN: usize = 5;

/// One change of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Patch {
    /// `key` with `from` behind it becomes `key` with `to` behind it.
    Replace {
        /// Relative to the source.
        file: &'static str,
        /// What stays. Lines with it are shown when `from` is not there.
        key: &'static str,
        /// What goes.
        from: &'static str,
        /// What comes.
        to: String,
    },
    /// An empty file where there is none.
    Empty {
        /// Relative to the source.
        file: &'static str,
    },
}

impl fmt::Display for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replace {
                file,
                key,
                from,
                to,
            } => write!(f, "`{file}`: `{key}{from}` became `{key}{to}`"),
            Self::Empty { file } => write!(f, "`{file}`: made empty if it was missing"),
        }
    }
}

/// Applies `patches` to the source of `component` in `folder`.
pub(super) fn apply(
    component: &'static str,
    folder: &Path,
    patches: &[Patch],
) -> Result<(), Fault> {
    for patch in patches {
        match patch {
            Patch::Replace {
                file,
                key,
                from,
                to,
            } => {
                let path = folder.join(file);
                let text = std::fs::read_to_string(&path).map_err(Fault::file(&path))?;
                let wanted = format!("{key}{from}");
                let count = text.matches(&wanted).count();
                if count != 1 {
                    return Err(Fault::Patch {
                        component,
                        file,
                        wanted,
                        count,
                        near: near(&text, key),
                    });
                }
                let text = text.replace(&wanted, &format!("{key}{to}"));
                std::fs::write(&path, text).map_err(Fault::file(&path))?;
            }
            Patch::Empty { file } => {
                let path = folder.join(file);
                if let Some(parent) = path.parent() {
                    std::fs::create_dir_all(parent).map_err(Fault::file(parent))?;
                }
                if !path.exists() {
                    std::fs::write(&path, "").map_err(Fault::file(&path))?;
                }
            }
        }
    }
    Ok(())
}

/// The first lines that have `key` in them, to show what is there instead.
fn near(text: &str, key: &str) -> String {
    let mut near = String::new();
    let lines = text.lines().enumerate();
    for (index, line) in lines.filter(|(_, line)| line.contains(key)).take(SHOWN) {
        // Writing to a string does not fail.
        let _ = write!(near, "\n  line {}: {}", index + 1, line.trim());
    }
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "lib/context.c";

    fn ping(to: &str) -> Vec<Patch> {
        vec![Patch::Replace {
            file: FILE,
            key: "valid_ping = ",
            from: "300;",
            to: to.to_owned(),
        }]
    }

    fn source(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("lib")).unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        folder
    }

    #[test]
    fn a_text_that_is_there_once_is_replaced_and_nothing_else() {
        let folder = source("int a = 300;\n\tr.valid_ping = 300;\n");
        apply("libwebsockets", folder.path(), &ping("20;")).unwrap();
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(text, "int a = 300;\n\tr.valid_ping = 20;\n");
    }

    #[test]
    fn a_miss_names_the_file_and_shows_what_is_there_instead() {
        let folder = source("\n\tr.valid_ping = 250;\n");
        let fault = apply("libwebsockets", folder.path(), &ping("20;")).unwrap_err();
        insta::assert_snapshot!(fault, @r"
        Cannot patch `lib/context.c` of libwebsockets: expected `valid_ping = 300;` once, and found it 0 times
          line 2: r.valid_ping = 250;
        hint: take the version of libwebsockets that the documentation names, or a ready-made `ttyd.binary`
        ");
    }

    #[test]
    fn a_text_that_is_there_twice_is_left_alone() {
        let text = "valid_ping = 300;\nvalid_ping = 300;\n";
        let folder = source(text);
        let fault = apply("libwebsockets", folder.path(), &ping("20;")).unwrap_err();
        assert!(matches!(fault, Fault::Patch { count: 2, .. }));
        assert_eq!(
            std::fs::read_to_string(folder.path().join(FILE)).unwrap(),
            text
        );
    }

    #[test]
    fn a_patch_does_not_hit_what_is_patched_already() {
        let folder = source("valid_ping = 300;\n");
        apply("libwebsockets", folder.path(), &ping("20;")).unwrap();
        let fault = apply("libwebsockets", folder.path(), &ping("20;")).unwrap_err();
        assert!(matches!(fault, Fault::Patch { count: 0, .. }));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let fault = apply("libwebsockets", folder.path(), &ping("20;")).unwrap_err();
        assert!(fault.to_string().contains(FILE), "{fault}");
    }

    #[test]
    fn an_empty_file_is_made_and_one_that_is_there_is_kept() {
        let folder = source("text");
        let patches = [
            Patch::Empty { file: FILE },
            Patch::Empty { file: "win32/a.rc" },
        ];
        apply("zlib", folder.path(), &patches).unwrap();
        assert_eq!(std::fs::read(folder.path().join(FILE)).unwrap(), b"text");
        assert_eq!(
            std::fs::read(folder.path().join("win32/a.rc")).unwrap(),
            b""
        );
    }
}
