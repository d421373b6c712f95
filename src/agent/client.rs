//! A client of HTTP on a Unix socket: for the Docker engine, and for who asks the agent.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use serde::Serialize;
use serde_json::Value;

use super::Error;

/// Longer than any answer that is wanted here.
const LARGEST: usize = 16 << 20;
/// Both ends are on this machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Speaks to one socket.
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
    timeout: Duration,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether it is what was asked for.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Client {
    /// A client of a socket; nothing is sent yet.
    pub fn new(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
            timeout: TIMEOUT,
        }
    }

    /// The socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Reads something.
    pub fn get(&self, path: &str) -> Result<Answer, Error> {
        self.call(Method::GET, path, None::<&()>)
    }

    /// Sends a document.
    pub fn post(&self, path: &str, body: &impl Serialize) -> Result<Answer, Error> {
        self.call(Method::POST, path, Some(body))
    }

    /// Takes something away.
    pub fn delete(&self, path: &str) -> Result<Answer, Error> {
        self.call(Method::DELETE, path, None::<&()>)
    }

    fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Answer, Error> {
        let silent = |source: Box<dyn std::error::Error + Send + Sync>| Error::Silent {
            socket: self.socket.clone(),
            source,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::Thread)?;
        let asked = async {
            let client = reqwest::Client::builder()
                .unix_socket(self.socket.as_path())
                .no_proxy()
                // There is no TLS on a socket, and a node that has no certificates of authorities has an agent all the same.
                .tls_certs_only([])
                .timeout(self.timeout)
                .build()?;
            // The host is nobody's: the socket says who is asked.
            let mut request = client.request(method, format!("http://localhost{path}"));
            if let Some(body) = body {
                let body = serde_json::to_vec(body).unwrap_or_default();
                request = request
                    .header(reqwest::header::CONTENT_TYPE, "application/json")
                    .body(body);
            }
            let mut response = request.send().await?;
            let status = response.status().as_u16();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                if body.len() + chunk.len() > LARGEST {
                    break;
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Answer { status, body })
        };
        runtime
            .block_on(asked)
            .map_err(|error: reqwest::Error| silent(Box::new(error.without_url())))
    }
}
