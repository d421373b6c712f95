//! Work that takes long, as it goes on: what `krunner status` shows.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::events::{Events, What};
use super::locked;
use crate::artifact::{Reporter, Task};

/// A piece of work at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Piece {
    /// The reference that is being deployed.
    pub reference: String,
    /// What of it, such as a layer.
    pub what: String,
    /// Bytes that are done.
    pub done: u64,
    /// Bytes in all; 0 if nobody knows.
    pub total: u64,
}

/// All work that goes on.
#[derive(Debug, Default)]
pub(super) struct Work {
    pieces: Arc<Mutex<BTreeMap<u64, Going>>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Going {
    piece: Piece,
    done: Arc<AtomicU64>,
}

impl Work {
    /// All pieces, the oldest first.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let pieces = locked(&self.pieces);
        let now = |going: &Going| Piece {
            done: going.done.load(Ordering::Relaxed),
            ..going.piece.clone()
        };
        pieces.values().map(now).collect()
    }

    /// Hears of the work on a reference, and tells what went another way.
    pub(super) fn on<'a>(&'a self, reference: &'a str, events: &'a Events) -> impl Reporter + 'a {
        On {
            work: self,
            reference,
            events,
        }
    }
}

struct On<'a> {
    work: &'a Work,
    reference: &'a str,
    events: &'a Events,
}

impl Reporter for On<'_> {
    fn start(&self, what: &str, total: u64) -> Box<dyn Task> {
        let number = self.work.next.fetch_add(1, Ordering::Relaxed);
        let done = Arc::new(AtomicU64::new(0));
        let going = Going {
            piece: Piece {
                reference: self.reference.to_owned(),
                what: what.to_owned(),
                done: 0,
                total,
            },
            done: Arc::clone(&done),
        };
        locked(&self.work.pieces).insert(number, going);
        Box::new(One {
            pieces: Arc::clone(&self.work.pieces),
            number,
            done,
        })
    }

    fn note(&self, message: &str) {
        self.events.tell(What::Noted {
            reference: self.reference.to_owned(),
            message: message.to_owned(),
        });
    }
}

struct One {
    pieces: Arc<Mutex<BTreeMap<u64, Going>>>,
    number: u64,
    done: Arc<AtomicU64>,
}

impl Task for One {
    fn advance(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for One {
    fn drop(&mut self) {
        locked(&self.pieces).remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_seen_while_it_goes_on() {
        let (work, events) = (Work::default(), Events::default());
        let reporter = work.on("a", &events);
        let task = reporter.start("wheels", 10);
        task.advance(3);
        task.advance(4);
        let [piece] = &work.pieces()[..] else {
            panic!("one piece");
        };
        assert_eq!((piece.done, piece.total), (7, 10));
        drop(task);
        assert_eq!(work.pieces(), []);
    }

    #[test]
    fn what_went_another_way_is_told_with_its_reference() {
        let (work, events) = (Work::default(), Events::default());
        work.on("a", &events).note("no image");
        let [told] = &events.after(0)[..] else {
            panic!("one event");
        };
        let noted = What::Noted {
            reference: "a".to_owned(),
            message: "no image".to_owned(),
        };
        assert_eq!(told.what, noted);
    }
}
