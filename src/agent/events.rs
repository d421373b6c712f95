//! What happened, for whoever listens: the newest events in memory, each with a number.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{locked, now};
use crate::platform::Platform;

/// How many events somebody may be behind, or have missed while away.
const REMEMBERED: usize = 256;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Counts up by one from the agent's start, which is 1.
    pub id: u64,
    /// When, in seconds since 1970.
    pub time: u64,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum What {
    /// The agent runs.
    Started {
        /// Its version.
        version: String,
    },
    /// A reference leads to another version.
    Deployed {
        /// The reference.
        reference: String,
        /// The index.
        digest: String,
        /// For which platforms.
        platforms: Vec<Platform>,
        /// Bytes that were fetched.
        fetched: u64,
    },
    /// The work on a reference went another way than it might have, and went on.
    Noted {
        /// The reference.
        reference: String,
        /// Which way, and why.
        message: String,
    },
    /// A reference names what was rolled back from, so it leads to where it did.
    HeldBack {
        /// The reference.
        reference: String,
        /// The index that is not taken.
        digest: String,
    },
    /// A reference could not be deployed. What it leads to is as it was.
    Failed {
        /// The reference.
        reference: String,
        /// Why.
        error: String,
        /// How often in a row.
        failures: u32,
    },
    /// Somebody relies on a volume.
    Leased {
        /// The lease's ID.
        id: String,
        /// The volume's manifest.
        manifest: String,
    },
    /// Somebody does not any more.
    Released {
        /// The lease's ID.
        id: String,
    },
    /// The engine has a plain volume that it had not, or had otherwise.
    Volume {
        /// The volume's name.
        name: String,
        /// The volume's manifest.
        manifest: String,
    },
    /// What nobody wanted is gone.
    Collected {
        /// How many volumes.
        volumes: usize,
        /// How many blobs.
        blobs: usize,
        /// How many bytes.
        bytes: u64,
    },
    /// Housekeeping failed, and will be tried again.
    Trouble {
        /// What.
        error: String,
    },
}

impl What {
    /// Its name, as it stands in the field `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Deployed { .. } => "deployed",
            Self::Noted { .. } => "noted",
            Self::HeldBack { .. } => "held-back",
            Self::Failed { .. } => "failed",
            Self::Leased { .. } => "leased",
            Self::Released { .. } => "released",
            Self::Volume { .. } => "volume",
            Self::Collected { .. } => "collected",
            Self::Trouble { .. } => "trouble",
        }
    }
}

/// The newest events.
#[derive(Debug)]
pub struct Events {
    kept: Mutex<Kept>,
    newest: watch::Sender<u64>,
    told: Condvar,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Event>,
    closed: bool,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            newest: watch::Sender::new(0),
            told: Condvar::new(),
        }
    }
}

impl Events {
    /// Tells everybody.
    pub(super) fn tell(&self, what: What) {
        let mut kept = locked(&self.kept);
        let id = *self.newest.borrow() + 1;
        if kept.events.len() == REMEMBERED {
            kept.events.pop_front();
        }
        kept.events.push_back(Event {
            id,
            time: now(),
            what,
        });
        // Under the lock, so that whoever hears of it finds it.
        self.newest.send_replace(id);
        self.told.notify_all();
    }

    /// The events after the one of this number, as far as they are remembered.
    pub fn after(&self, id: u64) -> Vec<Event> {
        locked(&self.kept).after(id)
    }

    /// The same, when there are some; nothing when there will be none any more. Blocks.
    pub fn wait(&self, id: u64) -> Option<Vec<Event>> {
        let mut kept = locked(&self.kept);
        loop {
            let events = kept.after(id);
            if !events.is_empty() {
                return Some(events);
            }
            if kept.closed {
                return None;
            }
            kept = self.told.wait(kept).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the waiting.
    pub fn close(&self) {
        locked(&self.kept).closed = true;
        self.told.notify_all();
    }

    /// Says when there is something new, by its number.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}

impl Kept {
    fn after(&self, id: u64) -> Vec<Event> {
        let newer = self.events.iter().filter(|event| event.id > id);
        newer.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_events_are_remembered_and_numbered() {
        let events = Events::default();
        for number in 0..REMEMBERED + 10 {
            let id = number.to_string();
            events.tell(What::Released { id });
        }
        let all = events.after(0);
        assert_eq!((all.len(), all[0].id), (REMEMBERED, 11));
        assert_eq!(events.after(264).len(), 2);
        assert_eq!(*events.newest().borrow(), 266);
        assert_eq!(events.wait(265).unwrap().len(), 1);
        events.close();
        assert_eq!(events.wait(266), None);
        let told = serde_json::to_value(&all[0]).unwrap();
        assert_eq!(told["kind"], all[0].what.kind());
    }
}
