//! An upload: opened, filled piece by piece, taken up where it broke, and closed with the digest.

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};

use super::body::text;
use super::host::{Call, Host};
use super::notes::{Home, Note};
use super::retry;
use super::{Error, Registry};
use crate::digest::Digest;

/// A piece of a large blob, as much of which may have to be sent twice. It costs the registry a round, and us its memory.
const CHUNK: u64 = 8 << 20;
/// Registries may want larger pieces than ours, but none so large that they fill our memory.
const LARGEST_CHUNK: u64 = 32 << 20;
const CHUNK_MIN_LENGTH: &str = "oci-chunk-min-length";
const CONTENT_RANGE: HeaderName = reqwest::header::CONTENT_RANGE;
const BYTES: &str = "application/octet-stream";

/// How an upload began.
pub(super) enum Opened<'a> {
    /// The registry took the blob from another repository.
    Mounted,
    /// It waits for bytes.
    Waiting(Session<'a>),
}

/// How a piece ended.
#[derive(PartialEq, Eq)]
pub(super) enum Sent {
    /// It is there.
    All,
    /// The registry knows nothing of the upload any more, which begins anew.
    Lost,
    /// The registry takes no pieces.
    Whole,
}

/// An upload that the registry has opened.
pub(super) struct Session<'a> {
    host: &'a Host,
    location: Url,
    scope: String,
    what: String,
    /// How large pieces have to be.
    pub(super) chunk: u64,
    /// What the registry has of it.
    sent: u64,
    /// Whether an earlier run has begun it.
    resumed: bool,
    /// Whether this run has sent a piece of it.
    begun: bool,
    /// Where it is noted for a later run.
    note: Option<Note>,
}

impl Registry {
    /// Opens an upload, or has the blob mounted from where it is already.
    pub(super) fn open_upload(&self, digest: &Digest) -> Result<Opened<'_>, Error> {
        let host = &self.origin;
        let what = self.what(&digest.to_string());
        let plain = host.url(&self.place.name, "blobs/uploads/");
        let note = self.note(digest);
        if let Some(session) = self.resume(note.as_ref(), &what)? {
            return Ok(Opened::Waiting(session));
        }
        if let Some(from) = &self
            .mount_from
            .clone()
            .or_else(|| self.home_elsewhere(digest))
        {
            let mut url = plain.clone();
            url.query_pairs_mut()
                .append_pair("mount", &digest.to_string())
                .append_pair("from", from);
            let scope = format!("{} repository:{from}:pull", self.push_scope());
            let call = Call::new(Method::POST, url, &scope).header(CONTENT_LENGTH, "0");
            // Whoever may not read there, or asks a registry that mounts nothing, sends it.
            match host.call(&call, &what) {
                Ok(response) if response.status() == StatusCode::CREATED => {
                    return Ok(Opened::Mounted);
                }
                Ok(response) if response.status() == StatusCode::ACCEPTED => {
                    return self
                        .session(&response, plain, what, note)
                        .map(Opened::Waiting);
                }
                Ok(_) | Err(Error::Denied { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let call =
            Call::new(Method::POST, plain.clone(), &self.push_scope()).header(CONTENT_LENGTH, "0");
        let response = host.call(&call, &what)?;
        match response.status() {
            StatusCode::CREATED => Ok(Opened::Mounted),
            StatusCode::ACCEPTED => self
                .session(&response, plain, what, note)
                .map(Opened::Waiting),
            _ => Err(host.refused(&response, &what)),
        }
    }

    fn session(
        &self,
        response: &Response,
        url: Url,
        what: String,
        note: Option<Note>,
    ) -> Result<Session<'_>, Error> {
        let least = text(response.headers(), CHUNK_MIN_LENGTH)
            .and_then(|value| value.parse::<u64>().ok())
            .unwrap_or(0);
        let mut session = self.session_at(url, what, note);
        session.chunk = CHUNK.max(least.min(LARGEST_CHUNK));
        if session.moved(response.headers())? {
            Ok(session)
        } else {
            Err(self.origin.protocol("an upload without `Location`"))
        }
    }

    fn session_at(&self, location: Url, what: String, note: Option<Note>) -> Session<'_> {
        Session {
            host: &self.origin,
            location,
            scope: self.push_scope(),
            what,
            chunk: CHUNK,
            sent: 0,
            resumed: false,
            begun: false,
            note,
        }
    }

    /// Another repository of the registry to which an earlier run has sent a blob.
    fn home_elsewhere(&self, digest: &Digest) -> Option<String> {
        let name = self.noted_home(digest)?;
        (name != self.place.name).then_some(name)
    }

    /// Whether an earlier run has sent a blob to this very repository.
    pub(super) fn noted_here(&self, digest: &Digest) -> bool {
        self.noted_home(digest).as_deref() == Some(&self.place.name)
    }

    fn noted_home(&self, digest: &Digest) -> Option<String> {
        self.home(digest)?.read(&self.place.registry)
    }

    /// Where it is noted which repository has a blob.
    pub(super) fn home(&self, digest: &Digest) -> Option<Home> {
        let folder = self.notes.as_ref()?;
        Some(Home::of(folder, &self.place.registry, digest))
    }

    fn note(&self, digest: &Digest) -> Option<Note> {
        let place = format!("{}/{}", self.place.registry, self.place.name);
        let folder = self.notes.as_ref()?;
        Some(Note::of(folder, &place, digest))
    }

    /// The upload that an earlier run has begun, if the registry still knows it and has something of it.
    fn resume(&self, note: Option<&Note>, what: &str) -> Result<Option<Session<'_>>, Error> {
        let Some((note, location)) = note.and_then(|note| Some((note, note.read()?))) else {
            return Ok(None);
        };
        let mut session = self.session_at(location, what.to_owned(), Some(note.clone()));
        session.resumed = true;
        if session.secure() && session.ask()? && session.sent > 0 {
            return Ok(Some(session));
        }
        note.remove();
        Ok(None)
    }
}

