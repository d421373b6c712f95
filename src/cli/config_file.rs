//! Where configuration lies that nobody named: the user's folder first, then the machine's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::env;

/// Where a machine has it.
const SYSTEM: &str = "/etc/krunner";

/// The first file of this name that there is, with its text. One that cannot be read is an error, and not passed over.
pub(super) fn find(name: &str) -> anyhow::Result<Option<(PathBuf, String)>> {
    let user = user_folder().map(|config| config.join("krunner"));
    for folder in user.into_iter().chain([SYSTEM.into()]) {
        let file = folder.join(name);
        if let Some(bytes) = read(&file)? {
            let text = String::from_utf8(bytes)
                .with_context(|| format!("Not a text in UTF-8: `{}`", file.display()))?;
            return Ok(Some((file, text)));
        }
    }
    Ok(None)
}

/// Where a user's programs have their configuration.
pub(super) fn user_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from);
    set(env::XDG_CONFIG_HOME).or_else(|| set(env::HOME).map(|home| home.join(".config")))
}

/// A file's bytes; nothing, if it is not there.
pub(super) fn read(file: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("Cannot read `{}`", file.display())),
    }
}
