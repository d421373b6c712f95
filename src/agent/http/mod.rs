//! Requests and answers, as the API and the plugin see them; `server` speaks the protocol.

mod problem;
mod server;
mod socket;
mod stream;
mod text;

use hyper::Method;

pub(super) use problem::Problem;
pub(super) use server::{Handler, serve, serve_tcp};
pub(super) use socket::Listening;
pub(super) use text::{decoded, encoded};

/// A request, whole and of limited size.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// The path as it was sent, without the query.
    pub(super) path: String,
    /// The query, or nothing.
    pub(super) query: String,
    /// The media type of the body, if it is said.
    pub(super) content_type: Option<String>,
    /// The last event that somebody who comes back has seen.
    pub(super) last_event: Option<String>,
    pub(super) body: Vec<u8>,
    /// The process at the other end, if the kernel says who it is.
    pub(super) peer: Option<i32>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    /// Methods that would be answered, if this one is not.
    pub(super) allow: Option<String>,
    pub(super) body: Body,
}

/// What is in an answer.
#[derive(Debug)]
pub(super) enum Body {
    Whole(String),
    /// Events from the one after this number on, for as long as somebody listens.
    Events(u64),
}

impl Response {
    /// An answer with a body.
    pub(super) fn new(status: u16, content_type: &'static str, body: String) -> Self {
        Self {
            status,
            content_type,
            allow: None,
            body: Body::Whole(body),
        }
    }

    /// A document.
    pub(super) fn json(status: u16, document: &impl serde::Serialize) -> Self {
        // Our own documents are maps with text keys, which always can be written.
        let body = serde_json::to_string(document).unwrap_or_default();
        Self::new(status, "application/json", body)
    }
}
