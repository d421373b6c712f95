//! Checks the packages of a finished volume: that every file is as its `RECORD` says, and that no
//! file belongs to none of them. Reads only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::wheel::{Checker, Headers, Record, describes, normal_name};

/// What is installed, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Versions by normalised name.
    pub packages: BTreeMap<String, String>,
    /// Files that were compared with a digest.
    pub files: usize,
    /// What is wrong, sorted.
    pub faults: BTreeSet<Fault>,
}

/// Something wrong with an installed package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Fault {
    /// A file that `RECORD` lists is not there.
    #[error("{package}: `{file}`: The file is missing")]
    Missing {
        /// Normalised name.
        package: String,
        /// Relative to site-packages.
        file: String,
    },
    /// A file is not the one that was installed.
    #[error("{package}: `{file}`: The file differs from its record")]
    Differs {
        /// Normalised name.
        package: String,
        /// Relative to site-packages.
        file: String,
    },
    /// `RECORD` or `METADATA` cannot be read.
    #[error("{package}: `{file}`: The file cannot be read")]
    Unreadable {
        /// Normalised name, or the folder's where that is not known.
        package: String,
        /// Relative to site-packages.
        file: String,
    },
    /// A file that no package owns.
    #[error("`{0}`: The file belongs to no package")]
    Unowned(String),
}

/// Checks the packages of the tree at `root`, in every `lib/python3.*/site-packages`.
pub fn check(root: &Path) -> io::Result<Report> {
    let mut report = Report::default();
    for library in sorted(&root.join("lib"))? {
        let packages = library.join("site-packages");
        if name(&library).starts_with("python3.") && packages.is_dir() {
            check_folder(&packages, &mut report)?;
        }
    }
    Ok(report)
}

fn check_folder(folder: &Path, report: &mut Report) -> io::Result<()> {
    let mut owned = BTreeSet::new();
    for entry in sorted(folder)? {
        if name(&entry).ends_with(".dist-info") {
            check_package(folder, &entry, &mut owned, report);
        }
    }
    let mut files = Vec::new();
    list(folder, &mut files)?;
    for file in files {
        let name = relative(folder, &file);
        // Left by the distribution, for people who look into the folder.
        if name != "README.txt" && !owned.contains(&name) && !is_bytecode(&name) {
            report.faults.insert(Fault::Unowned(name));
        }
    }
    Ok(())
}

fn check_package(
    folder: &Path,
    dist_info: &Path,
    owned: &mut BTreeSet<String>,
    report: &mut Report,
) {
    let here = name(dist_info);
    let unreadable = |file: &str| Fault::Unreadable {
        package: here.clone(),
        file: format!("{here}/{file}"),
    };
    let metadata = std::fs::read_to_string(dist_info.join("METADATA")).unwrap_or_default();
    let metadata = Headers::parse(&metadata);
    let (Some(package), Some(version)) = (metadata.first("Name"), metadata.first("Version")) else {
        report.faults.insert(unreadable("METADATA"));
        return;
    };
    let package = normal_name(package);
    report.packages.insert(package.clone(), version.to_owned());
    let record = std::fs::read_to_string(dist_info.join("RECORD")).ok();
    let Some(record) = record.and_then(|text| Record::parse(&text).ok()) else {
        report.faults.insert(unreadable("RECORD"));
        return;
    };
    for (path, row) in record.rows() {
        owned.insert(path.to_owned());
        let (package, file) = (package.clone(), path.to_owned());
        match (File::open(folder.join(path)), Checker::new(row)) {
            // Bytecode is listed by some installers, and is no part of what was installed.
            (Err(_), _) if is_bytecode(path) => {}
            (Err(_), _) => {
                report.faults.insert(Fault::Missing { package, file });
            }
            (Ok(_), None) => {}
            (Ok(source), Some(checker)) => {
                report.files += 1;
                let hashed = hash(source, checker);
                if !hashed.is_ok_and(|(digest, size)| describes(row, &digest, size)) {
                    report.faults.insert(Fault::Differs { package, file });
                }
            }
        }
    }
}

fn hash(mut source: File, mut checker: Checker) -> io::Result<(Vec<u8>, u64)> {
    let mut buffer = vec![0; 64 << 10];
    let mut size = 0;
    loop {
        let count = source.read(&mut buffer)?;
        if count == 0 {
            return Ok((checker.finish(), size));
        }
        checker.update(&buffer[..count]);
        size += count as u64;
    }
}

fn is_bytecode(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "pyc")
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in sorted(folder)? {
        if entry.symlink_metadata()?.is_dir() {
            list(&entry, files)?;
        } else {
            files.push(entry);
        }
    }
    Ok(())
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn relative(folder: &Path, path: &Path) -> String {
    let path = path.strip_prefix(folder).unwrap_or(path);
    path.to_string_lossy().into_owned()
}
