//! Whether the entries of a layer fit together.

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::name::show;
use super::{Entry, Kind, Refused};

/// What one layer's paths are, to see that they fit together.
#[derive(Default)]
pub(super) struct Tree(HashMap<PathBuf, Node>);

#[derive(Clone, Copy, PartialEq)]
enum Node {
    Folder,
    /// A folder that only its content speaks of, so far.
    Implied,
    File,
    Link,
}

impl Tree {
    /// Notes an entry, unless it does not fit what there is.
    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), Refused> {
        let shown = || show(entry.path.as_os_str().as_bytes());
        let node = match &entry.kind {
            Kind::Folder => Node::Folder,
            Kind::File => Node::File,
            Kind::Symlink(_) => Node::Link,
            Kind::Hardlink(target) if self.0.get(target) == Some(&Node::File) => Node::File,
            Kind::Hardlink(_) => {
                return Err(Refused::Link(
                    shown(),
                    "a target that is no earlier file of its layer",
                ));
            }
        };
        for folder in entry.path.ancestors().skip(1) {
            match self.0.get(folder) {
                Some(Node::Folder | Node::Implied) => break,
                Some(Node::File | Node::Link) => {
                    return Err(Refused::Path(shown(), "beneath a file or a link"));
                }
                None => self.0.insert(folder.to_owned(), Node::Implied),
            };
        }
        match self.0.insert(entry.path.clone(), node) {
            None => Ok(()),
            Some(Node::Implied) if node == Node::Folder => Ok(()),
            Some(_) => Err(Refused::Twice(shown())),
        }
    }
}
