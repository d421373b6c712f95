//! What comes out of a registry: documents, capped, and blobs, taken up again where a transfer broke.

use std::io::{self, Read};

use bytes::Bytes;
use oci_client::RegistryOperation;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, RANGE};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use super::error::Network;
use super::retry::{self, retry};
use super::{Error, Registry};
use crate::artifact::{self, BlobSource, Descriptor, Document, Failure, MAX_DOCUMENT, media};
use crate::digest::Digest;

/// The digest that a registry claims for what it sends.
const CLAIMED_DIGEST: &str = "docker-content-digest";

impl BlobSource for Registry {
    fn root(&self) -> Result<Document, Failure> {
        Ok(retry(|| {
            self.document(&self.place.wanted(), self.place.digest.as_ref())
        })?)
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Failure> {
        let wanted = descriptor.digest.to_string();
        Ok(retry(|| self.document(&wanted, Some(&descriptor.digest)))?.content)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>, Failure> {
        let response = retry(|| self.get("blobs", &descriptor.digest.to_string(), None))?;
        Ok(Box::new(Body {
            registry: self,
            digest: descriptor.digest,
            size: descriptor.size,
            response: Some(response),
            chunk: Bytes::new(),
            read: 0,
            skip: 0,
            failures: 0,
        }))
    }
}

impl Registry {
    fn document(&self, wanted: &str, pinned: Option<&Digest>) -> Result<Document, Error> {
        let what = self.what(wanted);
        let response = self.get("manifests", wanted, None)?;
        let headers = response.headers().clone();
        let content = self.runtime.block_on(self.capped(response, &what))?;
        let actual = Digest::of(&content);
        // The digest that was asked for counts, never the one that the registry claims for its answer.
        if let Some(pinned) = pinned.filter(|pinned| **pinned != actual) {
            return Err(artifact::Error::Digest {
                expected: *pinned,
                actual,
            }
            .into());
        }
        if let Some(claimed) =
            text(&headers, CLAIMED_DIGEST).filter(|claimed| *claimed != actual.to_string())
        {
            let registry = self.place.registry.clone();
            return Err(Error::ClaimedDigest {
                registry,
                claimed: claimed.to_owned(),
                actual,
            });
        }
        let media_type = self.media_type(&headers, &content, &what)?;
        Ok(Document {
            descriptor: Descriptor::of(&media_type, &content),
            content,
        })
    }

    /// The type that header and body agree on: a document that can be read as two things is an attack.
    fn media_type(&self, headers: &HeaderMap, content: &[u8], what: &str) -> Result<String, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Typed {
            media_type: Option<String>,
        }
        let header = text(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
        let header = header
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();
        let typed: Typed = serde_json::from_slice(content).map_err(|_| Error::Protocol {
            registry: self.place.registry.clone(),
            message: format!("`{what}` is no JSON document"),
        })?;
        let body = typed.media_type.unwrap_or_else(|| header.clone());
        if body != header {
            return Err(Error::MediaType {
                what: what.to_owned(),
                header,
                body,
            });
        }
        if !media::is_index(&body) && !media::is_manifest(&body) {
            return Err(artifact::Error::MediaType(body).into());
        }
        Ok(body)
    }

    /// Sends a request, and once more if the registry first wants to know who we are.
    fn get(&self, kind: &str, wanted: &str, from: Option<u64>) -> Result<Response, Error> {
        let mut response = self.send(kind, wanted, from)?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.authorise(RegistryOperation::Pull)?;
            response = self.send(kind, wanted, from)?;
        }
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(Error::status(
            &self.place.registry,
            status,
            &self.what(wanted),
            "",
        ))
    }

    fn send(&self, kind: &str, wanted: &str, from: Option<u64>) -> Result<Response, Error> {
        let mut request = self.http.get(self.url(kind, wanted));
        if kind == "manifests" {
            request = request.header(ACCEPT, media::ACCEPTED.join(", "));
        }
        if let Some(token) = self.token() {
            request = request.header(AUTHORIZATION, token);
        }
        if let Some(from) = from {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        self.runtime
            .block_on(async { request.send().await })
            .map_err(|error| self.unreachable(error))
    }

    async fn capped(&self, mut response: Response, what: &str) -> Result<Vec<u8>, Error> {
        let mut content = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(error))?
        {
            if (content.len() + chunk.len()) as u64 > MAX_DOCUMENT {
                return Err(artifact::Error::TooLarge {
                    what: what.to_owned(),
                    limit: MAX_DOCUMENT,
                }
                .into());
            }
            content.extend_from_slice(&chunk);
        }
        Ok(content)
    }

    fn unreachable(&self, error: reqwest::Error) -> Error {
        Error::Unreachable {
            registry: self.place.registry.clone(),
            source: Network::from(error),
        }
    }

    /// Something in the repository, for messages.
    fn what(&self, wanted: &str) -> String {
        let separator = if wanted.contains(':') { '@' } else { ':' };
        format!(
            "{}/{}{separator}{wanted}",
            self.place.registry, self.place.name
        )
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A blob on its way. Not verified: whoever reads it holds it against its descriptor.
struct Body<'a> {
    registry: &'a Registry,
    digest: Digest,
    size: u64,
    response: Option<Response>,
    chunk: Bytes,
    read: u64,
    /// What comes again after a registry ignored our range.
    skip: u64,
    failures: u32,
}

impl Body<'_> {
    /// The next bytes, or none at the end.
    fn next(&mut self) -> Result<Bytes, Error> {
        loop {
            let mut response = if let Some(response) = self.response.take() {
                response
            } else {
                self.skip = 0;
                self.resume()?
            };
            match self.registry.runtime.block_on(response.chunk()) {
                Ok(Some(mut chunk)) => {
                    self.response = Some(response);
                    let again = usize::try_from(self.skip)
                        .unwrap_or(usize::MAX)
                        .min(chunk.len());
                    self.skip -= again as u64;
                    let chunk = chunk.split_off(again);
                    if !chunk.is_empty() {
                        return Ok(chunk);
                    }
                }
                Ok(None) => return Ok(Bytes::new()),
                Err(error) => {
                    self.failures += 1;
                    // A line that broke when everything had come is no loss: the digest will tell.
                    if self.read >= self.size {
                        return Ok(Bytes::new());
                    }
                    if self.failures >= retry::TRIES {
                        return Err(self.registry.unreachable(error));
                    }
                    retry::pause(self.failures);
                }
            }
        }
    }

    /// Asks for the rest. What is there already is skipped if the registry sends all of it again.
    fn resume(&mut self) -> Result<Response, Error> {
        let wanted = self.digest.to_string();
        let response = retry(|| self.registry.get("blobs", &wanted, Some(self.read)))?;
        if response.status() == StatusCode::PARTIAL_CONTENT {
            let range = text(response.headers(), CONTENT_RANGE.as_str()).unwrap_or_default();
            if range.starts_with(&format!("bytes {}-", self.read)) {
                return Ok(response);
            }
            let message = format!("another range of `{wanted}` than asked for");
            return Err(Error::Protocol {
                registry: self.registry.place.registry.clone(),
                message,
            });
        }
        self.skip = self.read;
        Ok(response)
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() {
            self.chunk = self
                .next()
                .map_err(|error| io::Error::other(Failure::from(error)))?;
        }
        let count = self.chunk.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.chunk.split_to(count));
        self.read += count as u64;
        Ok(count)
    }
}
