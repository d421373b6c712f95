//! Events for whoever listens: server-sent events, the `text/event-stream` of the HTML standard.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use hyper::body::Frame;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::Handler;
use crate::agent::Event;

/// How often somebody who listens hears that nothing happened, so that a dead end is noticed.
const ALIVE: Duration = Duration::from_secs(15);

/// What one listener is at.
struct Listener<H> {
    handler: Arc<H>,
    newest: watch::Receiver<u64>,
    after: u64,
    _place: OwnedSemaphorePermit,
}

/// The events after the one of a number, first those that are remembered, then those that come.
pub(super) fn frames<H: Handler>(
    handler: Arc<H>,
    after: u64,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    let listener = Listener {
        newest: handler.events().newest(),
        handler,
        after,
        _place: place,
    };
    let texts = stream::unfold(listener, |mut listener| async move {
        loop {
            let heard = listener.handler.events().after(listener.after);
            if let Some(last) = heard.last() {
                listener.after = last.id;
                let text: String = heard.iter().map(written).collect();
                return Some((text, listener));
            }
            let changed = tokio::time::timeout(ALIVE, listener.newest.changed());
            if changed.await.is_err() {
                return Some((": nothing happened\n\n".to_owned(), listener));
            }
        }
    });
    // The first line goes out at once, so that a listener knows that it is heard.
    let hello = stream::once(async { ": hello\n\n".to_owned() });
    hello
        .chain(texts)
        .map(|text| Ok(Frame::data(Bytes::from(text))))
}

fn written(event: &Event) -> String {
    let data = serde_json::to_string(event).unwrap_or_default();
    let kind = event.what.kind();
    format!("id: {}\nevent: {kind}\ndata: {data}\n\n", event.id)
}
