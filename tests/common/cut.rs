//! A line to a server that breaks: after so many bytes in one direction, once, and then holds.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// The line. Its threads end with the process.
pub(crate) struct Cut {
    pub(crate) address: String,
    /// Bytes from the client to the server.
    pub(crate) up: Arc<AtomicU64>,
    /// Whether it broke.
    pub(crate) broken: Arc<AtomicBool>,
}

impl Cut {
    /// A line to `server` that breaks when `up` bytes have gone there, or `down` bytes have come from there.
    pub(crate) fn start(server: &str, up: u64, down: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let line = Self {
            address: listener.local_addr().unwrap().to_string(),
            up: Arc::default(),
            broken: Arc::default(),
        };
        let down_count = Arc::new(AtomicU64::new(0));
        let (server, sent, broken) = (server.to_owned(), line.up.clone(), line.broken.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let Ok(server) = TcpStream::connect(&server) else {
                    return;
                };
                let directions = [
                    (client.try_clone(), server.try_clone(), sent.clone(), up),
                    (
                        server.try_clone(),
                        client.try_clone(),
                        down_count.clone(),
                        down,
                    ),
                ];
                for (from, to, count, limit) in directions {
                    let broken = broken.clone();
                    thread::spawn(move || {
                        pass(&mut from.unwrap(), &mut to.unwrap(), &count, limit, &broken);
                    });
                }
            }
        });
        line
    }
}

fn pass(
    from: &mut TcpStream,
    to: &mut TcpStream,
    count: &AtomicU64,
    limit: u64,
    broken: &AtomicBool,
) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let total = count.fetch_add(read as u64, Ordering::SeqCst) + read as u64;
        if total > limit && !broken.swap(true, Ordering::SeqCst) {
            // What was read last is lost, and both ends see it.
            break;
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
