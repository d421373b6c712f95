//! Contexts: where the build's files are, out of the options that say so.

use std::collections::BTreeMap;

use krunner::report::Problem;

use super::Error;
use super::request::{owned, platform, value};
use crate::gateway::{Bridge, Options, Pong};
use crate::llb::{self, Meta, Output, pb};
use crate::lower::{self, Contexts, Folder, Named};
use crate::tool::archive::Format;

/// Where everything is.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) contexts: Contexts,
    /// Where the spec is, and mostly its locks.
    pub(super) spec: Folder,
    /// The spec does not come with the context: it was given by itself, as on standard input.
    pub(super) apart: bool,
    /// The name of the one file that the context is, if it is no folder.
    pub(super) only: Option<&'static str>,
}

/// What the engine calls a file from an address that stands for a context.
const DOWNLOAD: &str = "context";

/// Finds all contexts. A remote one brings the spec along, unless the client says that it sends it by itself.
pub(super) async fn layout(
    bridge: &Bridge,
    options: &Options,
    pong: &Pong,
) -> Result<Layout, Error> {
    let mut contexts = Contexts {
        named: named(options),
        session: options.session.clone(),
        local_sessions: owned(options.with_prefix("local-sessionid:")),
        resolve_mode: resolve_mode(options)?,
        caps: pong.llb.clone(),
        ..Contexts::default()
    };
    let main = main(bridge, options, &mut contexts).await?;
    let apart = options.get("dockerfilekey");
    let spec = match (apart, main.spec) {
        (Some(name), _) => Folder::client(name),
        (None, Some(tree)) => Folder::Tree(tree),
        (None, None) => match contexts.inputs.get("dockerfile") {
            Some(definition) => Folder::Tree(lower::graft("dockerfile", definition)?),
            None => Folder::client("dockerfile"),
        },
    };
    contexts.main = match (main.folder, options.get("contextsubdir")) {
        (Folder::Tree(tree), Some(folder)) => {
            let meta = Meta::named(format!("[internal] take {folder} of the build context"));
            Folder::Tree(llb::scope(&tree, folder, meta))
        }
        (folder, _) => folder,
    };
    Ok(Layout {
        contexts,
        spec,
        apart: apart.is_some(),
        only: main.only.filter(|_| apart.is_none()),
    })
}

/// The main context.
struct Main {
    folder: Folder,
    /// The tree that the spec comes in, if it comes with the context.
    spec: Option<Output>,
    only: Option<&'static str>,
}

impl Main {
    fn remote(tree: Output) -> Self {
        Self {
            folder: Folder::Tree(tree.clone()),
            spec: Some(tree),
            only: None,
        }
    }

    fn alone(folder: Folder) -> Self {
        Self {
            folder,
            spec: None,
            only: None,
        }
    }
}

async fn main(bridge: &Bridge, options: &Options, contexts: &mut Contexts) -> Result<Main, Error> {
    let key = options.get("contextkey").unwrap_or("context");
    let Some(address) = options.get(key) else {
        // The context may be a graph that no option speaks of.
        contexts.inputs = inputs(bridge).await?;
        return Ok(Main::alone(match contexts.inputs.get("context") {
            Some(definition) => Folder::Tree(lower::graft("context", definition)?),
            None => Folder::client(key),
        }));
    };
    let mut values = contexts.named.values().map(|named| named.value.as_str());
    if values.any(|value| value.starts_with("input:")) || address.starts_with("input:") {
        contexts.inputs = inputs(bridge).await?;
    }
    // As in Dockerfiles, what is no truth value counts as none.
    let keep = options.get("build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR");
    let keep = keep.is_some_and(|text| value::boolean(key, text) == Ok(true));
    if let Some(tree) = contexts.git("context", address, keep)? {
        return Ok(Main::remote(tree));
    }
    if address.starts_with("http://") || address.starts_with("https://") {
        return download(bridge, address).await;
    }
    let native = platform::native(options);
    Ok(match contexts.folder("context", address, key, native)? {
        Folder::Tree(tree) => Main::remote(tree),
        folder @ Folder::Client { .. } => Main::alone(folder),
    })
}

/// What is behind an address: an archive to unpack, or the spec itself.
async fn download(bridge: &Bridge, address: &str) -> Result<Main, Error> {
    let meta = Meta::named("[internal] load remote build context");
    let file = llb::http(address, None, DOWNLOAD, meta);
    let reference = bridge.solve(llb::marshal(&file)).await?;
    let head = bridge.read_start(&reference, DOWNLOAD, HEAD_BYTES).await?;
    if is_archive(&head) {
        let meta = Meta::named("[internal] unpack remote build context");
        return Ok(Main::remote(llb::unpack(&file, DOWNLOAD, meta)));
    }
    Ok(Main {
        only: Some(DOWNLOAD),
        ..Main::remote(file)
    })
}

/// As much as tells an archive from a text.
const HEAD_BYTES: i64 = 1024;

/// Whether engines unpack it: a tar archive, plain or compressed. They also know bzip2, which no step of ours has to read.
fn is_archive(head: &[u8]) -> bool {
    let known = matches!(
        Format::detect(head),
        Format::Tar | Format::Gzip | Format::Xz | Format::Zstd
    );
    known || head.starts_with(b"BZh")
}

fn named(options: &Options) -> BTreeMap<lower::ContextName, Named> {
    let shared: BTreeMap<_, _> = options.with_prefix("sharedkey:localdir:").collect();
    let named = options.with_prefix("context:").map(|(name, value)| {
        let named = Named {
            value: value.to_owned(),
            shared_key: shared.get(name).copied().unwrap_or_default().to_owned(),
        };
        let Ok(name) = name.parse();
        (name, named)
    });
    named.collect()
}

fn resolve_mode(options: &Options) -> Result<Option<String>, Problem> {
    const KEY: &str = "image-resolve-mode";
    match options.get(KEY) {
        None | Some("default") => Ok(None),
        Some(mode @ ("pull" | "local")) => Ok(Some(mode.to_owned())),
        Some(other) => Err(value::wrong(
            KEY,
            other,
            "Give `default`, `pull` or `local`",
        )),
    }
}

/// The graphs that the client gave.
async fn inputs(bridge: &Bridge) -> Result<BTreeMap<String, pb::Definition>, Error> {
    match bridge.inputs().await {
        // Engines that have no such call have no such contexts.
        Err(error) if error.is_unimplemented() => Ok(BTreeMap::new()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_told_from_a_text() {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        tar.append_data(&mut header, "krunner.toml", &[][..])
            .unwrap();
        assert!(is_archive(&tar.into_inner().unwrap()));
        assert!(is_archive(&[0x1f, 0x8b, 0x08, 0]));
        assert!(!is_archive(b"# syntax=krunner/frontend:1\n"));
        assert!(!is_archive(&[b'a'; 600]));
        assert!(!is_archive(&[0; 1024]));
        assert!(!is_archive(b""));
    }
}
