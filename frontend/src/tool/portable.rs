//! Makes a Python that finds everything by where it lies, and heeds nothing that an image sets for its own.
//!
//! Beside the interpreter lies a `python3.N._pth`: Python then takes its paths from there and ignores `PYTHONHOME`,
//! `PYTHONPATH` and the rest. Such a file names folders relative to its own, and the folder is what `sys.prefix`
//! becomes, so the interpreter itself lies at the volume's root and `bin/python3.N` is a link to it.
//!
//! It does not ask for `import site`. That module would add packages from the home of whoever is logged in, where an image
//! has those of its own Python, and run their `usercustomize` and `.pth` files; and of a start that does nothing else,
//! it takes a quarter.

use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Moves `bin/{interpreter}` to the root of the tree, and writes the file that its paths come from.
pub(super) fn isolate(root: &Path, interpreter: &str) -> io::Result<()> {
    let link = root.join("bin").join(interpreter);
    let place = root.join(interpreter);
    // It may be a link itself, which would lead elsewhere from there.
    let file = link.canonicalize()?;
    std::fs::rename(file, &place)?;
    if link.symlink_metadata().is_ok() {
        std::fs::remove_file(&link)?;
    }
    symlink(format!("../{interpreter}"), &link)?;
    std::fs::write(root.join(format!("{interpreter}._pth")), paths(interpreter))
}

/// Where `python3.N` finds modules.
fn paths(interpreter: &str) -> String {
    let library = format!("lib/{interpreter}");
    format!("{library}\n{library}/lib-dynload\n{library}/site-packages\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interpreter_lies_at_the_root_with_its_paths_beside_it() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        std::fs::create_dir(root.join("bin")).unwrap();
        std::fs::write(root.join("bin/python3.13"), "program").unwrap();
        symlink("python3.13", root.join("bin/python3")).unwrap();
        isolate(root, "python3.13").unwrap();
        assert!(
            root.join("python3.13")
                .symlink_metadata()
                .unwrap()
                .is_file()
        );
        assert_eq!(
            std::fs::read_to_string(root.join("bin/python3")).unwrap(),
            "program"
        );
        insta::assert_snapshot!(std::fs::read_to_string(root.join("python3.13._pth")).unwrap(), @r"
        lib/python3.13
        lib/python3.13/lib-dynload
        lib/python3.13/site-packages
        ");
    }
}
