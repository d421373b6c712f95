//! All of an agent together, from start to end.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::api::{Api, Scrape};
use super::events::What;
use super::http::{Handler, Listening, Request, Response, serve, serve_tcp};
use super::node::Node;
use super::{Error, Events, follow, keep, plugin};

/// More than can wait for a registry at once on all sockets together, or the last ones would find no thread.
const THREADS: usize = 192;
/// How long work that goes on may take to end. What is cut off is whole, or not there.
const GRACE: Duration = Duration::from_millis(300);

/// Docker's plugin on its own socket.
struct Docker(Arc<Node>);

impl Handler for Docker {
    fn answer(&self, request: &Request) -> Response {
        plugin::answer(&self.0, request)
    }

    fn events(&self) -> &Events {
        self.0.events()
    }
}

/// Runs an agent until the process is told to end (SIGTERM or SIGINT). `ready` is called when all sockets are there.
pub fn run(node: &Arc<Node>, ready: impl FnOnce()) -> Result<(), Error> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(THREADS)
        .thread_name("http")
        .enable_all()
        .build()
        .map_err(Error::Thread)?;
    let inside = runtime.enter();
    let ended = end().map_err(Error::Thread)?;
    let mut sockets = Vec::new();
    if let Some(path) = &node.config.api {
        let served = serve(Listening::at(path)?, Api::new(Arc::clone(node)));
        sockets.push(runtime.spawn(served));
    }
    if let Some(path) = &node.config.plugin {
        let served = serve(Listening::at(path)?, Docker(Arc::clone(node)));
        sockets.push(runtime.spawn(served));
    }
    if let Some(address) = node.config.metrics {
        let listener = std::net::TcpListener::bind(address)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(|source| Error::io("listen at", address.to_string(), source))?;
        sockets.push(runtime.spawn(serve_tcp(listener, Scrape::new(Arc::clone(node)))));
    }
    drop(inside);
    node.events.tell(What::Started {
        version: env!("CARGO_PKG_VERSION").to_owned(),
    });
    start(node)?;
    ready();
    runtime.block_on(ended);
    node.housekeeping.stop();
    for target in &node.targets {
        target.stop();
    }
    // The sockets' files go with what listens on them.
    for socket in &sockets {
        socket.abort();
    }
    for socket in sockets {
        let _ = runtime.block_on(socket);
    }
    runtime.shutdown_timeout(GRACE);
    Ok(())
}

/// Starts the threads. Nobody waits for them: the process ends when it is told to, and they with it.
fn start(node: &Arc<Node>) -> Result<(), Error> {
    let housekeeper = Arc::clone(node);
    thread::Builder::new()
        .name("keep".to_owned())
        .spawn(move || keep::keep(&housekeeper))
        .map_err(Error::Thread)?;
    for index in 0..node.targets.len() {
        let follower = Arc::clone(node);
        thread::Builder::new()
            .name(format!("follow {index}"))
            .spawn(move || follow::follow(&follower, &follower.targets[index]))
            .map_err(Error::Thread)?;
    }
    Ok(())
}

/// What is done when somebody wants the process to end. The signals are caught from here on.
fn end() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
