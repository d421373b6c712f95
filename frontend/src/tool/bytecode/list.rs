//! Lists the modules of a tree, and makes the folders for their bytecode.

use std::io;
use std::path::{Path, PathBuf};

use super::Fault;

/// The folder that Python looks for bytecode in, beside the source.
const FOLDER: &str = "__pycache__";

/// A module to compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    /// Where its source is.
    pub(super) source: PathBuf,
    /// Where its bytecode goes.
    pub(super) cache: PathBuf,
    /// What its bytecode calls its source: the path in a container.
    pub(super) name: String,
}

/// Where Python 3.`minor` looks for the bytecode of `path`, both relative to the same folder; none if it is no module.
pub(in crate::tool) fn cached(path: &str, minor: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.strip_suffix(".py").filter(|stem| !stem.is_empty())?;
    let slash = if folder.is_empty() { "" } else { "/" };
    Some(format!(
        "{folder}{slash}{FOLDER}/{stem}.cpython-3{minor}.pyc"
    ))
}

/// The modules beneath `root/lib/python3.*`, sorted, which must be of this minor version.
pub(super) fn modules(root: &Path, prefix: &str, minor: u32) -> Result<Vec<Module>, Fault> {
    let mut modules = Vec::new();
    let library = root.join("lib");
    for (name, path) in entries(&library)? {
        match name.strip_prefix("python3.") {
            Some(found) if path.is_dir() => {
                if found != minor.to_string() {
                    let wanted = found.to_owned();
                    return Err(Fault::Version {
                        wanted,
                        found: minor,
                    });
                }
                walk(&path, &format!("lib/{name}"), &mut |source, below| {
                    let Some(cache) = cached(below, found) else {
                        return;
                    };
                    modules.push(Module {
                        source,
                        cache: root.join(cache),
                        name: format!("{}/{below}", prefix.trim_end_matches('/')),
                    });
                })?;
            }
            _ => {}
        }
    }
    let mut folders: Vec<&Path> = modules.iter().filter_map(|m| m.cache.parent()).collect();
    folders.dedup();
    for folder in folders {
        match std::fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Fault::file(folder)(error));
            }
            _ => {}
        }
    }
    Ok(modules)
}

/// Visits the files beneath `folder`, which is called `name` in the tree. Links are not followed.
fn walk(folder: &Path, name: &str, visit: &mut dyn FnMut(PathBuf, &str)) -> Result<(), Fault> {
    for (entry, path) in entries(folder)? {
        let below = format!("{name}/{entry}");
        let kind = path.symlink_metadata().map_err(Fault::file(&path))?;
        if kind.is_dir() && entry != FOLDER {
            walk(&path, &below, visit)?;
        } else if kind.is_file() {
            visit(path, &below);
        }
    }
    Ok(())
}

/// The entries of a folder by name, sorted. Names that are not UTF-8 never came into a tree.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, Fault> {
    let failed = || Fault::file(folder);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        if let Ok(name) = entry.file_name().into_string() {
            entries.push((name, entry.path()));
        }
    }
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytecode_lies_where_python_looks_for_it() {
        assert_eq!(
            cached("six.py", "13").unwrap(),
            "__pycache__/six.cpython-313.pyc"
        );
        assert_eq!(
            cached("a/b.c.py", "13").unwrap(),
            "a/__pycache__/b.c.cpython-313.pyc"
        );
        assert_eq!(cached("a/b.pyi", "13"), None);
        assert_eq!(cached("a/.py", "13"), None);
    }

    #[test]
    fn modules_are_listed_by_their_path_in_a_container() {
        let temp = tempfile::tempdir().unwrap();
        let package = temp.path().join("lib/python3.13/json");
        std::fs::create_dir_all(package.join("__pycache__")).unwrap();
        std::fs::write(package.join("tool.py"), "").unwrap();
        std::fs::write(package.join("__pycache__/tool.py"), "").unwrap();
        std::os::unix::fs::symlink("tool.py", package.join("link.py")).unwrap();
        let names = |minor| {
            let modules = modules(temp.path(), "/opt/backend.ai", minor)?;
            Ok(modules.into_iter().map(|module| module.name).collect())
        };
        let found: Result<Vec<String>, Fault> = names(13);
        assert_eq!(
            found.unwrap(),
            ["/opt/backend.ai/lib/python3.13/json/tool.py"]
        );
        assert!(matches!(names(12), Err(Fault::Version { .. })));
    }
}
