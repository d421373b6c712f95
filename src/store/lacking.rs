//! What images need that this kernel was found to lack, so that the next one like it is not fetched in vain.
//!
//! A kernel says what it can read only when it is given an image. What it said is known for as long as the process runs:
//! an agent is told once, not with every version.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::erofs::SUPERBLOCK;

/// Where its superblock has them, and how many bytes.
const AT: u64 = 80;
const LENGTH: usize = 6;

/// What an image needs of a kernel: features (`feature_incompat`) and compressions (`available_compr_algs`) of its superblock
/// (`erofs_fs.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Needs([u8; LENGTH]);

impl Needs {
    /// By the first bytes of an image.
    pub(super) fn read(mut image: impl Read) -> io::Result<Self> {
        let mut needs = [0; LENGTH];
        io::copy(&mut image.by_ref().take(SUPERBLOCK + AT), &mut io::sink())?;
        image.read_exact(&mut needs)?;
        Ok(Self(needs))
    }
}

/// What the kernel has refused.
#[derive(Clone, Debug, Default)]
pub(super) struct Lacking(Arc<Mutex<BTreeSet<Needs>>>);

impl Lacking {
    /// Notes why an image could not be mounted, if that was what it needs.
    pub(super) fn note(&self, image: &Path, error: &io::Error) {
        // What kernels say of an image that they do not understand. Everything else may be otherwise the next time.
        let not_understood = matches!(
            error.kind(),
            io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
        );
        if not_understood && let Ok(needs) = File::open(image).and_then(Needs::read) {
            self.locked().insert(needs);
        }
    }

    /// Whether anything was refused.
    pub(super) fn is_empty(&self) -> bool {
        self.locked().is_empty()
    }

    /// Whether what needs just this was refused.
    pub(super) fn has(&self, needs: Needs) -> bool {
        self.locked().contains(&needs)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeSet<Needs>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With these features and compressions.
    fn image(needs: [u8; LENGTH]) -> Vec<u8> {
        let mut image = vec![0; 4096];
        image[1104..1110].copy_from_slice(&needs);
        image
    }

    #[test]
    fn what_was_refused_for_what_it_needs_is_known_by_that() {
        let (lacking, dir) = (Lacking::default(), tempfile::tempdir().unwrap());
        let image = |name: &str, needs| {
            let path = dir.path().join(name);
            std::fs::write(&path, image(needs)).unwrap();
            (Needs::read(File::open(&path).unwrap()).unwrap(), path)
        };
        let (zstd, its_image) = image("zstd", [3, 0, 0, 0, 8, 0]);
        let (lz4, other_image) = image("lz4", [3, 0, 0, 0, 1, 0]);
        lacking.note(&other_image, &io::ErrorKind::OutOfMemory.into());
        assert!(lacking.is_empty());
        lacking.note(&its_image, &rustix::io::Errno::OPNOTSUPP.into());
        assert!(lacking.has(zstd) && !lacking.has(lz4));
        assert!(Needs::read(&[0; 1100][..]).is_err());
    }
}
