//! The child's pipes as one connection, which can be cut, and of which everything that the child wrote is kept.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tonic::transport::server::Connected;

/// Both directions; clones are the same pipes.
#[derive(Clone)]
pub(crate) struct Pipes(Arc<Mutex<Ends>>);

struct Ends {
    open: Option<(ChildStdout, ChildStdin)>,
    written: Vec<u8>,
}

impl Pipes {
    pub(crate) fn of(child: &mut Child) -> Self {
        let ends = Ends {
            open: Some((child.stdout.take().unwrap(), child.stdin.take().unwrap())),
            written: Vec::new(),
        };
        Self(Arc::new(Mutex::new(ends)))
    }

    /// Closes both, as the end of the engine would.
    pub(crate) fn close(&self) {
        self.ends().open = None;
    }

    /// Everything that the child wrote so far.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.ends().written.clone()
    }

    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap()
    }

    fn write(
        &self,
        work: impl FnOnce(Pin<&mut ChildStdin>) -> Poll<Result<usize>>,
    ) -> Poll<Result<usize>> {
        match &mut self.ends().open {
            Some((_, write)) => work(Pin::new(write)),
            None => Poll::Ready(Err(Error::from(ErrorKind::BrokenPipe))),
        }
    }
}

impl Connected for Pipes {
    type ConnectInfo = ();
    fn connect_info(&self) {}
}

impl AsyncRead for Pipes {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let mut ends = self.ends();
        let before = buffer.filled().len();
        let poll = match &mut ends.open {
            Some((read, _)) => Pin::new(read).poll_read(cx, buffer),
            None => Poll::Ready(Ok(())),
        };
        ends.written.extend_from_slice(&buffer.filled()[before..]);
        poll
    }
}

impl AsyncWrite for Pipes {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<Result<usize>> {
        self.write(|write| write.poll_write(cx, buffer))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let poll = self.write(|write| write.poll_flush(cx).map_ok(|()| 0));
        poll.map_ok(drop)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let poll = self.write(|write| write.poll_shutdown(cx).map_ok(|()| 0));
        poll.map_ok(drop)
    }
}

/// Whether bytes are nothing but the client's half of an HTTP/2 connection, up to the end of a frame, or inside of the
/// last one where the pipe was `cut`.
pub(crate) fn is_http2(bytes: &[u8], cut: bool) -> bool {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    // DATA to CONTINUATION, of the size that a server takes who says nothing else.
    const KINDS: u8 = 10;
    const LARGEST: usize = 16_384;
    let Some(mut rest) = bytes.strip_prefix(PREFACE) else {
        return bytes.is_empty();
    };
    while let Some((header, after)) = rest.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]) as usize;
        if header[3] >= KINDS || length > LARGEST {
            return false;
        }
        match after.get(length..) {
            Some(after) => rest = after,
            None => return cut,
        }
    }
    rest.is_empty() || cut
}
