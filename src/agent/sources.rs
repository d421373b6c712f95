//! Where artifacts come from, as the agent sees it: the command knows credentials, mirrors and policy.

use super::Error;
use crate::artifact::BlobSource;
use crate::reference::Reference;

/// Opens the places that references name.
pub trait Sources: Send + Sync {
    /// Opens a place, holds what it names against the node's policy, and hands it to `work`. What `work` reads is what
    /// was verified, wherever the tag leads meanwhile. Where the policy demands nothing, nothing was asked yet.
    fn with(
        &self,
        reference: &Reference,
        work: &mut dyn FnMut(&dyn BlobSource) -> Result<(), Error>,
    ) -> Result<(), Error>;
}
