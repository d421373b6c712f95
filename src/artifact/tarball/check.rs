//! Which entries a layer may have.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use tar::EntryType;

use super::name::{MAX_PATH, clean, show};
use super::{Entry, Kind, Refused, in_entry};

/// One file; the largest in a real volume is Python's library with 40 MB.
const MAX_FILE: u64 = 1 << 30;
/// The end of the year 9999, after which tools write other dates.
const MAX_TIME: u64 = 253_402_300_799;
/// How PAX headers call extended attributes.
const XATTR: &[u8] = b"SCHILY.xattr.";

/// An entry as it may be unpacked; whatever else it says is refused.
pub(super) fn check<R: Read>(raw: &mut tar::Entry<'_, R>) -> io::Result<Entry> {
    let written = raw.path_bytes().into_owned();
    let shown = show(&written);
    let path = clean(&written, true)?;
    let kind = match raw.header().entry_type() {
        EntryType::Regular => Kind::File,
        EntryType::Directory => Kind::Folder,
        EntryType::Symlink => Kind::Symlink(target(raw, &shown)?),
        EntryType::Link => {
            let target = target(raw, &shown)?;
            Kind::Hardlink(clean(target.as_os_str().as_bytes(), false)?)
        }
        other => return Err(Refused::Type(shown, type_name(other)).into()),
    };
    if path.as_os_str().is_empty() && kind != Kind::Folder {
        return Err(Refused::Path(shown, "the root of the volume, which must be a folder").into());
    }
    if path
        .components()
        .any(|part| part.as_os_str().as_bytes().starts_with(b".wh."))
    {
        return Err(Refused::Whiteout(shown).into());
    }
    for extension in raw.pax_extensions()?.into_iter().flatten() {
        let extension = extension.map_err(Refused::unreadable)?;
        let key = extension.key_bytes();
        // Readers that pass over such a number see other files than those that do not.
        if key == b"size" && !extension.value_bytes().iter().all(u8::is_ascii_digit) {
            return Err(Refused::Type(shown, "of a size that is no number").into());
        }
        if key.starts_with(b"GNU.sparse") {
            return Err(Refused::Type(shown, "a sparse file").into());
        }
        if gives_rights(key) {
            let key = show(&key[XATTR.len()..]);
            return Err(Refused::Attribute(shown, key).into());
        }
    }
    let mode = raw.header().mode()? & 0o7777;
    if mode & 0o7000 != 0 && !matches!(kind, Kind::Symlink(_)) {
        return Err(Refused::Mode(shown).into());
    }
    let size = raw.size();
    if size > MAX_FILE {
        let refused = Refused::TooMuch("bytes in one file", MAX_FILE);
        return Err(in_entry(refused.into(), &path));
    }
    if kind != Kind::File && size > 0 {
        return Err(Refused::Type(shown, "a link or folder with content").into());
    }
    let mtime = raw.header().mtime()?;
    if mtime > MAX_TIME {
        return Err(Refused::Time(shown).into());
    }
    Ok(Entry {
        path,
        kind,
        mode,
        mtime,
        size,
    })
}

/// Whether a PAX key is an extended attribute that gives rights, or tells an overlay what to show. Others are harmless, and
/// left out.
fn gives_rights(key: &[u8]) -> bool {
    let Some(name) = key.strip_prefix(XATTR) else {
        return false;
    };
    let kinds: [&[u8]; 3] = [b"security.capability", b"system.posix_acl_", b"trusted."];
    kinds.iter().any(|kind| name.starts_with(kind))
}

fn target<R: Read>(raw: &tar::Entry<'_, R>, shown: &str) -> Result<PathBuf, Refused> {
    let refuse = |why| Refused::Link(shown.to_owned(), why);
    let target = raw.link_name_bytes().ok_or_else(|| refuse("no target"))?;
    if target.is_empty() {
        return Err(refuse("no target"));
    }
    if target.contains(&0) || target.len() > MAX_PATH {
        return Err(refuse("an impossible target"));
    }
    Ok(Path::new(OsStr::from_bytes(&target)).to_owned())
}

fn type_name(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Char => "a character device",
        EntryType::Block => "a block device",
        EntryType::Fifo => "a pipe",
        EntryType::Continuous => "a contiguous file",
        EntryType::GNUSparse => "a sparse file",
        EntryType::XGlobalHeader => "a global header",
        _ => "of an unknown type",
    }
}