impl Session<'_> {
    /// How much of the blob an earlier run has sent.
    pub(super) fn there(&self) -> u64 {
        if self.resumed { self.sent } else { 0 }
    }

    /// Forgets the upload: it is finished, or lost.
    pub(super) fn forget(&self) {
        if let Some(note) = &self.note {
            note.remove();
        }
    }

    /// Sends a piece that begins at byte `start`.
    pub(super) fn piece(&mut self, start: u64, bytes: &Bytes) -> Result<Sent, Error> {
        let end = start + bytes.len() as u64;
        let mut failures = 0;
        while self.sent < end {
            let Some(left) = self
                .sent
                .checked_sub(start)
                .and_then(|done| usize::try_from(done).ok())
            else {
                return Ok(Sent::Lost);
            };
            let before = self.sent;
            let call = Call::new(Method::PATCH, self.location.clone(), &self.scope)
                .header(CONTENT_TYPE, BYTES)
                .header(CONTENT_RANGE, &format!("{before}-{}", end - 1))
                .body(bytes.slice(left..));
            match self.host.call(&call, &self.what) {
                Ok(response) if response.status().is_success() => {
                    self.moved(response.headers())?;
                    self.sent = received(response.headers()).unwrap_or(end);
                    self.begun = true;
                    if let Some(note) = &self.note {
                        note.write(&self.location);
                    }
                }
                Ok(response) if response.status() == StatusCode::RANGE_NOT_SATISFIABLE => {
                    if !self.ask()? {
                        return Ok(Sent::Lost);
                    }
                }
                Ok(response) if response.status() == StatusCode::NOT_FOUND => {
                    return Ok(Sent::Lost);
                }
                Ok(response) if self.sent == 0 && takes_no_pieces(response.status()) => {
                    return Ok(Sent::Whole);
                }
                // What a broken upload is to some registries: no longer there.
                Ok(response)
                    if (failures > 0 || self.resumed && !self.begun)
                        && response.status() == StatusCode::BAD_REQUEST =>
                {
                    return Ok(Sent::Lost);
                }
                Ok(response) => return Err(self.host.refused(&response, &self.what)),
                Err(error) => {
                    failures += 1;
                    retry::wait(error, failures)?;
                    if !self.ask()? {
                        return Ok(Sent::Lost);
                    }
                }
            }
            if self.sent > end {
                return Err(self.host.protocol("more bytes than were sent"));
            }
            if self.sent > before {
                failures = failures.min(1);
            } else {
                failures += 1;
                if failures > retry::TRIES {
                    return Ok(Sent::Lost);
                }
            }
        }
        Ok(Sent::All)
    }

    /// Says that everything was sent, or sends everything at once.
    pub(super) fn close(&mut self, digest: &Digest, bytes: Bytes) -> Result<Sent, Error> {
        let call = Call::new(Method::PUT, self.closing(digest), &self.scope)
            .header(CONTENT_TYPE, BYTES)
            .header(CONTENT_LENGTH, &bytes.len().to_string())
            .body(bytes);
        let response = self.host.call(&call, &self.what)?;
        self.closed(&response, digest)
    }

    /// The address at which the upload is closed.
    pub(super) fn closing(&self, digest: &Digest) -> Url {
        let mut url = self.location.clone();
        url.query_pairs_mut()
            .append_pair("digest", &digest.to_string());
        url
    }

    /// What the answer to the closing means.
    pub(super) fn closed(&self, response: &Response, digest: &Digest) -> Result<Sent, Error> {
        match response.status() {
            StatusCode::NOT_FOUND => Ok(Sent::Lost),
            status if status.is_success() => {
                self.host.check_claim(response.headers(), *digest)?;
                Ok(Sent::All)
            }
            _ => Err(self.host.refused(response, &self.what)),
        }
    }

    /// Gives the upload up, so that the registry need not keep what it has. Nobody minds if it does.
    pub(super) fn cancel(&self) {
        self.forget();
        let call = Call::new(Method::DELETE, self.location.clone(), &self.scope);
        let _ = self.host.call(&call, &self.what);
    }

    /// A request that closes the upload with everything in it, to be given its body.
    pub(super) fn closing_call(&self, digest: &Digest, size: u64) -> Call {
        Call::new(Method::PUT, self.closing(digest), &self.scope)
            .header(CONTENT_TYPE, BYTES)
            .header(CONTENT_LENGTH, &size.to_string())
    }

    /// Asks how much has arrived. Says whether the upload is still known.
    fn ask(&mut self) -> Result<bool, Error> {
        let call = Call::new(Method::GET, self.location.clone(), &self.scope);
        let response = match self.host.call(&call, &self.what) {
            Ok(response) => response,
            // The piece will be sent again, and fail again, if the registry stays away.
            Err(error) if error.is_transient() => return Ok(true),
            Err(error) => return Err(error),
        };
        if !response.status().is_success() {
            return Ok(false);
        }
        self.moved(response.headers())?;
        self.sent = received(response.headers()).unwrap_or(0);
        Ok(true)
    }

    /// Follows the upload to where the answer says that it is now. A location on another host gets no token.
    fn moved(&mut self, headers: &HeaderMap) -> Result<bool, Error> {
        let Some(location) = text(headers, LOCATION.as_str()) else {
            return Ok(false);
        };
        let location = self
            .location
            .join(location)
            .map_err(|_| self.host.protocol("a `Location` that is no address"))?;
        self.location = location;
        if !self.secure() {
            return Err(self.host.protocol("a `Location` without TLS"));
        }
        Ok(true)
    }

    /// Whether the upload is where what is sent is as safe as on its way to the registry itself.
    fn secure(&self) -> bool {
        let down = self.host.base.scheme() == "https" && self.location.scheme() != "https";
        !down && self.location.has_host()
    }
}

/// How many bytes have arrived, by `Range: 0-LAST`. Nothing and one byte look the same; taken for nothing, a byte is
/// sent twice at worst.
fn received(headers: &HeaderMap) -> Option<u64> {
    let range = text(headers, "range")?;
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    let last: u64 = range.strip_prefix("0-")?.parse().ok()?;
    Some(if last == 0 { 0 } else { last.checked_add(1)? })
}

/// What registries answer that do not know pieces.
fn takes_no_pieces(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::LENGTH_REQUIRED
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
    )
}
