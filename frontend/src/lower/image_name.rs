//! Image names as people write them, and as the engine wants them.

use super::Error;

/// The full reference of an image: with its registry, and with a tag if it has no digest.
///
/// `krunner/frontend:1` is short for `docker.io/krunner/frontend:1`, and the engine does not know the
/// short form.
pub fn full_name(name: &str) -> Result<String, Error> {
    let error = || Error::ImageName(name.to_owned());
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._/:@".contains(c);
    if name.is_empty() || !name.chars().all(allowed) {
        return Err(error());
    }
    let (registry, path) = match name.split_once('/') {
        Some((first, rest)) if first == "localhost" || first.contains(['.', ':']) => (first, rest),
        _ => ("docker.io", name),
    };
    let path = if registry == "docker.io" && !path.contains('/') {
        format!("library/{path}")
    } else {
        path.to_owned()
    };
    let (bare, digest) = path.split_once('@').unwrap_or((&path, ""));
    if bare.is_empty() || bare.split('/').any(str::is_empty) {
        return Err(error());
    }
    let tagged = bare
        .rsplit('/')
        .next()
        .is_some_and(|last| last.contains(':'));
    let tag = if tagged || !digest.is_empty() {
        ""
    } else {
        ":latest"
    };
    Ok(format!("{registry}/{path}{tag}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_gets_what_it_is_short_for() {
        for (short, full) in [
            ("busybox", "docker.io/library/busybox:latest"),
            ("krunner/frontend:1", "docker.io/krunner/frontend:1"),
            ("localhost:5000/a", "localhost:5000/a:latest"),
            ("127.0.0.1:5000/a/b:2", "127.0.0.1:5000/a/b:2"),
            ("docker.io/busybox", "docker.io/library/busybox:latest"),
            ("a.b/c@sha256:00", "a.b/c@sha256:00"),
        ] {
            assert_eq!(full_name(short).unwrap(), full);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in ["", "a b", "a//b", "localhost:5000/", "@sha256:00"] {
            assert!(full_name(name).is_err(), "{name}");
        }
    }
}
