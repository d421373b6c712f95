//! What a registry demands with a 401: `WWW-Authenticate`, read without believing it.

/// How a registry wants to be authorised to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with each request.
    Basic,
    /// A token from a service.
    Bearer {
        /// The service's address.
        realm: String,
        /// For whom the token is.
        service: Option<String>,
    },
}

impl Challenge {
    /// The challenge in one header; `Bearer` counts more than `Basic` where a registry offers both.
    pub(super) fn parse(headers: &[&str]) -> Option<Self> {
        let mut found = None;
        for header in headers {
            let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
            if scheme.eq_ignore_ascii_case("basic") {
                found = found.or(Some(Self::Basic));
            } else if scheme.eq_ignore_ascii_case("bearer") {
                let mut realm = None;
                let mut service = None;
                for (key, value) in parameters(rest) {
                    match key.as_str() {
                        "realm" => realm = Some(value),
                        "service" => service = Some(value),
                        _ => {}
                    }
                }
                if let Some(realm) = realm {
                    return Some(Self::Bearer { realm, service });
                }
            }
        }
        found
    }
}

/// `key="value", key=value`: names in lower case, `\` taking the next character as it is between quotes.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        while rest.next_if(|c| *c == ',' || c.is_whitespace()).is_some() {}
        let mut key = String::new();
        while let Some(c) = rest.next_if(|c| !matches!(c, '=' | ',')) {
            key.push(c.to_ascii_lowercase());
        }
        if rest.next_if_eq(&'=').is_none() {
            if rest.peek().is_none() {
                return found;
            }
            continue;
        }
        let mut value = String::new();
        if rest.next_if_eq(&'"').is_some() {
            while let Some(c) = rest.next() {
                match c {
                    '"' => break,
                    '\\' => value.extend(rest.next()),
                    c => value.push(c),
                }
            }
        } else {
            while let Some(c) = rest.next_if(|c| *c != ',' && !c.is_whitespace()) {
                value.push(c);
            }
        }
        found.push((key.trim().to_owned(), value));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_service_is_read_whatever_the_order_and_quoting() {
        for header in [
            r#"Bearer realm="https://a.example/token",service="registry",scope="repository:x:pull""#,
            r#"bearer service=registry , scope="repository:x:pull,push", Realm="https://a.example/token""#,
        ] {
            assert_eq!(
                Challenge::parse(&[header]),
                Some(Challenge::Bearer {
                    realm: "https://a.example/token".to_owned(),
                    service: Some("registry".to_owned()),
                })
            );
        }
    }

    #[test]
    fn a_password_is_sent_only_where_no_token_service_is_named() {
        let bearer = r#"Bearer realm="https://a.example""#;
        assert!(matches!(
            Challenge::parse(&["Basic realm=\"x\"", bearer]),
            Some(Challenge::Bearer { .. })
        ));
        assert_eq!(
            Challenge::parse(&["Basic realm=\"x\""]),
            Some(Challenge::Basic)
        );
        assert_eq!(Challenge::parse(&["Negotiate", "Bearer service=x"]), None);
    }

    proptest! {
        #[test]
        fn no_header_is_too_much(header in "\\PC*") {
            let _ = Challenge::parse(&[&header, &format!("Bearer {header}")]);
        }
    }
}
