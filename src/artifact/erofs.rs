//! EROFS images, made by `mkfs.erofs` of the layers of a volume: one file system, to be mounted instead of unpacked.
//!
//! What has to be the same everywhere is said to the program, and not left to it: time, UUID, owners, block size. Only the
//! way in which its version compresses is its own.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};

use super::cache::Cache;
use super::compression::decompress;
use super::image::Image;
use super::progress::{Reported, Reporter};
use super::repack::{Contents, Hashed, Packed};
use super::tarball::{self, Budget, Entry, Kind};
use super::{Error, media};
use crate::date;

/// What a twin's one layer is called.
pub(super) const NAME: &str = "volume.erofs";
/// The first version that reads archives.
const OLDEST: (u32, u32) = (1, 7);
/// What every kernel with EROFS mounts, whatever the size of its pages.
const BLOCK: &str = "-b4096";
/// How much is compressed at a time, in bytes: larger is smaller on disk, and slower where little of a file is read.
const CLUSTER: &str = "-C65536";
/// The superblock's magic number, and where it is.
const MAGIC: ([u8; 4], usize) = ([0xe2, 0xe1, 0xf5, 0xe0], 1024);
/// What a program that failed may say about it, in bytes.
const SAID: u64 = 4 << 10;

/// How an image's blocks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErofsCompression {
    /// For kernels from 6.10 on.
    Zstd,
    /// A sixth larger, for kernels from 5.4 on.
    Lz4hc,
}

impl fmt::Display for ErofsCompression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zstd => "zstd",
            Self::Lz4hc => "lz4hc",
        })
    }
}

/// A `mkfs.erofs` that can do what is needed.
#[derive(Clone, Debug)]
pub struct Mkfs {
    program: PathBuf,
    version: String,
    compression: ErofsCompression,
}

impl Mkfs {
    /// Asks the program for its version.
    pub fn find(program: &Path, compression: ErofsCompression) -> Result<Self, Error> {
        let output = Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .map_err(|source| Error::NoMkfs {
                program: program.display().to_string(),
                source,
            })?;
        let said = String::from_utf8_lossy(&output.stdout);
        let version = version(&said).unwrap_or_default();
        if numbers(&version).is_none_or(|found| found < OLDEST) {
            return Err(Error::OldMkfs(media::plain(said.trim(), 100)));
        }
        Ok(Self {
            program: program.to_owned(),
            version,
            compression,
        })
    }

    /// How images are compressed.
    pub fn compression(&self) -> ErofsCompression {
        self.compression
    }

    /// The image of all layers of a volume, if it is in the cache.
    pub(super) fn cached(&self, image: &Image<'_>, cache: &Cache) -> Option<Packed> {
        Packed::cached(cache, &self.key(image), media::LAYER_EROFS)
    }

    /// What the cache keeps the image of a volume under.
    fn key(&self, image: &Image<'_>) -> String {
        let hex = crate::digest::Digest::from_bytes(identity(image)).hex();
        let (version, compression) = (&self.version, self.compression);
        format!("{hex}-{}-erofs{version}-{compression}", epoch(image))
    }

    /// Makes one image of all layers of a volume, or takes it from the cache.
    pub(super) fn image(
        &self,
        image: &Image<'_>,
        cache: &Cache,
        reporter: &dyn Reporter,
    ) -> Result<Packed, Error> {
        if let Some(packed) = self.cached(image, cache) {
            return Ok(packed);
        }
        let epoch = epoch(image);
        let temporary = cache.begin()?;
        let said = cache.begin()?;
        let mut command = Command::new(&self.program);
        command
            .args(["--tar=f", "--quiet", "--all-root", "-x-1", BLOCK, CLUSTER])
            .arg(match self.compression {
                ErofsCompression::Zstd => "-zzstd,level=3",
                ErofsCompression::Lz4hc => "-zlz4hc,level=9",
            })
            .arg(format!("-T{epoch}"))
            .arg(format!("-U{}", uuid(&identity(image))))
            .arg(temporary.path())
            // It would be taken for the time, whatever the time is that we give.
            .env_remove("SOURCE_DATE_EPOCH");
        let failed = |source| Error::NoMkfs {
            program: self.program.display().to_string(),
            source,
        };
        let quoted = |file: &File| file.try_clone().map(Stdio::from);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(quoted(said.as_file()).map_err(failed)?)
            .stderr(quoted(said.as_file()).map_err(failed)?)
            .spawn()
            .map_err(failed)?;
        let fed = match child.stdin.take() {
            Some(stdin) => feed(image, stdin, reporter),
            None => Ok(()),
        };
        let status = child.wait().map_err(failed)?;
        // It says better why it stopped than the pipe does that broke.
        if !status.success() && fed.as_ref().err().is_none_or(is_broken_pipe) {
            return Err(Error::Mkfs(tail(said.as_file())));
        }
        fed?;
        let read = |source| Error::io("read", temporary.path(), source);
        let mut hashed = Hashed::new(io::sink());
        let mut made = File::open(temporary.path()).map_err(read)?;
        io::copy(&mut made, &mut hashed).map_err(read)?;
        let (digest, size) = hashed.finish();
        let what = (media::LAYER_EROFS, digest, size);
        let key = self.key(image);
        Packed::keep(cache, key, temporary, what, Contents::default())
    }
}

