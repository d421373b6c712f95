//! Keeping house: what nobody follows, uses or asks for any more is forgotten, and then collected.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::bell::Woken;
use super::events::What;
use super::node::Node;
use super::{Error, locked, now, volumes};
use crate::store::{self, Collect, Collected, Name};

/// After a ring others often follow; they are heard together.
const CALM: Duration = Duration::from_millis(200);
/// While somebody pulls, nothing can be collected; then it is tried again.
const BUSY: Duration = Duration::from_secs(15);
/// After any other failure.
const TROUBLE: Duration = Duration::from_mins(1);
/// How long a round waits for who uses the store just now.
const PATIENCE: Duration = Duration::from_secs(2);

/// Keeps house until the agent ends.
pub(super) fn keep(node: &Node) {
    let mut wait = Duration::ZERO;
    loop {
        match node.housekeeping.wait(wait) {
            Woken::Stopped => return,
            Woken::Rung => std::thread::sleep(CALM),
            Woken::Time => {}
        }
        // A fault of ours in one round must not end the keeping.
        let done = catch_unwind(AssertUnwindSafe(|| round(node, false)));
        wait = match done.unwrap_or(Err(Error::Panic)) {
            Ok(_) => node.config.collect_every,
            Err(Error::Store(store::Error::Busy { .. })) => BUSY,
            Err(error) => {
                node.events.tell(What::Trouble {
                    error: error.chain(),
                });
                TROUBLE.min(node.config.collect_every)
            }
        };
    }
}

/// One round. With `dry_run` it only says what would be collected.
pub(super) fn round(node: &Node, dry_run: bool) -> Result<Collected, Error> {
    if !dry_run {
        node.plugin.clear(node)?;
        volumes::clear(node)?;
        forget(node)?;
    }
    let collected = node.store.gc(Collect {
        keep_last: node.config.keep_last,
        cache: false,
        wait: PATIENCE,
        dry_run,
    })?;
    if !dry_run {
        locked(&node.collected).add(&collected);
        if collected != Collected::default() {
            node.events.tell(What::Collected {
                volumes: collected.volumes.len(),
                blobs: collected.blobs.len(),
                bytes: collected.bytes,
            });
        }
    }
    Ok(collected)
}

/// Forgets names that are there because of us, and that nobody wants any more.
fn forget(node: &Node) -> Result<(), Error> {
    let mut wanted: BTreeSet<String> = node.plugin.references()?;
    wanted.extend(node.targets.iter().map(|target| target.reference.clone()));
    let leases = node.store.leases()?;
    for managed in node.names.all()? {
        let reference = &managed.reference;
        let age = now().saturating_sub(managed.used);
        if wanted.contains(reference) || age < node.config.forget_after.as_secs() {
            continue;
        }
        let name = node.store.name(reference)?;
        let is_leased = |name: &Name| {
            let mut leases = leases.iter().filter(|lease| lease.holds(now()));
            leases.any(|lease| {
                name.current
                    .platforms
                    .values()
                    .any(|one| *one == lease.manifest)
            })
        };
        if name.as_ref().is_some_and(is_leased) {
            continue;
        }
        node.store.forget(reference)?;
        node.names.remove(reference)?;
    }
    Ok(())
}
