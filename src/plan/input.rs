//! Inputs of a build: bytes from outside, each with a name by which the command line can replace it.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::report::Location;

/// One input and where its bytes come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Unique in the plan, such as `python-arm64`: `--build-context NAME=…` replaces the input.
    pub name: String,
    /// Where the bytes come from.
    #[serde(flatten)]
    pub origin: Origin,
    /// The lines that asked for it, in the spec or in a lock.
    pub at: Option<Location>,
}

/// Where the bytes of an input come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Origin {
    /// Downloaded by the engine, which checks the digest. Always one file.
    Http {
        /// The address, with arguments already put in.
        url: String,
        /// The digest of the whole file.
        sha256: Digest,
        /// The name that the file gets in the step.
        file_name: String,
        /// The id of the secret that the request carries in its header `Authorization`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret: Option<String>,
    },
    /// A file of the main build context.
    Path {
        /// Relative to the context, with `/` between its parts and never leaving it.
        path: String,
        /// Checked by our tool when it is given.
        sha256: Option<Digest>,
    },
    /// A named context given on the command line.
    Context {
        /// The context's name.
        context: String,
        /// The file in it. Without one the context is either a tree that stands for the unpacked input,
        /// or a folder that holds the one archive to unpack.
        path: Option<String>,
        /// Checked by our tool when it is given.
        sha256: Option<Digest>,
    },
    /// Text that stands in the spec itself.
    Inline {
        /// The text.
        content: String,
    },
}
