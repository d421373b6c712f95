//! The time of everything that is built, where it is that of the build context.

use std::collections::BTreeMap;

use krunner::report::Problem;
use krunner::spec::arguments::SOURCE_DATE_EPOCH;

use super::Error;
use crate::gateway::{Bridge, Pong};
use crate::llb::{self, Output};
use crate::lower::Folder;

/// Puts a number in the place of `SOURCE_DATE_EPOCH=context`: when the commit was made, or the file changed, that
/// the context is. A local folder has no such time; there the spec's counts, as without the argument.
pub(super) async fn resolve(
    bridge: &Bridge,
    pong: &Pong,
    context: &Folder,
    args: &mut BTreeMap<String, String>,
) -> Result<(), Error> {
    if args.get(SOURCE_DATE_EPOCH).map(String::as_str) != Some("context") {
        return Ok(());
    }
    match context {
        Folder::Client { .. } => args.remove(SOURCE_DATE_EPOCH),
        Folder::Tree(tree) => {
            let time = time(bridge, pong, tree).await?;
            args.insert(SOURCE_DATE_EPOCH.to_owned(), time.to_string())
        }
    };
    Ok(())
}

async fn time(bridge: &Bridge, pong: &Pong, tree: &Output) -> Result<u64, Error> {
    let unknown = || {
        let message =
            format!("The build context has no time that the engine knows: `{SOURCE_DATE_EPOCH}`");
        let hint = format!("Give the seconds: `--build-arg {SOURCE_DATE_EPOCH}=…`");
        Error::from(Problem::new(None, message).with_hint(hint))
    };
    if !pong.gateway.has("source.metaresolver") {
        return Err(unknown());
    }
    let [source] = llb::sources(tree).try_into().map_err(|_| unknown())?;
    let answer = bridge.source_meta(source).await?;
    let changed = answer.http.and_then(|http| http.last_modified);
    let committed = answer.git.and_then(|git| committed(&git.commit_object));
    let changed = changed.and_then(|time| u64::try_from(time.seconds).ok());
    changed.or(committed).ok_or_else(unknown)
}

/// When the commit was made, out of its object: the line `committer NAME <ADDRESS> SECONDS ZONE`.
fn committed(object: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(object);
    let mut head = text.lines().take_while(|line| !line.is_empty());
    let line = head.find_map(|line| line.strip_prefix("committer "))?;
    let (_, time) = line.rsplit_once("> ")?;
    time.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_knows_when_it_was_made() {
        let object = "tree 00\nauthor A > <a@b> 1 +0000\ncommitter B <c@d> 1700000000 +0100\n\ncommitter C <> 2 +0000\n";
        assert_eq!(committed(object.as_bytes()), Some(1_700_000_000));
        for object in ["", "tree 00\n\ncommitter B <c> 1 +0", "committer B <c> x"] {
            assert_eq!(committed(object.as_bytes()), None, "{object}");
        }
    }
}