/// What tells a volume from all others: its layers in their order.
fn identity(image: &Image<'_>) -> [u8; 32] {
    let diff_ids = image.layers.iter().map(|layer| layer.diff_id.to_string());
    Sha256::digest(diff_ids.collect::<Vec<_>>().join(" ")).into()
}

/// The time of all its files.
fn epoch(image: &Image<'_>) -> u64 {
    let created = image.config.created.as_deref();
    created.and_then(date::parse_rfc3339).unwrap_or_default()
}

/// Whether bytes begin as an EROFS image does.
pub(super) fn is_image(head: &[u8]) -> bool {
    let (magic, at) = MAGIC;
    head.get(at..).is_some_and(|rest| rest.starts_with(&magic))
}

/// How many bytes of an image [`is_image`] has to see.
pub(super) const HEAD: usize = MAGIC.1 + MAGIC.0.len();

/// The version in `mkfs.erofs (erofs-utils) 1.8.6`.
fn version(said: &str) -> Option<String> {
    let word = said.lines().next()?.split_whitespace().last()?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '~');
    Some(word.chars().filter(|c| fits(*c)).take(40).collect())
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// A UUID of version 8, which is what its maker says it is.
fn uuid(identity: &[u8; 32]) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&identity[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [0..8, 8..12, 12..16, 16..20, 20..32]
        .map(|part| &hex[part])
        .join("-")
}

/// Writes all layers as one archive; a folder that is in many is written once.
fn feed(image: &Image<'_>, out: impl Write, reporter: &dyn Reporter) -> Result<(), Error> {
    let mut archive = tar::Builder::new(BufWriter::with_capacity(256 << 10, out));
    let budget = Budget::default();
    let mut folders = HashSet::new();
    for layer in &image.layers {
        let fail = |source| Error::Layer {
            layer: layer.name.clone(),
            source,
        };
        let mut add = |entry: &Entry, content: &mut dyn Read| {
            if entry.kind == Kind::Folder && !folders.insert(entry.path.clone()) {
                return Ok(());
            }
            append(&mut archive, entry, content)
        };
        let task = reporter.start(&format!("{} → erofs", layer.name), layer.size);
        let reader = Reported::new((layer.open)()?, task);
        let actual = decompress(reader)
            .and_then(|tar| tarball::read(tar, layer.size, &budget, &mut add))
            .map_err(fail)?;
        if actual != layer.diff_id {
            return Err(Error::DiffId {
                layer: layer.name.clone(),
                expected: layer.diff_id,
                actual,
            });
        }
    }
    archive
        .into_inner()
        .and_then(|mut out| out.flush())
        .map_err(|source| Error::Layer {
            layer: NAME.to_owned(),
            source,
        })
}

fn append<W: Write>(
    archive: &mut tar::Builder<W>,
    entry: &Entry,
    content: &mut dyn Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(entry.mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(entry.mtime);
    header.set_size(0);
    let path = if entry.path.as_os_str().is_empty() {
        Path::new("./")
    } else {
        &entry.path
    };
    match &entry.kind {
        Kind::File => {
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(entry.size);
            archive.append_data(&mut header, path, content)
        }
        Kind::Folder => {
            header.set_entry_type(tar::EntryType::Directory);
            archive.append_data(&mut header, path, io::empty())
        }
        Kind::Symlink(target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            archive.append_link(&mut header, path, target)
        }
        Kind::Hardlink(target) => {
            header.set_entry_type(tar::EntryType::Link);
            archive.append_link(&mut header, path, target)
        }
    }
}

fn is_broken_pipe(error: &Error) -> bool {
    matches!(error, Error::Layer { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
}

/// What a program said, without what would move the cursor.
fn tail(file: &File) -> String {
    let mut said = Vec::new();
    let mut file = file;
    let read = file
        .rewind()
        .and_then(|()| file.take(SAID).read_to_end(&mut said));
    let said = match read {
        Ok(_) => String::from_utf8_lossy(&said).into_owned(),
        Err(_) => String::new(),
    };
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    media::plain(&lines.join("; "), 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_program_says() {
        let said = "mkfs.erofs (erofs-utils) 1.8.6\navailable compressors: lz4, zstd\n";
        assert_eq!(version(said).as_deref(), Some("1.8.6"));
        for (version, found) in [
            ("1.8.6", Some((1, 8))),
            ("1.10-gabc", Some((1, 10))),
            ("2", None),
            ("", None),
        ] {
            assert_eq!(numbers(version), found, "{version}");
        }
    }

    #[test]
    fn a_uuid_says_that_it_is_of_version_8() {
        assert_eq!(uuid(&[0xff; 32]), "ffffffff-ffff-8fff-bfff-ffffffffffff");
    }

    #[test]
    fn an_image_is_known_by_its_magic_number() {
        let mut head = vec![0; HEAD];
        assert!(!is_image(&head));
        head[1024..].copy_from_slice(&0xe0f5_e1e2u32.to_le_bytes());
        assert!(is_image(&head));
        assert!(!is_image(&head[..1025]));
    }
}
