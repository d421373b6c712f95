//! What comes out of a registry: documents, capped and held against what was asked for, and blobs.

use std::io::Read;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Response};
use serde::Deserialize;

use super::body::{Body, text};
use super::host::{Call, Host};
use super::retry::retry;
use super::{Error, Registry};
use crate::artifact::{self, BlobSource, Descriptor, Document, Failure, MAX_DOCUMENT, media};
use crate::digest::Digest;

/// The digest that a registry claims for what it sends or has taken.
pub(super) const CLAIMED_DIGEST: &str = "docker-content-digest";

impl BlobSource for Registry {
    fn root(&self) -> Result<Document, Failure> {
        Ok(self.document(&self.place.wanted(), self.place.digest.as_ref())?)
    }

    fn digest(&self) -> Result<Option<Digest>, Failure> {
        if let Some(pinned) = self.place.digest {
            return Ok(Some(pinned));
        }
        Ok(self.claimed(&self.place.wanted())?)
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Failure> {
        let wanted = descriptor.digest.to_string();
        Ok(self.document(&wanted, Some(&descriptor.digest))?.content)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>, Failure> {
        self.blob_from(descriptor, 0)
    }

    fn blob_from(
        &self,
        descriptor: &Descriptor,
        from: u64,
    ) -> Result<Box<dyn Read + Send + '_>, Failure> {
        Ok(Box::new(Body::open(self, descriptor, from)?))
    }

    fn tagged(&self, tag: &str) -> Result<Option<Document>, Failure> {
        Ok(self.tagged_document(tag)?)
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, Failure> {
        Ok(self.list_referrers(subject)?)
    }
}

impl Registry {
    /// The document under a tag, if there is one.
    pub(super) fn tagged_document(&self, tag: &str) -> Result<Option<Document>, Error> {
        match self.document(tag, None) {
            Ok(document) => Ok(Some(document)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The digest that a tag names, by the registry's word. Registries need not say it, and count no such question against
    /// anybody's limit.
    fn claimed(&self, tag: &str) -> Result<Option<Digest>, Error> {
        let what = self.what(tag);
        retry(|| {
            self.ask(false, |host| {
                let url = host.url(&self.place.name, &format!("manifests/{tag}"));
                let call = Call::new(Method::HEAD, url, &self.pull_scope())
                    .header(ACCEPT, &media::ACCEPTED.join(", "));
                let response = host.call(&call, &what)?;
                // Whoever does not answer this may still answer the whole question.
                if !response.status().is_success() {
                    return Ok(None);
                }
                let claimed = text(response.headers(), CLAIMED_DIGEST);
                Ok(claimed.and_then(|claimed| claimed.parse().ok()))
            })
        })
    }

    fn document(&self, wanted: &str, pinned: Option<&Digest>) -> Result<Document, Error> {
        retry(|| {
            self.ask(pinned.is_some(), |host| {
                self.document_of(host, wanted, pinned)
            })
        })
    }

    fn document_of(
        &self,
        host: &Host,
        wanted: &str,
        pinned: Option<&Digest>,
    ) -> Result<Document, Error> {
        let what = self.what(wanted);
        let url = host.url(&self.place.name, &format!("manifests/{wanted}"));
        let call = Call::new(Method::GET, url, &self.pull_scope())
            .header(ACCEPT, &media::ACCEPTED.join(", "));
        let response = host.call(&call, &what)?;
        if !response.status().is_success() {
            return Err(host.refused(&response, &what));
        }
        let headers = response.headers().clone();
        let content = self.runtime.block_on(host.capped(response, &what))?;
        let actual = Digest::of(&content);
        // The digest that was asked for counts, never the one that the registry claims for its answer.
        if let Some(pinned) = pinned.filter(|pinned| **pinned != actual) {
            return Err(artifact::Error::Digest {
                expected: *pinned,
                actual,
            }
            .into());
        }
        host.check_claim(&headers, actual)?;
        let media_type = host.media_type(&headers, &content, &what)?;
        Ok(Document {
            descriptor: Descriptor::of(&media_type, &content),
            content,
        })
    }
}

impl Host {
    /// Whether the digest that a registry names is the one that it is.
    pub(super) fn check_claim(&self, headers: &HeaderMap, actual: Digest) -> Result<(), Error> {
        match text(headers, CLAIMED_DIGEST) {
            // Another algorithm says nothing about ours.
            Some(claimed) if claimed.starts_with("sha256:") && claimed != actual.to_string() => {
                Err(Error::ClaimedDigest {
                    registry: self.name.clone(),
                    claimed: claimed.to_owned(),
                    actual,
                })
            }
            _ => Ok(()),
        }
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
        let typed: Typed = serde_json::from_slice(content)
            .map_err(|_| self.protocol(&format!("`{what}` is no JSON document")))?;
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

    /// A document's bytes, as many as one may have.
    pub(super) async fn capped(
        &self,
        mut response: Response,
        what: &str,
    ) -> Result<Vec<u8>, Error> {
        let mut content = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.network(error))?
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
}
