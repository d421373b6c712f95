//! Plain Docker volumes, under the names by which existing Backend.AI agents look for them:
//! `backendai-krunner.v{VERSION}.{ARCHITECTURE}.{DISTRO}`, with a file `VERSION` in them.
//!
//! Nothing is copied: such a volume is an overlay of two folders, the store's volume and one that has nothing but `VERSION`.
//! Without an upper folder nobody can write through it, however it is mounted. A lease keeps the store's volume for as
//! long as the engine has the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use super::engine::{Engine, EngineVolume, NewVolume, Removed};
use super::events::What;
use super::node::Node;
use super::target::Target;
use crate::digest::Digest;
use crate::fsutil;
use crate::labels::keys;
use crate::platform::Platform;
use crate::store::{self, Store};

/// On our volumes: the manifest that they show.
const MANIFEST: &str = "ai.backend.krunner.manifest";
/// On our volumes: the store that has it. An engine may be served from several.
const STORE: &str = "ai.backend.krunner.store";
/// What the leases of plain volumes begin with.
const LEASE: &str = "volume:";

/// Gives the engine a plain volume of every platform of what a followed reference leads to.
pub(super) fn provide(node: &Node, target: &Target) -> Result<(), Error> {
    let Some(engine) = node.config.engine.as_deref().map(Engine::new) else {
        return Ok(());
    };
    for platform in &target.followed.platforms {
        let volume = node.store.volume_of(&target.reference, *platform)?;
        let manifest = volume.ready.manifest;
        let (name, version) = plain_name(&node.store, &manifest, *platform)?;
        let marker = marker(&node.store, &version)?;
        match engine.volume(&name)? {
            Some(there) if !is_ours(&there, &node.store) => return Err(Error::Foreign(name)),
            Some(there) if shown(&there) == Some(manifest) => continue,
            // Another build under the same number: whoever has the old one keeps it, and the next look tries again.
            Some(_) if engine.remove(&name)? == Removed::InUse => continue,
            _ => {}
        }
        node.lease(
            &format!("{LEASE}{name}@{}", manifest.hex()),
            &manifest,
            None,
        )?;
        engine.create(&NewVolume {
            name: &name,
            driver: "local",
            driver_opts: BTreeMap::from([
                ("type", "overlay".to_owned()),
                ("device", "overlay".to_owned()),
                (
                    "o",
                    format!("lowerdir={}", lower(&[&marker, &volume.path])?),
                ),
            ]),
            labels: BTreeMap::from([
                (MANIFEST, manifest.to_string()),
                (STORE, node.store.root().display().to_string()),
                (keys::VERSION, version),
            ]),
        })?;
        node.events.tell(What::Volume {
            name,
            manifest: manifest.to_string(),
        });
    }
    Ok(())
}

