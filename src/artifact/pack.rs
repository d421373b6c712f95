//! Plain folders as an image, one layer each: the same bytes for the same tree, wherever and however it lies.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Error;
use super::config::{Config, History, RootFs, Run};
use super::image::{Image, assemble};
use super::tarball::Refused;
use crate::digest::Digest;
use crate::platform::Platform;

/// Modes as a volume has them: who may read may read everything, and nobody writes.
const FOLDER_MODE: u32 = 0o755;
const PROGRAM_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;

/// A folder that becomes a layer, and its name.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The layer's name: lower-case letters, digits and `-`.
    pub name: String,
    /// The folder.
    pub dir: PathBuf,
}

/// Folders, packed into tar archives that are removed when this is dropped.
#[derive(Debug)]
pub struct Pack {
    platform: Platform,
    labels: BTreeMap<String, String>,
    created: String,
    layers: Vec<(String, tempfile::NamedTempFile, Digest, u64)>,
}

impl Pack {
    /// Packs folders, lowest layer first, with files from `epoch` (in seconds since 1970). The archives lie in `scratch`.
    pub fn new(
        stages: &[Stage],
        platform: Platform,
        labels: BTreeMap<String, String>,
        epoch: u64,
        scratch: &Path,
    ) -> Result<Self, Error> {
        let mut layers = Vec::new();
        for stage in stages {
            let file = tempfile::NamedTempFile::new_in(scratch)
                .map_err(|source| Error::io("write to", scratch, source))?;
            let hashed = super::repack::Hashed::new(file.as_file());
            let mut out = BufWriter::with_capacity(256 << 10, hashed);
            write_tree(&stage.dir, epoch, &mut out).map_err(|source| Error::Layer {
                layer: stage.name.clone(),
                source,
            })?;
            let hashed = out
                .into_inner()
                .map_err(|error| Error::io("write to", scratch, error.into_error()))?;
            let (diff_id, size) = hashed.finish();
            layers.push((stage.name.clone(), file, diff_id, size));
        }
        Ok(Self {
            platform,
            labels,
            created: crate::date::rfc3339(epoch),
            layers,
        })
    }

    /// The image that they make.
    pub fn image(&self) -> Result<Image<'_>, Error> {
        let config = Config {
            created: Some(self.created.clone()),
            architecture: self.platform.architecture.oci().to_owned(),
            os: self.platform.os().to_owned(),
            os_features: Vec::new(),
            variant: None,
            config: Run {
                labels: self.labels.clone(),
            },
            rootfs: RootFs {
                kind: "layers".to_owned(),
                diff_ids: self.layers.iter().map(|layer| layer.2).collect(),
            },
            history: self
                .layers
                .iter()
                .map(|(name, ..)| History {
                    created: Some(self.created.clone()),
                    created_by: Some(format!("krunner pack {name}")),
                    comment: Some(name.clone()),
                    empty_layer: false,
                })
                .collect(),
        };
        let layers = self
            .layers
            .iter()
            .map(|(_, file, _, size)| {
                let open = move || -> Result<Box<dyn Read + Send>, Error> {
                    let file = File::open(file.path())
                        .map_err(|source| Error::io("read", file.path(), source))?;
                    Ok(Box::new(file))
                };
                (*size, Box::new(open) as _)
            })
            .collect();
        assemble(config, BTreeMap::new(), layers)
    }
}

/// Writes a folder's tree: parents before children, names in the order of their bytes, one owner, one time, and modes
/// that say only whether a file is a program.
fn write_tree(dir: &Path, epoch: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(out);
    let mut tree = Tree {
        root: dir,
        epoch,
        linked: HashMap::new(),
    };
    tree.folder(Path::new(""), &mut archive)?;
    archive.finish()
}

struct Tree<'a> {
    root: &'a Path,
    epoch: u64,
    /// Files with more than one name, by what they are on their disk, and the first name.
    linked: HashMap<(u64, u64), PathBuf>,
}

impl Tree<'_> {
    fn folder<W: Write>(&mut self, path: &Path, archive: &mut tar::Builder<W>) -> io::Result<()> {
        let place = self.root.join(path);
        let with_path = |error: io::Error, place: &Path| {
            io::Error::new(error.kind(), format!("{}: {error}", place.display()))
        };
        let mut names = fs::read_dir(&place)
            .and_then(|entries| {
                entries
                    .map(|entry| Ok(entry?.file_name()))
                    .collect::<io::Result<Vec<_>>>()
            })
            .map_err(|error| with_path(error, &place))?;
        names.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        for name in names {
            let path = path.join(name);
            self.entry(&path, archive)
                .map_err(|error| match error.get_ref() {
                    // Its path is in it.
                    Some(_) => error,
                    None => with_path(error, &self.root.join(&path)),
                })?;
        }
        Ok(())
    }

    fn entry<W: Write>(&mut self, path: &Path, archive: &mut tar::Builder<W>) -> io::Result<()> {
        let place = self.root.join(path);
        let meta = fs::symlink_metadata(&place)?;
        let kind = meta.file_type();
        let shown = || path.display().to_string();
        if kind.is_dir() {
            let mut header = self.header(tar::EntryType::Directory, FOLDER_MODE, 0);
            archive.append_data(&mut header, path, io::empty())?;
            return self.folder(path, archive);
        }
        if kind.is_symlink() {
            let target = fs::read_link(&place)?;
            let mut header = self.header(tar::EntryType::Symlink, 0o777, 0);
            return archive.append_link(&mut header, path, target);
        }
        if !kind.is_file() {
            let what = if kind.is_fifo() {
                "a pipe"
            } else if kind.is_socket() {
                "a socket"
            } else {
                "a device"
            };
            return Err(Refused::Type(shown(), what).into());
        }
        if meta.nlink() > 1
            && let Some(first) = self.linked.get(&(meta.dev(), meta.ino()))
        {
            let first = first.clone();
            let mut header = self.header(tar::EntryType::Link, FILE_MODE, 0);
            return archive.append_link(&mut header, path, first);
        }
        let mut options = fs::OpenOptions::new();
        options.read(true);
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        let file = options.open(&place)?;
        let meta = file.metadata()?;
        if meta.nlink() > 1 {
            self.linked
                .insert((meta.dev(), meta.ino()), path.to_owned());
        }
        let mode = if meta.mode() & 0o111 == 0 {
            FILE_MODE
        } else {
            PROGRAM_MODE
        };
        let mut header = self.header(tar::EntryType::Regular, mode, meta.len());
        let mut content = Exactly {
            left: meta.len(),
            file,
        };
        archive.append_data(&mut header, path, &mut content)?;
        if content.left > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    fn header(&self, kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(self.epoch);
        header.set_size(size);
        header
    }
}

/// A file that somebody may be writing to: as many bytes as its header says, and no others.
struct Exactly {
    left: u64,
    file: File,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let count = self.file.read(&mut buffer[..most])?;
        if count == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}
