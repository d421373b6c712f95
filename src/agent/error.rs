//! What can go wrong in an agent.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};

use crate::reference::InvalidReference;
use crate::{artifact, store};

/// What can go wrong in an agent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another agent keeps this store.
    #[error("Another agent keeps the store `{0}`")]
    Running(PathBuf),
    /// Somebody listens there already.
    #[error("Somebody listens there already: `{0}`")]
    Listening(PathBuf),
    /// Something that is no socket is where one should be.
    #[error("Not a socket, so it is not replaced: `{0}`")]
    NoSocket(PathBuf),
    /// The text of a reference.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
    /// A reference to this machine's own files, from somebody who may not read them.
    #[error("Only what is in a registry can be asked for: `{0}`")]
    Local(String),
    /// Where artifacts come from could not be asked.
    #[error("{source}")]
    Source {
        /// What kind of failure it is.
        kind: Kind,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A volume that says nothing of its version.
    #[error(
        "Volume `{manifest}` has no annotation `{key}`, so it has no name as a plain Docker volume"
    )]
    Unnamed {
        /// The volume's manifest.
        manifest: crate::digest::Digest,
        /// What is missing.
        key: &'static str,
    },
    /// A volume of the engine that somebody else made.
    #[error("The engine has a volume of this name that krunner did not make: `{0}`")]
    Foreign(String),
    /// A folder that no overlay can be made of.
    #[error(
        "A plain Docker volume cannot be made of a folder with `:`, `,` or `\\` in its name: `{0}`"
    )]
    Split(PathBuf),
    /// The Docker engine said no.
    #[error("The Docker engine at `{socket}` refused: {message} (status {status})")]
    Engine {
        /// Its socket.
        socket: PathBuf,
        /// The status of its answer.
        status: u16,
        /// What it said.
        message: String,
    },
    /// Nobody answers at a socket.
    #[error("No answer at `{socket}`")]
    Silent {
        /// The socket.
        socket: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file operation.
    #[error("Cannot {action} `{path}`")]
    Io {
        /// Such as `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No threads.
    #[error("Cannot start a thread")]
    Thread(#[source] io::Error),
    /// A fault of ours that stopped one piece of work.
    #[error("Stopped by a fault of krunner's own")]
    Panic,
}

/// Why a source could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It may work later.
    Transient,
    /// It will fail again.
    Lasting,
}

impl Error {
    pub(super) fn io(action: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.as_ref().to_owned(),
            source,
        }
    }

    /// Whether the same may well succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Source { kind, .. } => *kind == Kind::Transient,
            Self::Store(store::Error::Busy { .. } | store::Error::Moved(_)) => true,
            Self::Store(store::Error::Artifact(error)) => is_transient(error),
            _ => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Running(_) => "Stop the other agent first, or name another store".to_owned(),
            Self::Listening(_) => "Stop who listens there, or name another socket".to_owned(),
            Self::NoSocket(path) => format!("Remove `{}`, or name another socket", path.display()),
            Self::Local(_) => {
                "Follow it in the agent's configuration, and ask for it by its name".to_owned()
            }
            Self::Foreign(name) => {
                format!(
                    "`docker volume rm {name}` lets krunner make its own, with the same content"
                )
            }
            Self::Silent { .. } => "Is it running, and may you use the socket?".to_owned(),
            _ => return None,
        })
    }

    /// The error with all its causes, in one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = match self {
            Self::Source { source, .. } => source.source(),
            error => error.source(),
        };
        while let Some(inner) = cause {
            let said = inner.to_string();
            // Some causes show themselves in what wraps them.
            if !text.ends_with(&said) {
                text.push_str(": ");
                text.push_str(&said);
            }
            cause = inner.source();
        }
        text
    }
}

fn is_transient(error: &artifact::Error) -> bool {
    error.failure().is_some_and(|failure| failure.transient)
}
