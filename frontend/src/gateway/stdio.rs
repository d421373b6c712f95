//! The connection: gRPC over the process's own standard input and output.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Mutex;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::unix::pipe;
use tonic::transport::{Channel, Endpoint};

use super::Error;

/// gRPC's defaults are 4 MiB for a message and 16 KiB for headers; the engine sends files of up to
/// 16 MiB, and errors whose details, which travel in headers, hold whole source files.
pub(super) const MESSAGE_LIMIT: usize = 16 << 20;
const HEADER_LIMIT: u32 = 16 << 20;

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Connects to the engine that started this process.
pub async fn connect() -> Result<Channel, Error> {
    let stream = Mutex::new(Some(TokioIo::new(duplex()?)));
    let connector = tower::service_fn(move |_| {
        let stream = stream.lock().ok().and_then(|mut stream| stream.take());
        // There is one pair of pipes: what is broken stays broken.
        async { stream.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::BrokenPipe)) }
    });
    // The name is never looked up.
    Endpoint::from_static("http://buildkit")
        .http2_max_header_list_size(HEADER_LIMIT)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .connect_with_connector(connector)
        .await
        .map_err(Error::Connect)
}

fn duplex() -> Result<Box<dyn Duplex>, Error> {
    let own =
        |fd: Result<OwnedFd, std::io::Error>| fd.map(std::fs::File::from).map_err(Error::Pipes);
    let input = own(std::io::stdin().as_fd().try_clone_to_owned())?;
    let output = own(std::io::stdout().as_fd().try_clone_to_owned())?;
    match (
        pipe::Receiver::from_file(input),
        pipe::Sender::from_file(output),
    ) {
        (Ok(input), Ok(output)) => Ok(Box::new(tokio::io::join(input, output))),
        // Not pipes: a debugger, or an engine of another kind.
        _ => Ok(Box::new(tokio::io::join(
            tokio::io::stdin(),
            tokio::io::stdout(),
        ))),
    }
}
