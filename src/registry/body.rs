//! A blob on its way out of a registry, taken up again where the transfer broke.

use std::io::{self, Read};

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, HeaderMap, RANGE};
use reqwest::{Method, Response, StatusCode};

use super::error::Network;
use super::host::{Call, Host};
use super::retry::{self, retry};
use super::{Error, Registry};
use crate::artifact::{Descriptor, Failure};
use crate::digest::Digest;

/// A blob on its way. Not verified: whoever reads it holds it against its descriptor.
pub(super) struct Body<'a> {
    registry: &'a Registry,
    digest: Digest,
    size: u64,
    response: Option<Response>,
    chunk: Bytes,
    /// Where in the blob we are.
    at: u64,
    /// What comes again after a registry ignored our range.
    skip: u64,
    failures: u32,
}

impl<'a> Body<'a> {
    /// Asks for a blob from one of its bytes on.
    pub(super) fn open(
        registry: &'a Registry,
        descriptor: &Descriptor,
        from: u64,
    ) -> Result<Self, Error> {
        let mut body = Self {
            registry,
            digest: descriptor.digest,
            size: descriptor.size,
            response: None,
            chunk: Bytes::new(),
            at: from,
            skip: 0,
            failures: 0,
        };
        if from < descriptor.size || descriptor.size == 0 {
            body.response = Some(body.ask()?);
        }
        Ok(body)
    }

    /// Asks for what is left. What is there already is skipped if the registry sends all of it again.
    fn ask(&mut self) -> Result<Response, Error> {
        let (response, skip) =
            retry(|| self.registry.ask(true, |host| self.ask_host(host, self.at)))?;
        self.skip = skip;
        Ok(response)
    }

    fn ask_host(&self, host: &Host, from: u64) -> Result<(Response, u64), Error> {
        let wanted = self.digest.to_string();
        let url = host.url(&self.registry.place.name, &format!("blobs/{wanted}"));
        let what = self.registry.what(&wanted);
        let whole = || Call::new(Method::GET, url.clone(), &self.registry.pull_scope());
        let mut response = if from > 0 {
            // The range has an end, although it is the blob's own: crane's registry knows no other ranges.
            let range = format!("bytes={from}-{}", self.size.saturating_sub(1));
            host.call(&whole().header(RANGE, &range), &what)?
        } else {
            host.call(&whole(), &what)?
        };
        if from > 0 && response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            response = host.call(&whole(), &what)?;
        }
        match response.status() {
            StatusCode::PARTIAL_CONTENT if from > 0 => {
                let range = text(response.headers(), CONTENT_RANGE.as_str()).unwrap_or_default();
                if range.starts_with(&format!("bytes {from}-")) {
                    Ok((response, 0))
                } else {
                    Err(host.protocol(&format!("another range of `{wanted}` than asked for")))
                }
            }
            StatusCode::OK => Ok((response, from)),
            _ => Err(host.refused(&response, &what)),
        }
    }

    /// The next bytes, or none at the end.
    fn next(&mut self) -> Result<Bytes, Error> {
        loop {
            let mut response = match self.response.take() {
                Some(response) => response,
                None if self.at >= self.size => return Ok(Bytes::new()),
                None => self.ask()?,
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
                        self.failures = 0;
                        return Ok(chunk);
                    }
                }
                Ok(None) => return Ok(Bytes::new()),
                Err(error) => {
                    // A line that broke when everything had come is no loss: the digest will tell.
                    if self.at >= self.size {
                        return Ok(Bytes::new());
                    }
                    self.failures += 1;
                    let error = Error::Unreachable {
                        registry: self.registry.place.registry.clone(),
                        source: Network::from(error),
                    };
                    retry::wait(error, self.failures)?;
                }
            }
        }
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
        self.at += count as u64;
        Ok(count)
    }
}

/// A header's text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
