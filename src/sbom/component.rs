//! One component: an input of the build, with what its plan says of it.

use serde::{Deserialize, Serialize};

use super::{debian, version};
use crate::digest::Digest;
use crate::plan::{Input, Origin};

/// One component of a volume, or of what made it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The name of the input, unique in a plan: `wheel-attrs`.
    pub input: String,
    /// What it is.
    pub kind: Kind,
    /// The stage that it goes into.
    pub stage: String,
    /// The layer of the volume that it goes into; none for what makes the volume without being in it.
    pub layer: Option<String>,
    /// What it is called where it comes from: `attrs`, `libc6`, `libuv`.
    pub name: String,
    /// Its version, where that is known.
    pub version: Option<String>,
    /// The processor architecture that it is for, where it is for one.
    pub architecture: Option<String>,
    /// The name of its file.
    pub file: Option<String>,
    /// Where it was downloaded from; none if the client gave it.
    pub url: Option<String>,
    /// The digest of its file, where the spec or the lock pins it.
    pub sha256: Option<Digest>,
}

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A Python distribution.
    Python,
    /// A Python package.
    Wheel,
    /// A package of Debian.
    Debian,
    /// Sources that are compiled.
    Source,
    /// A ready-made program.
    Binary,
    /// A further file.
    File,
}

impl Component {
    /// What an input is by itself.
    pub(super) fn new(input: &Input, kind: Kind, stage: &str, name: &str) -> Self {
        let (url, file, sha256) = match &input.origin {
            Origin::Http {
                url,
                sha256,
                file_name,
                ..
            } => (Some(url.clone()), Some(file_name.clone()), Some(*sha256)),
            Origin::Path { path, sha256 } => (None, Some(last(path)), *sha256),
            Origin::Context { path, sha256, .. } => (None, path.as_deref().map(last), *sha256),
            Origin::Inline { .. } => (None, None, None),
        };
        Self {
            input: input.name.clone(),
            kind,
            stage: stage.to_owned(),
            // Most stages are one layer.
            layer: (!is_tool(stage)).then(|| stage.to_owned()),
            name: name.to_owned(),
            version: None,
            architecture: None,
            file,
            url,
            sha256,
        }
    }

    /// An archive, which is a package of Debian if it is called like one.
    pub(super) fn archive(input: &Input, stage: &str, name: &str) -> Self {
        let mut component = Self::new(input, Kind::Source, stage, name);
        component.learn_file();
        component
    }

    /// What the name of the file says: of a package of Debian all three, of other archives the version.
    pub(super) fn learn_file(&mut self) {
        let Some(file) = self.file.as_deref() else {
            return;
        };
        if let Some(package) = debian::Package::parse(file) {
            self.kind = Kind::Debian;
            self.name = package.name;
            self.version = Some(package.version);
            self.architecture = Some(package.architecture);
        } else if self.version.is_none() {
            self.version = version::of_file(file);
        }
    }

    /// The same with a version that is known better.
    pub(super) fn with_version(mut self, version: &str) -> Self {
        self.version = (!version.is_empty()).then(|| version.to_owned());
        self
    }

    /// Whether it makes the volume without being in it.
    pub fn is_tool(&self) -> bool {
        is_tool(&self.stage)
    }
}

fn is_tool(stage: &str) -> bool {
    matches!(stage, "bytecode" | "toolchain")
}

fn last(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}
