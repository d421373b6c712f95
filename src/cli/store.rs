//! The `--store` option of every verb that uses the node's store.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::env;
use crate::store::Store;

/// Where the store is when root runs us: the place for a machine's own state.
const SYSTEM_STORE: &str = "/var/lib/krunner";

/// The option, to be flattened into a verb's arguments.
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    /// The store's folder [default: /var/lib/krunner for root, else `$XDG_DATA_HOME`/krunner]
    #[arg(long, value_name = "DIR", env = env::KRUNNER_STORE, hide_env_values = true)]
    store: Option<PathBuf>,
}

impl StoreArgs {
    /// The same, but for what is named elsewhere and not here.
    pub(super) fn or(self, other: Option<&Path>) -> Self {
        Self {
            store: self.store.or_else(|| other.map(Path::to_owned)),
        }
    }

    /// Opens the store, and makes it if it is missing.
    pub(super) fn init(&self) -> anyhow::Result<Store> {
        Ok(Store::init(&self.folder()?)?)
    }

    /// Opens the store, which must be there.
    pub(super) fn open(&self) -> anyhow::Result<Store> {
        Ok(Store::open(&self.folder()?)?)
    }

    fn folder(&self) -> anyhow::Result<PathBuf> {
        if let Some(store) = &self.store {
            // What is printed must still be right in another folder.
            return std::path::absolute(store)
                .with_context(|| format!("Cannot find `{}`", store.display()));
        }
        if rustix::process::geteuid().is_root() {
            return Ok(SYSTEM_STORE.into());
        }
        let set = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        set(env::XDG_DATA_HOME)
            .or_else(|| set(env::HOME).map(|home| home.join(".local/share")))
            .map(|data| data.join(Path::new("krunner")))
            .context("No place for a store: neither `$XDG_DATA_HOME` nor `$HOME` is set")
    }
}
