//! Where things lie: the checkout, its target folder, and the short folder for sockets.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The checkout that this program was built from.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// Its top folder.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
}

impl Tree {
    /// Finds the checkout.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask lies in no checkout")?
            .to_path_buf();
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |given| root.join(given));
        Ok(Self { root, target })
    }

    /// A folder of the workbench, made when it is not there.
    pub(crate) fn workbench(&self, below: &str) -> Result<PathBuf> {
        folder(self.target.join("workbench").join(below))
    }

    /// The folder for sockets and process ids: the path of a Unix socket may have 108 bytes, and
    /// containerd puts forty of its own below ours. One for each checkout.
    pub(crate) fn sockets(&self) -> Result<PathBuf> {
        let name = format!("krunner-{}", self.key());
        let run = Path::new("/run").join(&name);
        if fs::create_dir_all(&run).is_ok() {
            return Ok(run);
        }
        folder(env::temp_dir().join(name))
    }

    /// Eight letters that tell this checkout from others on the machine.
    pub(crate) fn key(&self) -> String {
        let digest = Sha256::digest(self.root.as_os_str().as_encoded_bytes());
        hex::encode(&digest[..4])
    }
}

/// Makes a folder and what lies above it.
pub(crate) fn folder(path: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&path)
        .with_context(|| format!("Cannot make the folder `{}`", path.display()))?;
    Ok(path)
}

/// Makes a link where nothing is.
pub(crate) fn link(to: impl AsRef<Path>, at: &Path) -> Result<()> {
    if at.symlink_metadata().is_err() {
        symlink(to, at).with_context(|| format!("Cannot make the link `{}`", at.display()))?;
    }
    Ok(())
}
