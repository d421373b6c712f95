//! A server on loopback for the inputs of one test: it knows what was asked, can want a header, and can be unplugged.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::repository::Repository;

/// What is served, by path with the first `/`.
#[derive(Default)]
struct Content {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Served below its name, as Git's own server does it.
    repository: Mutex<Option<Repository>>,
    /// A header and the value that it must have.
    wanted: Mutex<Option<(String, String)>>,
    asked: Mutex<Vec<String>>,
    unplugged: AtomicBool,
}

/// A server that ends with its handle.
pub(crate) struct Served {
    address: SocketAddr,
    content: Arc<Content>,
}

/// One request.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Served {
    /// Starts it, with nothing to serve.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let served = Self {
            address: listener.local_addr().unwrap(),
            content: Arc::default(),
        };
        let content = Arc::clone(&served.content);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if content.unplugged.load(Ordering::SeqCst) {
                    return;
                }
                let content = Arc::clone(&content);
                // A client that goes away is its own affair.
                thread::spawn(move || drop(content.answer(&stream)));
            }
        });
        served
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Serves a file.
    pub(crate) fn add(&self, path: &str, bytes: Vec<u8>) {
        let mut files = self.content.files.lock().unwrap();
        files.insert(path.to_owned(), bytes);
    }

    /// Serves a repository.
    pub(crate) fn add_repository(&self, repository: Repository) {
        *self.content.repository.lock().unwrap() = Some(repository);
    }

    /// Answers only those who send this header.
    pub(crate) fn want(&self, header: &str, value: &str) {
        *self.content.wanted.lock().unwrap() = Some((header.to_owned(), value.to_owned()));
    }

    /// The paths that were asked for since the last time.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.content.asked.lock().unwrap())
    }

    /// From now on nobody listens.
    pub(crate) fn unplug(&self) {
        if !self.content.unplugged.swap(true, Ordering::SeqCst) {
            // Wakes the listener, which then ends.
            drop(TcpStream::connect(self.address));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.unplug();
    }
}

impl Content {
    fn answer(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let Some(asked) = Asked::read(stream)? else {
            return Ok(());
        };
        self.asked.lock().unwrap().push(asked.path.clone());
        let wanted = self.wanted.lock().unwrap().clone();
        if wanted.is_some_and(|(name, value)| asked.headers.get(&name) != Some(&value)) {
            return respond(stream, "401 Unauthorized", "", b"");
        }
        if Repository::is_at(&asked.path)
            && let Some(repository) = &*self.repository.lock().unwrap()
        {
            return stream.write_all(&repository.answer(&asked));
        }
        match self.files.lock().unwrap().get(&asked.path) {
            Some(bytes) => respond(stream, "200 OK", kind(&asked.path), bytes),
            None => respond(stream, "404 Not Found", "", b""),
        }
    }
}

impl Asked {
    fn read(stream: &TcpStream) -> std::io::Result<Option<Self>> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Ok(None);
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim().split_once(':') else {
                break;
            };
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        let body = match headers.get("content-length").map(|length| length.parse()) {
            Some(Ok(length)) => {
                let mut body = vec![0; length];
                reader.read_exact(&mut body)?;
                body
            }
            _ => Vec::new(),
        };
        Ok(Some(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body,
        }))
    }
}

/// Engines tell a context that is an archive from one that is a spec by its type.
fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "tar")) => "application/x-tar",
        _ => "application/octet-stream",
    }
}

fn respond(mut stream: &TcpStream, status: &str, kind: &str, bytes: &[u8]) -> std::io::Result<()> {
    let length = bytes.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), bytes].concat())
}
