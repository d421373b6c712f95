//! Needs: what a definition asks of an engine, held against what the engine says it can do.
//!
//! The engine holds it against that too, but speaks of nothing except the name of the capability. Whoever
//! reads the error wants to know which line asked for it, and which engine to take.

use std::collections::BTreeMap;
use std::fmt;

use krunner::digest::Digest;

use super::blame::place;
use super::caps::{Cap, Caps};
use super::pb;
use super::place::Place;

/// Something that an engine cannot do.
#[derive(Clone, Debug)]
pub struct Lack {
    /// The name of the capability.
    pub capability: String,
    /// What the engine says of it; nothing if it has never heard of it.
    pub off: Option<String>,
    /// The operation that needs it, as progress output shows it.
    pub operation: String,
    /// The lines that asked for the operation.
    pub place: Option<Place>,
}

impl Lack {
    /// The first BuildKit that has it, if it is one that we know of.
    pub fn since(&self) -> Option<&'static str> {
        let known = SINCE.iter().find(|(name, _)| *name == self.capability);
        known.map(|(_, release)| *release)
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            capability,
            operation,
            ..
        } = self;
        match (&self.off, self.since()) {
            (Some(reason), _) => {
                write!(
                    f,
                    "`{operation}` needs what the engine has switched off: `{capability}`"
                )?;
                if !reason.is_empty() {
                    write!(f, " ({reason})")?;
                }
                f.write_str("\n  hint: use a builder that has it, `docker buildx create --use`")
            }
            (None, Some(release)) => write!(
                f,
                "`{operation}` needs BuildKit ≥ {release}: the engine does not know `{capability}`\n  hint: use a newer engine, or a \
                 builder of its own, `docker buildx create --use`"
            ),
            (None, None) => write!(
                f,
                "`{operation}` needs another BuildKit: the engine does not know `{capability}`\n  hint: use a newer engine"
            ),
        }
    }
}

/// What an engine with `caps` lacks for a definition: each capability once, for the first operation that needs it.
pub fn lacks(definition: &pb::Definition, caps: &Caps) -> Vec<Lack> {
    let mut lacks = BTreeMap::new();
    // In the order of the operations, not of their digests, so that the first is the first.
    for bytes in &definition.def {
        let digest = Digest::of(bytes).to_string();
        let Some(metadata) = definition.metadata.get(&digest) else {
            continue;
        };
        for capability in metadata.caps.keys().filter(|name| !caps.has(name)) {
            let off = caps.get(capability).and_then(|cap| match cap {
                Cap::On => None,
                Cap::Off { reason } => Some(reason.clone()),
            });
            let name = metadata.description.get("llb.customname");
            lacks.entry(capability.clone()).or_insert_with(|| Lack {
                capability: capability.clone(),
                off,
                operation: name.unwrap_or(&digest).clone(),
                place: place(definition, &digest),
            });
        }
    }
    lacks.into_values().collect()
}

/// What graphs may ask for since which BuildKit (`solver/pb/caps.go` of its releases). What 0.8 has is not listed:
/// we support nothing older.
pub const SINCE: [(&str, &str); 46] = [
    ("cache.gha", "0.9"),
    ("file.copy.includeexcludepatterns", "0.9"),
    ("source.git.subdir", "0.9"),
    ("source.local.differ", "0.9"),
    ("diffop", "0.10"),
    ("exec.meta.cgroup.parent", "0.10"),
    ("exec.meta.ulimit", "0.10"),
    ("exec.mount.tmpfs.size", "0.10"),
    ("exec.secretenv", "0.10"),
    ("file.rm.nofollowsymlink", "0.10"),
    ("mergeop", "0.10"),
    ("cache.azblob", "0.11"),
    ("cache.s3", "0.11"),
    ("exporter.image.annotations", "0.11"),
    ("exporter.image.attestations", "0.11"),
    ("exporter.sourcedateepoch", "0.11"),
    ("source.image.layerlimit", "0.11"),
    ("source.ocilayout", "0.11"),
    ("source.policy", "0.11"),
    ("exec.mount.cache.content", "0.13"),
    ("exporter.multiple", "0.13"),
    ("file.copy.alwaysreplaceexistingdestpaths", "0.14"),
    ("exec.validexitcode", "0.17"),
    ("gc.freespacefilter", "0.17"),
    ("file.symlink.create", "0.19"),
    ("exec.meta.cdi", "0.20"),
    ("history.filter", "0.20"),
    ("exporter.session", "0.21"),
    ("source.http.auth", "0.21"),
    ("source.http.header", "0.21"),
    ("source.local.metadatatransfer", "0.21"),
    ("source.git.checksum", "0.22"),
    ("source.git.skipsubmodules", "0.24"),
    ("source.image.checksum", "0.25"),
    ("file.copy.requiredpaths", "0.26"),
    ("source.git.signatureverify", "0.26"),
    ("source.policy.session", "0.26"),
    ("source.http.signatureverify", "0.28"),
    ("source.imageblob", "0.28"),
    ("source.git.mtime", "0.29"),
    ("source.git.bundle", "0.30"),
    ("source.git.checkoutbundle", "0.30"),
    ("source.git.fetchbycommit", "0.30"),
    ("exec.meta.linux.resources", "0.31"),
    ("exec.meta.network.proxy", "0.31"),
    ("passthroughop", "0.31"),
];

#[cfg(test)]
mod tests {
    use super::super::{Meta, http, marshal, merge};
    use super::*;

    fn merged() -> pb::Definition {
        let tree = |name: &str| {
            http(
                &format!("https://example.org/{name}"),
                None,
                name,
                Meta::default(),
            )
        };
        let merged = merge(
            &[tree("a"), tree("b")],
            Meta::named("[volume] merge 2 layers"),
        );
        marshal(&merged.unwrap())
    }

    fn caps(merge: Option<Cap>) -> Caps {
        let on = ["source.http", "constraints", "platform", "meta.description"];
        let on = on.map(|name| (name.to_owned(), Cap::On));
        Caps::new(
            on.into_iter()
                .chain(merge.map(|cap| ("mergeop".to_owned(), cap))),
        )
    }

    #[test]
    fn an_engine_that_has_everything_lacks_nothing() {
        assert!(lacks(&merged(), &caps(Some(Cap::On))).is_empty());
    }

    #[test]
    fn an_older_engine_is_told_from_one_that_has_it_switched_off() {
        let text = |merge| {
            let lacks = lacks(&merged(), &caps(merge));
            let text: Vec<_> = lacks.iter().map(Lack::to_string).collect();
            text.join("\n")
        };
        let reason = "only enabled with containerd image store backend".to_owned();
        assert_eq!(
            text(None),
            "`[volume] merge 2 layers` needs BuildKit ≥ 0.10: the engine does not know `mergeop`\n  hint: use a newer engine, or a \
             builder of its own, `docker buildx create --use`"
        );
        assert_eq!(
            text(Some(Cap::Off { reason })),
            "`[volume] merge 2 layers` needs what the engine has switched off: `mergeop` (only enabled with containerd image store \
             backend)\n  hint: use a builder that has it, `docker buildx create --use`"
        );
    }
}
