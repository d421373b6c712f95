//! What refers to something: signatures, SBOMs, provenance. By the registry's own list, or by the tag that stands in for
//! it where a registry keeps none.

use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};

use super::host::{Call, Host};
use super::retry::retry;
use super::{Error, Registry};
use crate::artifact::{
    self, Descriptor, Document, Index, MAX_MANIFESTS, media, referrers_list, referrers_tag,
};
use crate::digest::Digest;

/// With it a registry says that it keeps the list itself.
pub(super) const SUBJECT: &str = "oci-subject";

impl Registry {
    /// Everything that refers to `subject`.
    pub(super) fn list_referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
        let own = retry(|| self.ask(false, |host| self.referrers_of(host, subject)))?;
        if let Some(list) = own {
            return Ok(list);
        }
        let Some(document) = self.tagged_document(&referrers_tag(subject))? else {
            return Ok(Vec::new());
        };
        Ok(Index::parse(&document.content)?.manifests)
    }

    /// The registry's own list, or nothing where it keeps none. Long ones come in pages.
    fn referrers_of(
        &self,
        host: &Host,
        subject: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        let what = self.what(&subject.to_string());
        let mut next = Some(host.url(&self.place.name, &format!("referrers/{subject}")));
        let mut list = Vec::new();
        while let Some(url) = next.take() {
            let call = Call::new(Method::GET, url.clone(), &self.pull_scope())
                .header(ACCEPT, media::INDEX);
            let response = host.call(&call, &what)?;
            if response.status() != StatusCode::OK {
                // Registries without it answer 404, but also 400 and 405.
                return Ok(None);
            }
            next = next_page(response.headers(), &url).filter(|next| host.is_own(next));
            let content = self.runtime.block_on(host.capped(response, &what))?;
            let Ok(index) = Index::parse(&content) else {
                return Ok(None);
            };
            list.extend(index.manifests);
            if list.len() > MAX_MANIFESTS {
                return Err(artifact::Error::TooMany("referrers", list.len()).into());
            }
        }
        Ok(Some(list))
    }

    /// Adds to the tag that stands in for the list. Whoever adds at the same time may be overwritten: the specification
    /// knows no better way.
    pub(super) fn list_by_tag(
        &self,
        subject: &Descriptor,
        referrer: Descriptor,
    ) -> Result<(), Error> {
        let tag = referrers_tag(&subject.digest);
        let known = match self.tagged_document(&tag)? {
            Some(document) => Index::parse(&document.content)?.manifests,
            None => Vec::new(),
        };
        let Some(list) = referrers_list(known, referrer) else {
            return Ok(());
        };
        let content = list.to_bytes()?;
        let document = Document {
            descriptor: Descriptor::of(media::INDEX, &content),
            content,
        };
        self.put_document(&tag, &document.descriptor, &document.content)
            .map(drop)
    }
}

/// `Link: <…>; rel="next"`.
fn next_page(headers: &reqwest::header::HeaderMap, from: &reqwest::Url) -> Option<reqwest::Url> {
    let link = super::body::text(headers, "link")?;
    let (address, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
    relation
        .contains("next")
        .then(|| from.join(address).ok())
        .flatten()
}
