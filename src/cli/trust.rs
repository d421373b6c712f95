//! Whose signature a verb wants, from its options and from the policy, and whose keys it signs with.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{config_file, source};
use crate::artifact::BlobSource as _;
use crate::env;
use crate::reference::Reference;
use crate::trust::{Demand, Error, Pinned, Policy, PublicKey, SecretKey, signers};

/// The options of every verb that takes an artifact, to be flattened into its arguments.
#[derive(Debug, Args)]
pub(super) struct Trusting {
    /// Take only what is signed with one of these keys (cosign.pub); may be repeated
    #[arg(long, value_name = "FILE")]
    verify_key: Vec<PathBuf>,
    /// The policy that says from where, and signed by whom, artifacts are taken
    #[arg(long, value_name = "FILE", env = env::KRUNNER_POLICY, hide_env_values = true)]
    policy: Option<PathBuf>,
}

impl Trusting {
    /// Says who has signed what a source names, as far as anybody wants to know. It is an error if somebody wants a
    /// signature that is not there.
    pub(super) fn check(
        &self,
        source: &Pinned<'_>,
        reference: &Reference,
    ) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        if !self.verify_key.is_empty() {
            names.extend(signed(source, &self.verify_key)?);
        }
        if let Some(policy) = self.policy()? {
            let name = place(reference);
            match policy.demand(&name) {
                Demand::Nothing => {}
                Demand::Refused => return Err(Error::Forbidden(name).into()),
                Demand::Signed(keys) => names.extend(signed(source, &keys)?),
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The policy that is named, else the user's, else the machine's. None is fine where none is named.
    fn policy(&self) -> anyhow::Result<Option<Policy>> {
        if let Some(named) = &self.policy {
            return Ok(Some(Policy::parse(&text(named)?, named)?));
        }
        // A policy that cannot be read is not one that allows everything.
        match config_file::find("policy.toml")? {
            Some((file, text)) => Ok(Some(Policy::parse(&text, &file)?)),
            None => Ok(None),
        }
    }
}

/// The keys, of those in files, that have signed what a source names.
pub(super) fn signed(source: &Pinned<'_>, files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let keys = files
        .iter()
        .map(|file| Ok(PublicKey::parse(&text(file)?, &file.display().to_string())?))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let root = source.root().map_err(Error::from)?;
    let signers = signers(source, &root.descriptor.digest, &keys)?;
    Ok(signers.iter().map(|key| key.name().to_owned()).collect())
}

/// A private key from a file, opened with the password of the environment if it is encrypted.
pub(super) fn secret_key(file: &Path) -> anyhow::Result<SecretKey> {
    let password = std::env::var(env::COSIGN_PASSWORD).unwrap_or_default();
    Ok(SecretKey::parse(
        &text(file)?,
        &password,
        &file.display().to_string(),
    )?)
}

/// A reference without tag and digest, as policies name places.
fn place(reference: &Reference) -> String {
    if let Reference::Registry(place) = reference {
        return format!("{}/{}", place.registry, place.name);
    }
    let full = source::canonical(reference);
    match reference.tag() {
        Some(tag) => full
            .strip_suffix(&format!(":{tag}"))
            .unwrap_or(&full)
            .to_owned(),
        None => full,
    }
}

/// A file's text.
pub(super) fn text(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).map_err(|error| crate::artifact::Error::io("read", file, error).into())
}
