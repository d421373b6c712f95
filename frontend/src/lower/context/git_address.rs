//! Addresses of Git repositories, as Docker reads them: `https://HOST/PATH.git#REFERENCE:FOLDER`,
//! `…?ref=REFERENCE&subdir=FOLDER`, `git@HOST:PATH`, `ssh://` and `git://`.

use krunner::spec::url::percent_decoded;

use crate::llb::Git;

/// Why an address of a repository cannot be followed. It is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitAddressError {
    /// A key behind `?` that says nothing.
    #[error("its query has the unknown key `{0}`")]
    Key(String),
    /// A value behind `?` that cannot be.
    #[error("its query has no usable value of `{0}`")]
    Value(String),
    /// Two places of an address say different things.
    #[error("it names two of `{0}`")]
    Conflict(&'static str),
}

/// The repository at `address`; `None` if that is no address of one.
pub(super) fn git_address(address: &str) -> Option<Result<Git, GitAddressError>> {
    let (address, fragment) = address.split_once('#').unwrap_or((address, ""));
    let (bare, query) = address.split_once('?').unwrap_or((address, ""));
    let mut git = locate(bare)?;
    let (reference, folder) = fragment.split_once(':').unwrap_or((fragment, ""));
    reference.clone_into(&mut git.reference);
    git.folder = clean(folder);
    Some(ask(git, query))
}

/// What is in front of `?` and `#`.
fn locate(bare: &str) -> Option<Git> {
    let Some((scheme, rest)) = bare.split_once("://") else {
        return match bare.strip_prefix("github.com/") {
            // As people write it. Only Docker's oldest clients send it without a scheme.
            Some(_) => Some(Git {
                remote: format!("https://{bare}"),
                repository: bare.trim_end_matches('/').to_owned(),
                ..Git::default()
            }),
            None => copy_style(bare),
        };
    };
    let scheme = scheme.to_ascii_lowercase();
    let known = match scheme.as_str() {
        "http" | "https" => rest.strip_suffix(".git").is_some(),
        "git" | "ssh" => true,
        _ => false,
    };
    let (authority, path) = rest.split_once('/')?;
    // The identifier carries no user name; the full address is in an attribute.
    let host = authority.rsplit('@').next()?;
    (known && !host.is_empty()).then(|| Git {
        remote: format!("{scheme}://{rest}"),
        repository: format!("{host}/{path}"),
        ..Git::default()
    })
}

/// `USER@HOST:PATH`, as programs that copy files take it.
fn copy_style(bare: &str) -> Option<Git> {
    let (user, rest) = bare.split_once('@')?;
    let (host, path) = rest.split_once(':')?;
    let is_user = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_host = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let names = !user.is_empty() && !host.is_empty() && !path.is_empty();
    (names && user.chars().all(is_user) && host.chars().all(is_host)).then(|| Git {
        remote: bare.to_owned(),
        repository: format!("{host}/{}", path.trim_start_matches('/')),
        ..Git::default()
    })
}

/// What is behind `?`.
fn ask(mut git: Git, query: &str) -> Result<Git, GitAddressError> {
    let mut seen: Vec<String> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, text) = pair.split_once('=').unwrap_or((pair, ""));
        let wrong = || GitAddressError::Value(key.to_owned());
        let value = percent_decoded(&text.replace('+', " ")).ok_or_else(wrong)?;
        if seen.iter().any(|before| before == key) {
            return Err(wrong());
        }
        seen.push(key.to_owned());
        let needed = || (!value.is_empty()).then(|| value.clone()).ok_or_else(wrong);
        let switch = || match value.to_ascii_lowercase().as_str() {
            // The key alone says yes.
            "" | "1" | "t" | "true" => Ok(true),
            "0" | "f" | "false" => Ok(false),
            _ => Err(wrong()),
        };
        match key {
            "ref" => agree(&mut git.reference, needed()?, "ref")?,
            "tag" => agree(&mut git.reference, full(&needed()?, "refs/tags/"), "ref")?,
            "branch" => agree(&mut git.reference, full(&needed()?, "refs/heads/"), "ref")?,
            "subdir" => agree(&mut git.folder, clean(&needed()?), "subdir")?,
            "checksum" | "commit" => agree(&mut git.checksum, needed()?, "checksum")?,
            "keep-git-dir" => git.keep_git_folder = switch()?,
            "submodules" => git.skip_modules = !switch()?,
            "fetch-by-commit" => git.fetch_by_commit = switch()?,
            "mtime" if value == "checkout" || value == "commit" => git.time = value,
            "mtime" => return Err(wrong()),
            _ => return Err(GitAddressError::Key(key.to_owned())),
        }
    }
    Ok(git)
}

