//! Certificates where Docker and Podman look for them: `certs.d/HOST/` with `*.crt` of authorities, and `NAME.cert` beside `NAME.key` to be shown.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::config_file;
use crate::registry::Identity;

/// Where a machine has them.
const SYSTEM: [&str; 2] = ["/etc/containers/certs.d", "/etc/docker/certs.d"];

/// The certificates for a registry.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    /// Trusted besides the system's.
    pub(super) authorities: Vec<Vec<u8>>,
    /// Shown.
    pub(super) identity: Option<Identity>,
}

/// What there is for a registry: the user's before the machine's, and Podman's before Docker's, whole folders at a time.
pub(super) fn find(registry: &str) -> anyhow::Result<Certificates> {
    let user = config_file::user_folder().map(|config| config.join("containers/certs.d"));
    for folder in user.into_iter().chain(SYSTEM.map(PathBuf::from)) {
        if let Some(found) = read(&folder.join(registry))? {
            return Ok(found);
        }
    }
    Ok(Certificates::default())
}

/// What is in a registry's folder, if there is one.
fn read(folder: &Path) -> anyhow::Result<Option<Certificates>> {
    let unread = || format!("Cannot read `{}`", folder.display());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(unread),
    };
    let files = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut files = files.collect::<io::Result<Vec<_>>>().with_context(unread)?;
    files.sort();
    let mut found = Certificates::default();
    for file in &files {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("crt") => found.authorities.push(need(file)?),
            // Docker tries one after the other; nobody was seen to have two.
            Some("cert") if found.identity.is_none() => {
                let key = file.with_extension("key");
                if !key.exists() {
                    bail!(
                        "Missing `{}`, the key of `{}` (certificates of authorities end in `.crt`)",
                        key.display(),
                        file.display()
                    );
                }
                found.identity = Some(identity(file, &key)?);
            }
            _ => {}
        }
    }
    Ok(Some(found))
}

/// A certificate to be shown, with its key.
pub(super) fn identity(cert: &Path, key: &Path) -> anyhow::Result<Identity> {
    Ok(Identity::new(&need(cert)?, &need(key)?))
}

/// A file that has to be there.
pub(super) fn need(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("Cannot read `{}`", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_authorities_and_one_pair_to_show() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(&folder.path().join("none")).unwrap().is_none());
        for name in ["ca.crt", "other.crt", "client.key", "readme"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let found = read(folder.path()).unwrap().unwrap();
        assert_eq!(
            found.authorities,
            [b"ca.crt".to_vec(), b"other.crt".to_vec()]
        );
        assert!(found.identity.is_none());
        fs::write(folder.path().join("client.cert"), "cert").unwrap();
        let found = read(folder.path()).unwrap().unwrap();
        assert!(found.identity.is_some());
        fs::write(folder.path().join("alone.cert"), "cert").unwrap();
        let error = read(folder.path()).unwrap_err();
        assert!(error.to_string().contains("alone.key"), "{error}");
    }
}
