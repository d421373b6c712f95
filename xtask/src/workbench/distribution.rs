//! The real Python distribution for both architectures, got back out of the wheels that the replaced system publishes.
//!
//! Each wheel carries a whole relocatable CPython with packages installed into it. Taking those packages out again
//! gives the distribution as its makers publish it, at a place that a machine without an open network reaches.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use lzma_rust2::XzReader;
use tar::{Archive, Builder, EntryType, Header};
use zip::ZipArchive;

use super::python;
use crate::console::Step;
use crate::tree::{Tree, folder};

/// The published wheel.
const PACKAGE: &str = "backend.ai-krunner-static-gnu==4.4.0";
/// Architecture as Docker and as Python call it, and the wheel's SHA-256.
const WHEELS: [(&str, &str, &str); 2] = [
    (
        "amd64",
        "x86_64",
        "c343d8b16b0dde2992c1c6687c1cac9b7c7a49ec1b77c5d75b1dc316ad040811",
    ),
    (
        "arm64",
        "aarch64",
        "4c717665664ded37439d157fc91c015f8f3b3f82cd98ab5e8fdac5f43d5364dc",
    ),
];
/// Where installed packages lie.
const SITE: &str = "lib/python3.13/site-packages/";
/// What is the distribution's own in there.
const OWN: [&str; 3] = ["pip", "pip-24.3.1.dist-info", "README.txt"];
/// The level that makes the file about as large as the published one.
const LEVEL: u32 = 6;

/// One file of the archive.
struct Entry {
    path: String,
    header: Header,
    link: Option<PathBuf>,
    bytes: Vec<u8>,
}

/// Makes `python-ARCH/NAME.tar.gz` for both architectures and gives the folder of each.
pub(crate) fn make(tree: &Tree, step: &Step) -> Result<Vec<(&'static str, PathBuf)>> {
    let mut made = Vec::new();
    for (architecture, machine, sha256) in WHEELS {
        let into = tree
            .workbench("inputs")?
            .join(format!("python-{architecture}"));
        let name =
            format!("cpython-3.13.2+20250317-{machine}-unknown-linux-gnu-install_only.tar.gz");
        if !into.join(&name).exists() {
            let wheel = python::wheel(
                tree,
                step,
                PACKAGE,
                &format!("manylinux2014_{machine}"),
                sha256,
            )?;
            step.at(&format!("rebuilding {name}"));
            let entries = distribution(&wheel)
                .with_context(|| format!("Cannot read `{}`", wheel.display()))?;
            // Written beside and moved, so that a half-written one is never taken for it.
            let partial = tree.workbench("inputs")?.join(format!("{name}.partial"));
            write(&partial, entries)?;
            fs::rename(&partial, folder(into.clone())?.join(&name))?;
        }
        made.push((architecture, into));
    }
    Ok(made)
}

/// The distribution's entries, sorted.
fn distribution(wheel: &Path) -> Result<Vec<Entry>> {
    let mut wheel = ZipArchive::new(File::open(wheel)?)?;
    let mut names = wheel.file_names().filter_map(Result::ok);
    let name = names
        .find(|name| name.ends_with(".tar.xz"))
        .map(|name| name.to_string());
    drop(names);
    let Some(name) = name else {
        bail!("The wheel carries no `.tar.xz`")
    };
    let mut archive = Archive::new(XzReader::new(wheel.by_name(&name)?, true));
    let mut entries = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = clean(&entry.path()?);
        if !belongs(&path) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        let link = entry.link_name()?.map(std::borrow::Cow::into_owned);
        entries.push(Entry {
            path,
            header: entry.header().clone(),
            link,
            bytes,
        });
    }
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(entries)
}

/// Whether an entry was there before packages were installed.
fn belongs(path: &str) -> bool {
    if let Some(installed) = path.strip_prefix(SITE) {
        return OWN.contains(&installed.split('/').next().unwrap_or_default());
    }
    let added = ["bin/jupyter", "bin/ttyd", "licenses", "share/jupyter"];
    !path.is_empty() && !added.iter().any(|prefix| path.starts_with(prefix))
}

fn clean(path: &Path) -> String {
    let path = path.to_string_lossy();
    path.trim_start_matches("./")
        .trim_matches(['/', '.'])
        .to_owned()
}

/// Writes the archive: owner 0, no times, everything below `python/`.
fn write(path: &Path, entries: Vec<Entry>) -> Result<()> {
    let file = BufWriter::new(File::create(path)?);
    let mut archive = Builder::new(GzEncoder::new(file, Compression::new(LEVEL)));
    for entry in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(entry.header.entry_type());
        header.set_mode(entry.header.mode()?);
        header.set_size(entry.bytes.len() as u64);
        let name = format!("python/{}", entry.path);
        match entry.link {
            Some(link) => {
                let hard = entry.header.entry_type() == EntryType::Link;
                let link = if hard {
                    Path::new("python").join(clean(&link))
                } else {
                    link
                };
                archive.append_link(&mut header, name, link)?;
            }
            None => archive.append_data(&mut header, name, entry.bytes.as_slice())?,
        }
    }
    archive.into_inner()?.finish()?.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_installed_into_the_distribution_does_not_belong_to_it() {
        for path in [
            "bin/python3.13",
            "lib/python3.13/os.py",
            "lib/python3.13/site-packages/pip/__init__.py",
            "share/man/man1/python3.1",
        ] {
            assert!(belongs(path), "{path}");
        }
        for path in [
            "",
            "bin/ttyd",
            "bin/jupyter-run",
            "licenses/wheels",
            "lib/python3.13/site-packages/zmq/__init__.py",
            "lib/python3.13/site-packages/six.py",
        ] {
            assert!(!belongs(path), "{path}");
        }
    }

    #[test]
    fn paths_of_the_archive_lose_their_leading_dot_and_their_last_slash() {
        assert_eq!(clean(Path::new("./bin/")), "bin");
        assert_eq!(clean(Path::new("./")), "");
        assert_eq!(clean(Path::new("lib/.hidden")), "lib/.hidden");
    }
}