fn full(name: &str, prefix: &str) -> String {
    let short = name.strip_prefix(prefix).unwrap_or(name);
    format!("{prefix}{short}")
}

fn agree(slot: &mut String, value: String, what: &'static str) -> Result<(), GitAddressError> {
    if !slot.is_empty() && *slot != value {
        return Err(GitAddressError::Conflict(what));
    }
    *slot = value;
    Ok(())
}

/// A folder without `.` and `..`, so that it stays in the repository.
fn clean(folder: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(address: &str) -> Git {
        git_address(address).unwrap().unwrap()
    }

    #[test]
    fn a_repository_is_known_by_host_and_path_however_it_is_reached() {
        for address in [
            "https://example.org/a/b.git",
            "https://user:token@example.org/a/b.git",
            "ssh://git@example.org/a/b.git",
            "git@example.org:a/b.git",
            "git://example.org/a/b.git",
        ] {
            let git = read(address);
            assert_eq!(git.repository, "example.org/a/b.git", "{address}");
            assert_eq!(git.remote, address);
        }
        assert_eq!(read("github.com/a/b").remote, "https://github.com/a/b");
    }

    #[test]
    fn fragment_and_query_say_the_same() {
        let fragment = read("https://example.org/a.git#v1:some/folder");
        let query = read("https://example.org/a.git?ref=v1&subdir=some%2Ffolder/");
        assert_eq!(fragment, query);
        assert_eq!(fragment.reference, "v1");
        assert_eq!(fragment.folder, "some/folder");
    }

    #[test]
    fn a_query_says_how_the_tree_is_made() {
        let git = read(
            "https://example.org/a.git?tag=v1&checksum=00ff&keep-git-dir&submodules=0&mtime=commit&fetch-by-commit=true",
        );
        assert_eq!(git.reference, "refs/tags/v1");
        assert_eq!(
            (git.checksum.as_str(), git.time.as_str()),
            ("00ff", "commit")
        );
        assert!(git.keep_git_folder && git.skip_modules && git.fetch_by_commit);
        assert_eq!(
            read("git@a:b?branch=refs/heads/c").reference,
            "refs/heads/c"
        );
    }

    #[test]
    fn a_query_that_says_nothing_is_an_error() {
        for query in [
            "?nosuch=1",
            "?ref=",
            "?ref=a&ref=a",
            "?ref=a#b",
            "?tag=a&branch=b",
            "?mtime=now",
            "?submodules=maybe",
            "?subdir=%2",
        ] {
            let found = git_address(&format!("https://example.org/a.git{query}"));
            assert!(matches!(found, Some(Err(_))), "{query}");
        }
    }

    #[test]
    fn what_is_no_repository_is_left_to_others() {
        for address in [
            "https://example.org/a.tar.gz",
            "https://example.org",
            "docker-image://a.git",
            "local:context",
            "a@b",
            "",
        ] {
            assert!(git_address(address).is_none(), "{address}");
        }
    }

    proptest! {
        #[test]
        fn no_address_leads_out_of_its_repository(text in "\\PC*") {
            if let Some(Ok(git)) = git_address(&format!("https://a/b.git#:{text}")) {
                let leaves = git.folder.split('/').any(|part| part == "..");
                prop_assert!(!leaves && !git.folder.starts_with('/'));
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC*") {
            let _ = git_address(&text);
            let _ = git_address(&format!("git@host:path?{text}"));
        }
    }
}
