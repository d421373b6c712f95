//! What goes into a registry, through the client library: it knows upload sessions and which hosts may see a token.

use std::io::Read;

use bytes::Bytes;
use futures_util::stream;
use oci_client::RegistryOperation;
use oci_client::errors::OciDistributionError;
use reqwest::header::HeaderValue;
use tokio::sync::mpsc;

use super::retry::retry;
use super::{Error, Registry};
use crate::artifact::{BlobSink, Descriptor, Failure, Open};

/// Pieces of a blob on their way from the reading thread to the network, and how many may wait.
const PIECE: usize = 256 << 10;
const WAITING: usize = 8;

impl BlobSink for Registry {
    fn has(&self, descriptor: &Descriptor) -> Result<bool, Failure> {
        self.sign_in()?;
        let place = self.library_reference(None, None);
        let digest = descriptor.digest.to_string();
        let there = retry(|| {
            self.runtime
                .block_on(self.library.blob_exists(&place, &digest))
                .map_err(|error| self.failed(&digest, error))
        })?;
        Ok(there)
    }

    fn blob(&self, descriptor: &Descriptor, open: &Open<'_>) -> Result<(), Failure> {
        self.sign_in()?;
        // What cannot be read here will not be read better by trying again, and must not look like the network's fault.
        let mut unreadable = None;
        let sent = retry(|| self.send_blob(descriptor, open, &mut unreadable));
        match unreadable {
            Some(error) => Err(Failure::lasting(error)),
            None => Ok(sent?),
        }
    }

    fn manifest(&self, descriptor: &Descriptor, content: &[u8]) -> Result<(), Failure> {
        self.sign_in()?;
        let place = self.library_reference(None, Some(&descriptor.digest));
        Ok(self.send_manifest(&place, descriptor, content)?)
    }

    fn tag(&self, descriptor: &Descriptor, content: &[u8]) -> Result<(), Failure> {
        let place = self.library_reference(self.place.tag.as_deref(), None);
        Ok(self.send_manifest(&place, descriptor, content)?)
    }
}

impl Registry {
    /// Makes the library know our credentials for writing. It keeps the token, and gets a new one when it is too old.
    fn sign_in(&self) -> Result<(), Error> {
        if self.signed_in.get().is_none() {
            retry(|| self.authorise(RegistryOperation::Push))?;
            let _ = self.signed_in.set(());
        }
        Ok(())
    }

    fn send_blob(
        &self,
        descriptor: &Descriptor,
        open: &Open<'_>,
        unreadable: &mut Option<std::io::Error>,
    ) -> Result<(), Error> {
        let mut reader = match open() {
            Ok(reader) => reader,
            Err(error) => {
                *unreadable = Some(error);
                return Ok(());
            }
        };
        let (pieces, receiver) = mpsc::channel::<Bytes>(WAITING);
        let body = stream::unfold(receiver, |mut receiver| async {
            let piece = receiver.recv().await?;
            Some((Ok::<_, OciDistributionError>(piece), receiver))
        });
        let place = self.library_reference(None, None);
        let library = self.library.clone();
        let (digest, size) = (descriptor.digest.to_string(), descriptor.size);
        let upload = self.runtime.spawn(async move {
            library
                .push_blob_stream(&place, body, &digest, Some(size))
                .await
        });
        // Read here, on the caller's thread. An upload that ended early takes no more pieces, and says why below.
        loop {
            let mut piece = vec![0; PIECE];
            match reader.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => {
                    piece.truncate(count);
                    if pieces.blocking_send(piece.into()).is_err() {
                        break;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    upload.abort();
                    *unreadable = Some(error);
                    return Ok(());
                }
            }
        }
        drop(pieces);
        let what = descriptor.digest.to_string();
        match self.runtime.block_on(upload) {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.failed(&what, error)),
            Err(_) => Err(Error::Protocol {
                registry: self.place.registry.clone(),
                message: format!("the upload of `{what}` stopped"),
            }),
        }
    }

    fn send_manifest(
        &self,
        place: &oci_client::Reference,
        descriptor: &Descriptor,
        content: &[u8],
    ) -> Result<(), Error> {
        let kind = HeaderValue::from_str(&descriptor.media_type).map_err(|_| Error::Protocol {
            registry: self.place.registry.clone(),
            message: "a media type that no header can carry".to_owned(),
        })?;
        retry(|| {
            let content = Bytes::copy_from_slice(content);
            self.runtime
                .block_on(self.library.push_manifest_raw(place, content, kind.clone()))
                .map_err(|error| self.failed(&descriptor.digest.to_string(), error))
        })?;
        Ok(())
    }

    fn failed(&self, what: &str, error: OciDistributionError) -> Error {
        Error::library(
            &self.place.registry,
            &format!("{}@{what}", self.place.name),
            error,
        )
    }
}
