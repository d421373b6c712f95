//! Sources: where file trees come from.

use std::collections::BTreeMap;

use krunner::digest::Digest;
use prost::Message as _;

use super::definition::marshal;
use super::pb;
use super::vertex::{Inputs, Meta, Output, vertex};

pub(super) fn source(
    identifier: String,
    attrs: BTreeMap<String, String>,
    platform: Option<pb::Platform>,
    caps: Vec<&'static str>,
    meta: Meta,
) -> Output {
    let op = pb::op::Op::Source(pb::SourceOp { identifier, attrs });
    Output {
        vertex: vertex(op, Inputs::default(), platform, caps, meta),
        index: 0,
    }
}

/// One file from an `http:` or `https:` address.
#[derive(Clone, Copy, Debug)]
pub struct Http<'a> {
    /// The address.
    pub url: &'a str,
    /// What the file must be. With it the cache key is name and digest, not the address: mirrors share it, and a
    /// cached file needs no network.
    pub sha256: Option<Digest>,
    /// The name that the file gets.
    pub file_name: &'a str,
    /// The client's secret that the request carries in its header `Authorization`.
    pub secret: Option<&'a str>,
}

impl Http<'_> {
    /// A tree with that file.
    pub fn output(&self, meta: Meta) -> Output {
        let mut attrs = BTreeMap::from([("http.filename".to_owned(), self.file_name.to_owned())]);
        let mut caps = vec!["source.http"];
        if let Some(digest) = self.sha256 {
            attrs.insert("http.checksum".to_owned(), digest.to_string());
            caps.push("source.http.checksum");
        }
        if let Some(secret) = self.secret {
            attrs.insert("http.authheadersecret".to_owned(), secret.to_owned());
            caps.push("source.http.auth");
        }
        source(self.url.to_owned(), attrs, None, caps, meta)
    }
}

/// One file that anybody may fetch from an address.
pub fn http(url: &str, sha256: Option<Digest>, file_name: &str, meta: Meta) -> Output {
    let http = Http {
        url,
        sha256,
        file_name,
        secret: None,
    };
    http.output(meta)
}

/// A folder that the client sends.
#[derive(Clone, Debug, Default)]
pub struct Local {
    /// The name by which the client offers it.
    pub name: String,
    /// The session of that client; without one, an equal folder of another build could be taken.
    pub session: String,
    /// Groups transfers of one folder, so that only changes are sent again.
    pub shared_key_hint: String,
    /// Send only these and what they link to; everything if empty.
    pub follow_paths: Vec<String>,
}

impl Local {
    /// The folder's contents.
    pub fn output(&self, meta: Meta) -> Output {
        let mut attrs = BTreeMap::new();
        let mut caps = vec!["source.local"];
        if !self.session.is_empty() {
            attrs.insert("local.session".to_owned(), self.session.clone());
            caps.push("source.local.sessionid");
        }
        if !self.shared_key_hint.is_empty() {
            let hint = self.shared_key_hint.clone();
            attrs.insert("local.sharedkeyhint".to_owned(), hint);
            caps.push("source.local.sharedkeyhint");
        }
        if !self.follow_paths.is_empty() {
            let paths = serde_json::Value::from(self.follow_paths.clone()).to_string();
            attrs.insert("local.followpaths".to_owned(), paths);
            caps.push("source.local.followpaths");
        }
        source(format!("local://{}", self.name), attrs, None, caps, meta)
    }
}

/// A container image, by its full reference.
pub fn image(
    reference: &str,
    platform: pb::Platform,
    resolve_mode: Option<&str>,
    meta: Meta,
) -> Output {
    let mut attrs = BTreeMap::new();
    let mut caps = vec!["source.image"];
    if let Some(mode) = resolve_mode {
        attrs.insert("image.resolvemode".to_owned(), mode.to_owned());
        caps.push("source.image.resolvemode");
    }
    let identifier = format!("docker-image://{reference}");
    source(identifier, attrs, Some(platform), caps, meta)
}

/// An image from an OCI layout folder that the client offers as `store`.
pub fn oci_layout(
    reference: &str,
    session: &str,
    store: &str,
    platform: pb::Platform,
    meta: Meta,
) -> Output {
    let attrs = BTreeMap::from([
        ("oci.session".to_owned(), session.to_owned()),
        ("oci.store".to_owned(), store.to_owned()),
    ]);
    let identifier = format!("oci-layout://{reference}");
    let caps = vec!["source.ocilayout"];
    source(identifier, attrs, Some(platform), caps, meta)
}

/// The sources that `output` is made of, each once.
pub fn sources(output: &Output) -> Vec<pb::SourceOp> {
    let definition = marshal(output);
    let operations = definition.def.iter();
    // We encoded all of them, or took over what decodes.
    let operations = operations.filter_map(|bytes| pb::Op::decode(bytes.as_slice()).ok());
    operations
        .filter_map(|op| match op.op {
            Some(pb::op::Op::Source(source)) => Some(source),
            _ => None,
        })
        .collect()
}
