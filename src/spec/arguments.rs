//! `${NAME}`: arguments in texts of the spec.

/// A part of a text that may use arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Text that stands for itself.
    Text(&'a str),
    /// `${NAME}`.
    Argument(&'a str),
}

/// A `${` without a name and `}` behind it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Not an argument (expected `${{NAME}}`): `{0}`")]
pub struct InvalidArgument(String);

/// The parts of `text`. A `$` without `{` behind it stands for itself.
pub fn parts(text: &str) -> Result<Vec<Part<'_>>, InvalidArgument> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        let (name, behind) = after
            .split_once('}')
            .filter(|(name, _)| is_name(name))
            .ok_or_else(|| InvalidArgument(format!("${{{}", excerpt(after))))?;
        parts.push(Part::Argument(name));
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

/// Whether `name` can be the name of an argument: letters, digits and `_`, not beginning with a digit.
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether engines and their clients set `name` without being asked: the epoch of reproducible builds,
/// BuildKit's own switches, the platforms, and the proxies of the client's configuration.
pub fn is_predefined(name: &str) -> bool {
    const PLATFORM: [&str; 5] = ["PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"];
    const PROXIES: [&str; 5] = [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "FTP_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
    ];
    let of = |side| {
        name.strip_prefix(side)
            .is_some_and(|part| PLATFORM.contains(&part))
    };
    name == SOURCE_DATE_EPOCH
        || name == "TARGETSTAGE"
        || of("TARGET")
        || of("BUILD")
        || name.starts_with("BUILDKIT_")
        || PROXIES.iter().any(|proxy| name.eq_ignore_ascii_case(proxy))
}

/// The argument that overrides `volume.epoch`, as in every other reproducible build.
pub const SOURCE_DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";

fn excerpt(text: &str) -> String {
    text.chars().take_while(|&c| c != '}').take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_arguments() {
        let found = parts("${A}/pool/$x/${B_2}").unwrap();
        assert_eq!(
            found,
            [
                Part::Argument("A"),
                Part::Text("/pool/$x/"),
                Part::Argument("B_2")
            ]
        );
    }

    #[test]
    fn an_argument_without_end_or_name_is_refused() {
        for text in ["${A", "${}", "${1}", "${A-B}", "${A${B}"] {
            assert!(parts(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_engines_set_by_themselves_is_known() {
        for name in [
            "https_proxy",
            "BUILDKIT_SYNTAX",
            "TARGETARCH",
            "BUILDPLATFORM",
        ] {
            assert!(is_predefined(name), "{name}");
        }
        for name in ["DEBIAN_MIRROR", "BUILD", "TARGETARCHIVE"] {
            assert!(!is_predefined(name), "{name}");
        }
    }
}
