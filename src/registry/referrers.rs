//! What refers to something: signatures, SBOMs, provenance. By the registry's own list, or by the tag that stands in for
//! it where a registry keeps none.

use reqwest::header::{ACCEPT, HeaderMap, LINK};
use reqwest::{Method, StatusCode, Url};

use super::host::{Call, Host};
use super::retry::retry;
use super::{Error, Registry};
use crate::artifact::{
    self, Descriptor, Document, Index, MAX_MANIFESTS, media, referrers_list, referrers_tag,
};
use crate::digest::Digest;

/// With it a registry says that it keeps the list itself.
pub(super) const SUBJECT: &str = "oci-subject";
/// More pages than a list within its limit has: whoever sends pages with nothing on them would go on for ever.
const MAX_PAGES: usize = 1000;

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

    /// The registry's own list, or nothing where it keeps none. Long ones come in pages, and a page that does not come is an error:
    /// without it a signature may seem not to be there.
    fn referrers_of(
        &self,
        host: &Host,
        subject: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        let what = self.what(&subject.to_string());
        let mut next = Some(host.url(&self.place.name, &format!("referrers/{subject}")));
        let mut list = Vec::new();
        let mut pages = 0;
        while let Some(url) = next.take() {
            let call = Call::new(Method::GET, url.clone(), &self.pull_scope())
                .header(ACCEPT, media::INDEX);
            let response = host.call(&call, &what)?;
            if response.status() != StatusCode::OK {
                // Registries without it answer 404, but also 400 and 405.
                return if pages == 0 {
                    Ok(None)
                } else {
                    Err(host.refused(&response, &what))
                };
            }
            next = next_page(response.headers(), &url);
            if next.as_ref().is_some_and(|next| !host.is_own(next)) {
                return Err(host.protocol("a list that goes on at another host"));
            }
            let content = self.runtime.block_on(host.capped(response, &what))?;
            match Index::parse(&content) {
                Ok(index) => list.extend(index.manifests),
                Err(_) if pages == 0 => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            pages += 1;
            if pages > MAX_PAGES {
                return Err(host.protocol("a list that does not end"));
            }
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

/// The address in `Link: <…>; rel="next"`, among links of other kinds, in one header or several.
fn next_page(headers: &HeaderMap, from: &Url) -> Option<Url> {
    let values = headers.get_all(LINK).into_iter();
    let values = values.filter_map(|value| value.to_str().ok());
    // An address ends with its bracket, whatever is in it; what comes before the next one are the words about it.
    let mut pages = values
        .flat_map(|value| value.split('<').skip(1))
        .filter_map(|page| page.split_once('>'));
    let (address, _) = pages.find(|(_, about)| is_next(about))?;
    from.join(address).ok()
}

/// Whether a link's parameters say that it is the next page.
fn is_next(about: &str) -> bool {
    about.split([';', ',']).any(|parameter| {
        let Some((name, value)) = parameter.split_once('=') else {
            return false;
        };
        let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
        name.trim().eq_ignore_ascii_case("rel")
            && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        let from: Url = "https://r.example/v2/a/referrers/b?n=1".parse().unwrap();
        for (link, next) in [
            (
                "</v2/x?last=2>; rel=\"next\"",
                Some("https://r.example/v2/x?last=2"),
            ),
            (
                "<?last=2>;rel=next",
                Some("https://r.example/v2/a/referrers/b?last=2"),
            ),
            (
                "<https://e.example/>; title=\"a\"; Rel=\"last NEXT\"",
                Some("https://e.example/"),
            ),
            (
                "</p>; rel=\"prev\", </n,m>; rel=\"next\"",
                Some("https://r.example/n,m"),
            ),
            ("</next>; rel=\"prev\"", None),
            ("</nexts>; rel=\"nexts\"", None),
            ("</open; rel=\"next\"", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(LINK, "<first>; rel=first".parse().unwrap());
            headers.append(LINK, link.parse().unwrap());
            let found = next_page(&headers, &from).map(String::from);
            assert_eq!(found.as_deref(), next, "{link}");
        }
    }
}
