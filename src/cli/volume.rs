//! Which volume a verb is about: the arguments that several verbs share.

use clap::Args;

use super::store::StoreArgs;
use crate::platform::Platform;
use crate::reference::Reference;

/// An artifact, one of its platforms, and the store that its volume is in.
#[derive(Debug, Args)]
pub(super) struct VolumeArgs {
    /// The artifact: REGISTRY/NAME[:TAG][@DIGEST], oci:DIR[:TAG] or oci-archive:FILE[:TAG]
    reference: String,
    /// For which platform [default: this machine's]
    #[arg(long)]
    platform: Option<Platform>,
    #[command(flatten)]
    pub(super) store: StoreArgs,
}

impl VolumeArgs {
    pub(super) fn reference(&self) -> anyhow::Result<Reference> {
        Ok(self.reference.parse()?)
    }

    pub(super) fn platform(&self) -> Platform {
        self.platform.unwrap_or_else(Platform::host)
    }
}
