//! HTTP/1.1 on sockets, one request a connection: both ends are on one machine, and what is closed cannot be held open.
//!
//! Everything is limited: connections, the time that a request may take to arrive, and its size. Handlers block, and run
//! on threads of their own.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

use super::{Body, Listening, Problem, Request, Response, stream};
use crate::agent::{Error, Events};

/// How long a request may take to arrive, head and body each.
const ARRIVAL: Duration = Duration::from_secs(10);
/// Longer than any request that means something.
const LARGEST_BODY: usize = 64 << 10;
/// hyper's own floor is 8 KiB.
const LARGEST_HEAD: usize = 16 << 10;
/// More header lines than any client of ours sends.
const MOST_HEADERS: usize = 64;
/// How many are served at once on one socket. Whoever comes then waits in the listener's queue.
const CONNECTIONS: usize = 64;
/// How many of them may listen to events, so that others still find an answer.
const LISTENERS: usize = 32;
/// After a failure to accept (too many open files, for one).
const BREATH: Duration = Duration::from_millis(100);

/// Answers requests.
pub(in crate::agent) trait Handler: Send + Sync + 'static {
    /// Answers one request. May block.
    fn answer(&self, request: &Request) -> Response;
    /// What a body of events is made of.
    fn events(&self) -> &Events;
}

/// What all connections to a socket share.
struct Shared<H> {
    handler: Arc<H>,
    connections: Arc<Semaphore>,
    listeners: Arc<Semaphore>,
}

/// Serves a Unix socket for ever.
pub(in crate::agent) async fn serve(
    listening: Listening,
    handler: impl Handler,
) -> Result<(), Error> {
    let copy = listening.listener.try_clone().map_err(Error::Thread)?;
    let listener = tokio::net::UnixListener::from_std(copy).map_err(Error::Thread)?;
    let accept = move |cx: &mut Context<'_>| {
        listener.poll_accept(cx).map_ok(|(stream, _)| {
            let peer = stream.peer_cred().ok().and_then(|peer| peer.pid());
            (stream, peer)
        })
    };
    let served = accept_all(accept, handler).await;
    // Its file goes with it, and so not before.
    drop(listening);
    served
}

/// Serves a TCP socket for ever.
pub(in crate::agent) async fn serve_tcp(
    listener: std::net::TcpListener,
    handler: impl Handler,
) -> Result<(), Error> {
    let listener = tokio::net::TcpListener::from_std(listener).map_err(Error::Thread)?;
    let accept = move |cx: &mut Context<'_>| {
        let accepted = listener.poll_accept(cx);
        accepted.map_ok(|(stream, _)| (stream, None))
    };
    accept_all(accept, handler).await
}

async fn accept_all<S>(
    accept: impl Fn(&mut Context<'_>) -> Poll<std::io::Result<(S, Option<i32>)>>,
    handler: impl Handler,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shared = Arc::new(Shared {
        handler: Arc::new(handler),
        connections: Arc::new(Semaphore::new(CONNECTIONS)),
        listeners: Arc::new(Semaphore::new(LISTENERS)),
    });
    loop {
        // Nobody closes the semaphore, so there always is a place some time.
        let Ok(place) = Arc::clone(&shared.connections).acquire_owned().await else {
            return Ok(());
        };
        match poll_fn(&accept).await {
            Ok((stream, peer)) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    connection(stream, peer, &shared).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(BREATH).await,
        }
    }
}

async fn connection<H: Handler>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Option<i32>,
    shared: &Arc<Shared<H>>,
) {
    let service = service_fn(|request| {
        let shared = Arc::clone(shared);
        async move { Ok::<_, Infallible>(respond(request, peer, &shared).await) }
    });
    // Whoever goes away early, or never says anything, is no news.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(ARRIVAL)
        .max_headers(MOST_HEADERS)
        .max_buf_size(LARGEST_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

type Sent = hyper::Response<UnsyncBoxBody<Bytes, Infallible>>;

async fn respond<H: Handler>(
    request: hyper::Request<Incoming>,
    peer: Option<i32>,
    shared: &Shared<H>,
) -> Sent {
    let request = match read(request).await {
        Ok(request) => Request { peer, ..request },
        Err(problem) => return send(problem.into(), shared),
    };
    let handler = Arc::clone(&shared.handler);
    let answered = tokio::task::spawn_blocking(move || handler.answer(&request)).await;
    // A fault of ours ends one answer, not the agent.
    send(
        answered.unwrap_or_else(|_| Problem::from(Error::Panic).into()),
        shared,
    )
}

/// Reads all of a request, as far as it is allowed to be.
async fn read(request: hyper::Request<Incoming>) -> Result<Request, Problem> {
    let (head, body) = request.into_parts();
    let limited = Limited::new(body, LARGEST_BODY).collect();
    let body = tokio::time::timeout(ARRIVAL, limited)
        .await
        .map_err(|_| {
            let detail = "The request did not arrive in time";
            Problem::new(408, "too-slow", "Too slow", detail)
        })?
        .map_err(|_| {
            let detail = format!("A request has {LARGEST_BODY} bytes at most");
            Problem::new(413, "too-large", "Too large", detail)
        })?;
    Ok(Request {
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        content_type: text(&head.headers, CONTENT_TYPE.as_str()),
        last_event: text(&head.headers, "last-event-id"),
        method: head.method,
        body: body.to_bytes().to_vec(),
        peer: None,
    })
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn send<H: Handler>(mut response: Response, shared: &Shared<H>) -> Sent {
    let body = match std::mem::replace(&mut response.body, Body::Whole(String::new())) {
        Body::Whole(text) => Full::from(text).boxed_unsync(),
        Body::Events(after) => {
            if let Ok(place) = Arc::clone(&shared.listeners).try_acquire_owned() {
                let frames = stream::frames(Arc::clone(&shared.handler), after, place);
                BodyExt::boxed_unsync(StreamBody::new(frames))
            } else {
                let detail = format!("{LISTENERS} listen to events already");
                return send(
                    Problem::new(503, "try-later", "Not now", detail).into(),
                    shared,
                );
            }
        }
    };
    let mut sent = hyper::Response::new(body);
    // Statuses are our own constants.
    *sent.status_mut() = StatusCode::from_u16(response.status).unwrap_or_default();
    let headers = sent.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(response.content_type),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(allow) = response
        .allow
        .and_then(|allow| HeaderValue::try_from(allow).ok())
    {
        headers.insert(ALLOW, allow);
    }
    sent
}
