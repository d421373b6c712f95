//! Holds a volume against the layers that it was made from: every entry, its kind, mode, time and content, and
//! nothing besides.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::artifact::decompress;
use crate::artifact::tarball::{self, Budget, Entry, Kind};
use crate::digest::Digest;
use crate::store::unpack::KEPT_MODE;
use crate::store::{attributes, beneath};

/// One comparison, layer by layer.
pub(super) struct Comparison {
    path: PathBuf,
    root: OwnedFd,
    budget: Budget,
    expected: BTreeMap<PathBuf, Expected>,
    found: BTreeMap<PathBuf, String>,
}

/// What must be at a path.
enum Expected {
    /// A folder; with mode and time, if a layer speaks of it: the uppermost such layer.
    Folder(Option<(usize, u32, u64)>),
    /// A file, which was compared already.
    File,
    Link {
        target: PathBuf,
        mtime: u64,
    },
}

impl Comparison {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            root: beneath::root(path)?,
            budget: Budget::default(),
            expected: BTreeMap::from([(PathBuf::new(), Expected::Folder(None))]),
            found: BTreeMap::new(),
        })
    }

    /// Compares the files of a layer, and notes its other entries. Returns the digest of its tar.
    pub(super) fn layer(&mut self, number: usize, blob: File, size: u64) -> io::Result<Digest> {
        let Self {
            root,
            budget,
            expected,
            found,
            ..
        } = self;
        tarball::read(decompress(blob)?, size, budget, &mut |entry, content| {
            for folder in entry.path.ancestors().skip(1) {
                expected
                    .entry(folder.to_owned())
                    .or_insert(Expected::Folder(None));
            }
            let fault = match &entry.kind {
                Kind::File => file_fault(root, entry, content)?,
                Kind::Hardlink(target) => hardlink_fault(root, &entry.path, target),
                Kind::Folder | Kind::Symlink(_) => None,
            };
            if let Some(fault) = fault {
                found.insert(entry.path.clone(), fault);
            }
            let this = match &entry.kind {
                Kind::Folder => Expected::Folder(Some((number, entry.mode, entry.mtime))),
                Kind::File | Kind::Hardlink(_) => Expected::File,
                Kind::Symlink(target) => Expected::Link {
                    target: target.clone(),
                    mtime: entry.mtime,
                },
            };
            if let Some(Expected::Folder(Some((upper, ..)))) = expected.get(&entry.path)
                && *upper > number
            {
                return Ok(());
            }
            expected.insert(entry.path.clone(), this);
            Ok(())
        })
    }

    /// Compares folders and links, and looks for what no layer has.
    pub(super) fn finish(mut self) -> io::Result<BTreeMap<PathBuf, String>> {
        let Self {
            path: root,
            expected,
            found,
            ..
        } = &mut self;
        for (path, expected) in &*expected {
            let fault = match fs::symlink_metadata(root.join(path)) {
                Ok(meta) => entry_fault(&root.join(path), &meta, expected, path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Some("Is missing".to_owned())
                }
                Err(error) => return Err(error),
            };
            if let Some(fault) = fault {
                found.entry(path.clone()).or_insert(fault);
            }
        }
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root.join(&folder))? {
                let entry = entry?;
                let path = folder.join(entry.file_name());
                match expected.get(&path) {
                    None => drop(found.insert(path, "Is in no layer".to_owned())),
                    // A link in its place is a fault already, and leads we do not know where.
                    Some(Expected::Folder(_)) if entry.file_type()?.is_dir() => folders.push(path),
                    Some(_) => {}
                }
            }
        }
        Ok(self.found)
    }
}

fn file_fault(root: &OwnedFd, entry: &Entry, content: &mut dyn Read) -> io::Result<Option<String>> {
    let Ok(file) = beneath::file(root, &entry.path) else {
        return Ok(Some("Is missing, or no file".to_owned()));
    };
    let mut file = File::from(file);
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Ok(Some("Is no file".to_owned()));
    }
    if meta.len() != entry.size {
        let (is, should) = (meta.len(), entry.size);
        return Ok(Some(format!("Has {is} bytes instead of {should}")));
    }
    if let Some(fault) = attributes::fault(&meta, entry.mode & KEPT_MODE, entry.mtime) {
        return Ok(Some(fault));
    }
    let (mut ours, mut theirs) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let count = content.read(&mut theirs)?;
        if count == 0 {
            return Ok(None);
        }
        if file.read_exact(&mut ours[..count]).is_err() || ours[..count] != theirs[..count] {
            return Ok(Some("Has other content".to_owned()));
        }
    }
}

fn hardlink_fault(root: &OwnedFd, path: &Path, target: &Path) -> Option<String> {
    let inode = |path| {
        let meta = File::from(beneath::file(root, path).ok()?)
            .metadata()
            .ok()?;
        Some(meta.ino())
    };
    match (inode(path), inode(target)) {
        (Some(one), Some(other)) if one == other => None,
        _ => Some(format!("Is not the same file as `{}`", target.display())),
    }
}

fn entry_fault(place: &Path, meta: &Metadata, expected: &Expected, path: &Path) -> Option<String> {
    match expected {
        Expected::File => None,
        Expected::Folder(_) if !meta.is_dir() => Some("Is no folder".to_owned()),
        // Containers enter through the root as any user, whatever a layer says about it.
        Expected::Folder(attributes) if path.as_os_str().is_empty() => {
            let mtime =
                attributes.map_or_else(|| attributes::mtime_of(meta), |(_, _, mtime)| mtime);
            attributes::fault(meta, 0o755, mtime)
        }
        Expected::Folder(Some((_, mode, mtime))) => {
            attributes::fault(meta, mode & KEPT_MODE | 0o700, *mtime)
        }
        Expected::Folder(None) => attributes::fault(meta, 0o755, attributes::mtime_of(meta)),
        Expected::Link { .. } if !meta.is_symlink() => Some("Is no symbolic link".to_owned()),
        Expected::Link { target, mtime } => match fs::read_link(place) {
            Ok(found) if found == *target => {
                attributes::fault(meta, attributes::mode_of(meta), *mtime)
            }
            _ => Some(format!("Does not lead to `{}`", target.display())),
        },
    }
}
