//! The gates that a whole volume passes in its last step: the same that `krunner audit` applies.

use std::io::{self, Write};
use std::path::Path;

use krunner::audit::{self, Profile, Severity, audit};

use super::step::Gates;

/// Why a volume did not pass.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Some of its files are wrong; a line for each.
    #[error("The volume does not pass its gates:\n{0}")]
    Findings(String),
    /// It could not be read.
    #[error(transparent)]
    Audit(#[from] audit::Error),
    /// The step names a flavour that is not known.
    #[error(transparent)]
    Libc(#[from] audit::UnknownLibc),
}

/// Applies the gates to the trees of a volume, of which `last` is one. What is only a warning is said in the log.
pub(super) fn check(gates: &Gates, last: &Path) -> Result<(), Fault> {
    let profile = Profile {
        libc: Profile::libc_named(&gates.libc)?,
        architecture: gates.architecture,
        prefix: gates.prefix.clone(),
        bytecode: gates.bytecode,
    };
    let mut roots: Vec<&Path> = gates.trees.iter().map(AsRef::as_ref).collect();
    roots.push(last);
    let mut errors = String::new();
    for finding in audit(&roots, &profile)? {
        let line = format!("{}: {finding}\n  hint: {}\n", finding.gate, finding.hint);
        match finding.severity {
            Severity::Error => errors.push_str(&line),
            // For the build's log; nothing can be done about a standard error that is closed.
            Severity::Warning => drop(write!(io::stderr(), "warning: {line}")),
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Fault::Findings(errors.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use krunner::platform::Architecture;

    use super::*;

    fn gates(libc: &str, tree: &Path) -> Gates {
        Gates {
            trees: vec![tree.to_owned()],
            libc: libc.to_owned(),
            prefix: "/opt/backend.ai".to_owned(),
            architecture: Architecture::Amd64,
            bytecode: true,
        }
    }

    #[test]
    fn a_volume_with_a_wrong_file_does_not_pass_and_the_file_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let (tree, last) = (temp.path().join("python"), temp.path().join("out"));
        std::fs::create_dir_all(tree.join("lib/python3.13")).unwrap();
        std::fs::create_dir(&last).unwrap();
        std::fs::write(tree.join("lib/python3.13/os.py"), "").unwrap();
        let fault = check(&gates("any", &tree), &last).unwrap_err().to_string();
        assert!(fault.starts_with("The volume does not pass"), "{fault}");
        assert!(fault.contains("\nbytecode: lib/python3.13"), "{fault}");
        assert!(fault.contains("\n  hint: "), "{fault}");
    }

    #[test]
    fn a_flavour_that_is_not_known_is_told() {
        let temp = tempfile::tempdir().unwrap();
        let fault = check(&gates("uclibc", temp.path()), temp.path()).unwrap_err();
        assert!(matches!(fault, Fault::Libc(_)), "{fault}");
    }
}
