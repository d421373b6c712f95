//! Following: one thread for each reference, so that one that fails or hangs holds up no other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::events::What;
use super::node::Node;
use super::target::Target;
use super::{Error, volumes};
use crate::store::Deployed;

/// Looks at a reference again and again, until the agent ends.
pub(super) fn follow(node: &Node, target: &Target) {
    while target.wait() {
        // A fault of ours in one look must not end the looking.
        let result = catch_unwind(AssertUnwindSafe(|| look(node, target)));
        let result = result.unwrap_or(Err(Error::Panic));
        let failures = target.done(&result);
        if let Err(error) = result {
            node.events.tell(What::Failed {
                reference: target.reference.clone(),
                error: error.chain(),
                failures,
            });
        }
    }
}

/// One look: deploys what the reference names now, and gives the engine its plain volume.
fn look(node: &Node, target: &Target) -> Result<Deployed, Error> {
    let followed = &target.followed;
    let deployed = node.deploy(&followed.reference, &followed.platforms)?;
    if followed.docker_volume {
        volumes::provide(node, target)?;
    }
    Ok(deployed)
}
