//! Collects the licence files that a source has at its top.

use std::path::Path;

use super::Fault;

/// How licence files begin, in capitals.
const NAMES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];

/// Copies the licence files of `component` from its source in `folder` into `out`. It is an error if there are none.
pub(super) fn collect(component: &'static str, folder: &Path, out: &Path) -> Result<(), Fault> {
    let mut found = false;
    for entry in std::fs::read_dir(folder).map_err(Fault::file(folder))? {
        let entry = entry.map_err(Fault::file(folder))?;
        let name = entry.file_name();
        let is_file = entry.file_type().map_err(Fault::file(folder))?.is_file();
        if !is_file || !is_licence(&name.to_string_lossy()) {
            continue;
        }
        std::fs::create_dir_all(out).map_err(Fault::file(out))?;
        let to = out.join(&name);
        std::fs::copy(entry.path(), &to).map_err(Fault::file(&to))?;
        found = true;
    }
    if found {
        return Ok(());
    }
    Err(Fault::NoLicence {
        component,
        folder: folder.to_owned(),
    })
}

fn is_licence(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    NAMES.iter().any(|licence| name.starts_with(licence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_licence_file_at_the_top_is_taken_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        let (source, out) = (temp.path().join("src"), temp.path().join("out"));
        std::fs::create_dir_all(source.join("licenses")).unwrap();
        for name in [
            "LICENSE",
            "License-extra",
            "COPYING",
            "README",
            "licenses/LICENSE",
        ] {
            std::fs::write(source.join(name), name).unwrap();
        }
        collect("libuv", &source, &out).unwrap();
        let mut taken: Vec<_> = std::fs::read_dir(&out)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        taken.sort();
        assert_eq!(taken, ["COPYING", "LICENSE", "License-extra"]);
        assert_eq!(std::fs::read(out.join("COPYING")).unwrap(), b"COPYING");
    }

    #[test]
    fn a_source_without_a_licence_is_refused_by_name() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::write(temp.path().join("README"), "").unwrap();
        let fault = collect("zlib", temp.path(), &temp.path().join("out")).unwrap_err();
        assert!(
            fault.to_string().starts_with("zlib has no licence"),
            "{fault}"
        );
    }
}
