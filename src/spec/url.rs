//! Addresses of inputs: only what an engine can fetch, and never with a password in it.

/// Why a text is no address of an input. The text itself is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Neither `http://` nor `https://`.
    #[error("Not an `http://` or `https://` address")]
    Scheme,
    /// `user:password@` before the host.
    #[error("An address with a user or password in it, which would end up in the provenance")]
    Credentials,
    /// White space, control characters or no host.
    #[error("An address with white space, or without a host")]
    Form,
    /// Nothing behind the last `/` that a file could be called.
    #[error("An address whose last part cannot be the name of a file")]
    FileName,
}

/// Checks an address and returns the name of the file it leads to.
pub fn file_name(url: &str) -> Result<String, InvalidUrl> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .ok_or(InvalidUrl::Scheme)?;
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = path.split_once('/').ok_or(InvalidUrl::FileName)?;
    if host.contains('@') {
        return Err(InvalidUrl::Credentials);
    }
    if host.is_empty() || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(InvalidUrl::Form);
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    percent_decoded(name)
        .filter(|name| is_file_name(name))
        .ok_or(InvalidUrl::FileName)
}

/// Host and port of an address, in lower case; empty for what is none.
pub fn authority(url: &str) -> String {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.to_ascii_lowercase()
}

/// Whether `name` is one part of a path that every file system takes.
pub fn is_file_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && name.len() <= 255
        && !name.contains(|c: char| matches!(c, '/' | '\\') || c.is_control())
}

/// `text` with every `%41` replaced by what it stands for; `None` if one stands for nothing, or the whole is no UTF-8.
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let mut byte = [0];
        hex::decode_to_slice(part.get(..2)?, &mut byte).ok()?;
        bytes.extend_from_slice(&byte);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_name_is_the_last_part_decoded() {
        let name = |url| file_name(url).unwrap();
        assert_eq!(
            name("https://a.example/x/torch-2.0%2Bcpu.whl"),
            "torch-2.0+cpu.whl"
        );
        assert_eq!(name("http://a.example:80/x.tar.gz?b=c/d#e"), "x.tar.gz");
    }

    #[test]
    fn what_is_no_address_of_a_file_is_refused() {
        for (url, error) in [
            ("ftp://a.example/x", InvalidUrl::Scheme),
            ("file:///etc/passwd", InvalidUrl::Scheme),
            ("https://me:secret@a.example/x", InvalidUrl::Credentials),
            ("https:///x", InvalidUrl::Form),
            ("https://a.example/x y", InvalidUrl::Form),
            ("https://a.example", InvalidUrl::FileName),
            ("https://a.example/", InvalidUrl::FileName),
            ("https://a.example/%2e%2e", InvalidUrl::FileName),
            ("https://a.example/..%2Fx", InvalidUrl::FileName),
            ("https://a.example/%", InvalidUrl::FileName),
        ] {
            assert_eq!(file_name(url), Err(error), "{url}");
        }
    }
}