/// Takes away the engine's plain volumes of versions that nobody keeps any more, unless a container has them, and ends
/// the leases of those that are gone.
pub(super) fn clear(node: &Node) -> Result<(), Error> {
    let Some(engine) = node.config.engine.as_deref().map(Engine::new) else {
        return Ok(());
    };
    let mut there = match engine.labelled(MANIFEST) {
        Ok(there) => there,
        // Without an answer nothing is known, and all stays as it is.
        Err(Error::Silent { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    there.retain(|volume| is_ours(volume, &node.store));
    let wanted = wanted(node)?;
    let mut shows = BTreeSet::new();
    for volume in &there {
        let Some(manifest) = shown(volume) else {
            continue;
        };
        if wanted.contains(&manifest) || engine.remove(&volume.name)? == Removed::InUse {
            shows.insert(format!("{LEASE}{}@{}", volume.name, manifest.hex()));
        }
    }
    for lease in node.store.leases()? {
        // A look may be about to make the volume of a lease whose manifest is wanted.
        let kept = shows.contains(&lease.id) || wanted.contains(&lease.manifest);
        if lease.id.starts_with(LEASE) && !kept {
            node.release(&lease.id)?;
        }
    }
    Ok(())
}

/// The manifests of versions that stay.
fn wanted(node: &Node) -> Result<BTreeSet<Digest>, Error> {
    let mut wanted = BTreeSet::new();
    for target in &node.targets {
        if let Some(name) = node.store.name(&target.reference)?
            && target.followed.docker_volume
        {
            let kept = name.versions().take(node.config.keep_last.max(1));
            wanted.extend(kept.flat_map(|version| version.platforms.values().copied()));
        }
    }
    Ok(wanted)
}

/// The name under which agents look for a volume, and its version.
fn plain_name(
    store: &Store,
    manifest: &Digest,
    platform: Platform,
) -> Result<(String, String), Error> {
    let document = store
        .manifest(manifest)
        .ok_or(Error::Store(store::Error::Gone(*manifest)))?;
    let annotation = |key: &'static str| {
        let value = document.annotations.get(key).filter(|value| is_word(value));
        value.cloned().ok_or(Error::Unnamed {
            manifest: *manifest,
            key,
        })
    };
    let (version, distro) = (annotation(keys::VERSION)?, annotation(keys::DISTRO)?);
    let machine = platform.architecture.machine();
    Ok((
        format!("backendai-krunner.v{version}.{machine}.{distro}"),
        version,
    ))
}

/// What may stand in a volume's name: the engine's own rule.
fn is_word(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

fn is_ours(volume: &EngineVolume, store: &Store) -> bool {
    let labels = volume.labels.as_ref();
    labels.and_then(|labels| labels.get(STORE)) == Some(&store.root().display().to_string())
}

fn shown(volume: &EngineVolume) -> Option<Digest> {
    volume.labels.as_ref()?.get(MANIFEST)?.parse().ok()
}

/// A folder with nothing but `VERSION`, as the old way's extractor wrote it.
fn marker(store: &Store, version: &str) -> Result<PathBuf, Error> {
    let folder = store.root().join("agent/versions").join(version);
    let file = folder.join("VERSION");
    let content = format!("{version}\n");
    if fs::read_to_string(&file).is_ok_and(|there| there == content) {
        return Ok(folder);
    }
    let fail = |source| Error::io("write", &file, source);
    fsutil::private_dir(&folder).map_err(fail)?;
    fsutil::replace(&file, content.as_bytes()).map_err(fail)?;
    open_up(&folder, 0o755)
        .and_then(|()| open_up(&file, 0o644))
        .map_err(fail)?;
    Ok(folder)
}

/// The overlay's root and what is in it must be readable in containers.
fn open_up(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Folders for the option `lowerdir`, the uppermost first. What the option or the engine would split is refused.
fn lower(folders: &[&Path]) -> Result<String, Error> {
    let texts: Option<Vec<&str>> = folders
        .iter()
        .map(|folder| {
            folder
                .to_str()
                .filter(|text| !text.contains([':', ',', '\\']))
        })
        .collect();
    let texts =
        texts.ok_or_else(|| Error::Split(folders.last().unwrap_or(&Path::new("")).into()))?;
    Ok(texts.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_the_option_would_split_are_refused() {
        let lower = |path: &str| lower(&[Path::new("/a"), Path::new(path)]);
        assert_eq!(lower("/b/c").unwrap(), "/a:/b/c");
        for path in ["/b:c", "/b,c", "/b\\c"] {
            assert!(lower(path).is_err(), "{path}");
        }
    }

    #[test]
    fn the_marker_says_the_version_and_can_be_read_by_all() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let store = Store::init(dir.path()).unwrap();
        for _ in 0..2 {
            let folder = marker(&store, "15").unwrap();
            let file = folder.join("VERSION");
            assert_eq!(fs::read_to_string(&file).unwrap(), "15\n");
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&folder), mode(&file)), (0o755, 0o644));
        }
    }
}
