//! A layout's folder as one file, to be carried where no network goes.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

use super::Error;
use crate::fsutil;

/// When every file of an archive is from: archives of the same layout are the same.
const EPOCH: u64 = 1_704_067_200;

/// Writes the layout in `dir` to `file`, in one step.
pub fn write_archive(dir: &Path, file: &Path) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        let beside = file.parent().filter(|dir| !dir.as_os_str().is_empty());
        let temporary = tempfile::NamedTempFile::new_in(beside.unwrap_or(Path::new(".")))?;
        let out = BufWriter::with_capacity(1 << 20, temporary.as_file());
        let mut archive = tar::Builder::new(out);
        // The marker first, by which readers know what it is.
        for name in ["oci-layout", "index.json"] {
            append(&mut archive, dir, name)?;
        }
        let mut blobs = fs::read_dir(dir.join("blobs/sha256"))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()?;
        blobs.sort();
        for blob in blobs {
            append(&mut archive, dir, &format!("blobs/sha256/{blob}"))?;
        }
        archive
            .into_inner()?
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        temporary.as_file().sync_data()?;
        fsutil::publish(temporary, file)
    };
    write().map_err(|source| Error::io("write", file, source))
}

fn append<W: io::Write>(archive: &mut tar::Builder<W>, dir: &Path, name: &str) -> io::Result<()> {
    let file = File::open(dir.join(name))?;
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(EPOCH);
    header.set_size(file.metadata()?.len());
    archive.append_data(&mut header, name, file)
}
