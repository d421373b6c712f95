//! Takes a ready-made ttyd, and writes the binary of either step.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Fault, Target, verify};
use crate::tool::archive::{self, Format, Opened, Options};
use crate::tool::step::Bytes;
use crate::tool::tree::{Links, Tree};
use crate::tool::{Error, elf, normalise};

/// Where an archive with the binary is unpacked.
const WORK: &str = "/tmp/ttyd";
/// More than any ttyd has. A larger file is not read into memory.
const LARGEST: u64 = 64 << 20;

/// Takes the binary, or the one in an archive, verifies it, and writes it into `out`.
pub(in crate::tool) fn take(
    binary: &Bytes,
    target: &Target,
    epoch: u64,
    out: &Path,
) -> Result<(), Error> {
    let path = match archive::open(binary)? {
        Opened::File {
            path,
            format: Format::Elf,
        } => path,
        _ => unpack(binary, target, Path::new(WORK))?,
    };
    let bytes = std::fs::read(&path).map_err(Fault::file(&path))?;
    verify::check_given(&bytes, target).map_err(Fault::from)?;
    if let Some((ping, hangup)) = verify::overriding(&bytes, target) {
        // Nothing can be done about a standard error that is closed.
        let _ = writeln!(
            io::stderr(),
            "warning: {}: ttyd's own policy in it, a ping after {ping} and a hang-up after {hangup} seconds, overrides {} and {}\nhint: pass `-P` when it is started, or build it from sources",
            binary.name,
            target.ping,
            target.hangup,
        );
    }
    let written = write(&bytes, out)?;
    verify::check_version(&written, target).map_err(Fault::from)?;
    Ok(normalise::stamp(out, epoch)?)
}

/// Writes `bin/ttyd` into `out`.
pub(super) fn write(bytes: &[u8], out: &Path) -> Result<PathBuf, Fault> {
    let path = out.join("bin/ttyd");
    let folder = out.join("bin");
    std::fs::create_dir_all(&folder).map_err(Fault::file(&folder))?;
    std::fs::write(&path, bytes).map_err(Fault::file(&path))?;
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755))
        .map_err(Fault::file(&path))?;
    Ok(path)
}

/// Unpacks an archive and finds the one binary of the target's machine in it.
fn unpack(binary: &Bytes, target: &Target, work: &Path) -> Result<PathBuf, Error> {
    let tree = Tree::create(work, Links::Inside).map_err(Error::out(work))?;
    archive::unpack(binary, &tree, &Options::default())?;
    tree.finish().map_err(Error::at(&binary.name))?;
    let mut found = Vec::new();
    find(work, target, &mut found).map_err(Fault::file(work))?;
    match found.as_slice() {
        [path] => Ok(path.clone()),
        several => Err(Fault::NotOneBinary {
            input: binary.name.clone(),
            machine: target.architecture.machine(),
            found: several.len(),
        }
        .into()),
    }
}

fn find(folder: &Path, target: &Target, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            find(&path, target, found)?;
        } else if kind.is_file()
            && entry.file_name().to_string_lossy().starts_with("ttyd")
            && entry.metadata()?.len() <= LARGEST
            && elf::machine(&std::fs::read(&path)?).as_deref()
                == Some(target.architecture.machine())
        {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
