//! A tree being written, beneath a root that only this process writes to.
//!
//! Every object is made by an `*at` call on a folder that was opened component by component without
//! following links. A path becomes a folder only by our own `mkdirat`, files are made with `O_EXCL`,
//! and symbolic links are made last, when nothing is written any more. So no archive can write
//! outside of the root, whatever its entries are called and in whichever order they come.

mod limits;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};

pub use self::limits::Limits;
use super::path::EntryPath;
use super::refusal::Refusal;

/// Links followed while a link is checked, which is the kernel's limit.
const MOST_LINKS: usize = 40;
/// One write call for most files, and few for the large ones.
const BUFFER: usize = 256 << 10;

/// Where symbolic links may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// To relative paths inside of the tree: the tree will be mounted somewhere in a foreign root.
    Inside,
    /// Also to absolute paths: the tree will itself be the root.
    Rooted,
}

/// A tree being written. It can be written by several threads at once.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    folder: Arc<OwnedFd>,
    links: Links,
    limits: Arc<Limits>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<EntryPath, Entry>,
    open: HashMap<EntryPath, Arc<OwnedFd>>,
}

#[derive(Clone, Debug)]
struct Entry {
    kind: Kind,
    owner: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
    Link(String),
}

impl Tree {
    /// Opens `root`, which is made if it does not exist, to write a tree into.
    pub fn create(root: &Path, links: Links) -> io::Result<Self> {
        Self::create_within(root, links, Arc::new(Limits::of(1)))
    }

    /// The same for one of several trees, which keep `limits` together.
    pub fn create_within(root: &Path, links: Links, limits: Arc<Limits>) -> io::Result<Self> {
        std::fs::create_dir_all(root)?;
        let folder = open_folder(CWD, root)?;
        Ok(Self {
            root: root.to_owned(),
            folder: Arc::new(folder),
            links,
            limits,
            state: Mutex::default(),
        })
    }

    /// The root's path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes a folder and those above it. One that is there already is left as it is.
    pub fn folder(&self, path: &EntryPath, owner: &Arc<str>) -> Result<(), Refusal> {
        self.open(&mut self.state(), path, owner).map(drop)
    }

    /// Makes a file from all that `source` gives, and returns how many bytes that were.
    pub fn file(
        &self,
        path: &EntryPath,
        executable: bool,
        owner: &Arc<str>,
        source: &mut dyn Read,
    ) -> Result<u64, Refusal> {
        let parent = self.claim(path, Kind::File, owner)?;
        let mode = if executable { 0o755 } else { 0o644 };
        let file = rustix::fs::openat(
            &*parent,
            path.name(),
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            Mode::from_raw_mode(mode),
        )
        .map_err(|error| self.already_there(error, path))?;
        self.copy(source, &mut File::from(file))
    }

    /// Notes a symbolic link; [`finish`](Self::finish) makes it.
    pub fn link(&self, path: &EntryPath, target: &[u8], owner: &Arc<str>) -> Result<(), Refusal> {
        let target = std::str::from_utf8(target).map_err(|_| Refusal::NotUtf8)?;
        if target.is_empty() {
            return Err(Refusal::LinkEscapes(String::new()));
        }
        if target.contains('\0') {
            return Err(Refusal::Character('\0'));
        }
        self.claim(path, Kind::Link(target.to_owned()), owner)?;
        Ok(())
    }

    /// Makes a hard link to a file that was made before.
    pub fn hard_link(
        &self,
        path: &EntryPath,
        target: &EntryPath,
        owner: &Arc<str>,
    ) -> Result<(), Refusal> {
        let from = {
            let mut state = self.state();
            match (state.entries.get(target), target.parent()) {
                (Some(entry), Some(parent)) if entry.kind == Kind::File => {
                    self.open(&mut state, &parent, owner)?
                }
                _ => return Err(Refusal::HardLinkTarget(target.to_string())),
            }
        };
        let to = self.claim(path, Kind::File, owner)?;
        rustix::fs::linkat(&*from, target.name(), &*to, path.name(), AtFlags::empty())
            .map_err(|error| self.already_there(error, path))
    }

    /// Whether something was written at `path`.
    pub fn has(&self, path: &EntryPath) -> bool {
        path.is_root() || self.state().entries.contains_key(path)
    }

    /// Checks the symbolic links and makes them. The path in an error is that of the link.
    pub fn finish(self) -> Result<(), (EntryPath, Refusal)> {
        let state = std::mem::take(&mut *self.state());
        let links: BTreeMap<_, _> = state
            .entries
            .iter()
            .filter_map(|(path, entry)| match &entry.kind {
                Kind::Link(target) => Some((path, (target, &entry.owner))),
                Kind::Folder | Kind::File => None,
            })
            .collect();
        for (path, (target, _)) in &links {
            if self.links == Links::Inside && !leads_inside(&state.entries, path, target) {
                let refusal = Refusal::LinkEscapes((*target).clone());
                return Err(((*path).clone(), refusal));
            }
        }
        let mut making = State {
            entries: state.entries.clone(),
            ..State::default()
        };
        for (path, (target, owner)) in links {
            let made = path.parent().map_or(Ok(()), |parent| {
                let parent = self.open(&mut making, &parent, owner)?;
                rustix::fs::symlinkat(target.as_str(), &*parent, path.name())
                    .map_err(|error| self.already_there(error, path))
            });
            made.map_err(|refusal| (path.clone(), refusal))?;
        }
        Ok(())
    }

    /// Claims a path for a new entry and returns its folder.
    fn claim(
        &self,
        path: &EntryPath,
        kind: Kind,
        owner: &Arc<str>,
    ) -> Result<Arc<OwnedFd>, Refusal> {
        let parent = path.parent().ok_or(Refusal::EmptyComponent)?;
        let mut state = self.state();
        if let Some(entry) = state.entries.get(path) {
            return Err(Refusal::Duplicate(entry.owner.to_string()));
        }
        let folder = self.open(&mut state, &parent, owner)?;
        self.note(&mut state, path, kind, owner)?;
        Ok(folder)
    }

    /// The open folder at `path`, which is made if it is not there.
    fn open(
        &self,
        state: &mut State,
        path: &EntryPath,
        owner: &Arc<str>,
    ) -> Result<Arc<OwnedFd>, Refusal> {
        let Some(parent) = path.parent() else {
            return Ok(Arc::clone(&self.folder));
        };
        if let Some(folder) = state.open.get(path) {
            return Ok(Arc::clone(folder));
        }
        let parent = self.open(state, &parent, owner)?;
        match state.entries.get(path) {
            Some(entry) if entry.kind != Kind::Folder => {
                return Err(Refusal::NotAFolder(entry.owner.to_string()));
            }
            Some(_) => {}
            None => {
                match rustix::fs::mkdirat(&*parent, path.name(), Mode::from_raw_mode(0o755)) {
                    // There before this tree was opened; it is entered only if it is no link.
                    Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                    Err(error) => return Err(io::Error::from(error).into()),
                }
                self.note(state, path, Kind::Folder, owner)?;
            }
        }
        let folder = Arc::new(open_folder(&*parent, Path::new(path.name()))?);
        if state.open.len() >= self.limits.open_folders {
            state.open.clear();
        }
        state.open.insert(path.clone(), Arc::clone(&folder));
        Ok(folder)
    }

    fn copy(&self, source: &mut dyn Read, file: &mut File) -> Result<u64, Refusal> {
        let mut buffer = Buffer::take();
        let mut size = 0;
        loop {
            let count = fill(source, &mut buffer.0)?;
            size += count as u64;
            self.limits.bytes(count)?;
            file.write_all(&buffer.0[..count])?;
            if count < buffer.0.len() {
                return Ok(size);
            }
        }
    }

    fn already_there(&self, error: rustix::io::Errno, path: &EntryPath) -> Refusal {
        match error {
            rustix::io::Errno::EXIST => {
                Refusal::Duplicate(format!("`{}`", self.root.join(path.as_str()).display()))
            }
            error => io::Error::from(error).into(),
        }
    }

    fn note(
        &self,
        state: &mut State,
        path: &EntryPath,
        kind: Kind,
        owner: &Arc<str>,
    ) -> Result<(), Refusal> {
        self.limits.entry()?;
        let owner = Arc::clone(owner);
        state.entries.insert(path.clone(), Entry { kind, owner });
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere ends the step anyway; what the map says is true at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_folder(at: impl std::os::fd::AsFd, path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(at, path, flags, Mode::empty())?)
}

/// Walks a link's target over the tree's own entries, following its links. A check of the text alone
/// would miss a `..` that follows another link.
fn leads_inside(entries: &HashMap<EntryPath, Entry>, link: &EntryPath, target: &str) -> bool {
    let mut at: Vec<String> = link
        .parent()
        .map_or_else(Vec::new, |parent| split(parent.as_str()));
    let mut todo: Vec<String> = split(target);
    todo.reverse();
    if target.starts_with('/') {
        return false;
    }
    let mut followed = 0;
    while let Some(component) = todo.pop() {
        match component.as_str() {
            "." => {}
            ".." => {
                if at.pop().is_none() {
                    return false;
                }
            }
            _ => {
                at.push(component);
                let here = EntryPath::parse(at.join("/").as_bytes());
                let entry = here.ok().and_then(|here| entries.get(&here));
                if let Some(Kind::Link(next)) = entry.map(|entry| &entry.kind) {
                    followed += 1;
                    if followed > MOST_LINKS || next.starts_with('/') {
                        return false;
                    }
                    at.pop();
                    todo.extend(split(next).into_iter().rev());
                }
            }
        }
    }
    true
}

fn split(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|component| !component.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Reads until the buffer is full or the source ends.
fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A buffer that goes back to its thread when dropped, so that five thousand small files need one.
struct Buffer(Vec<u8>);

thread_local! {
    static SPARE: std::cell::Cell<Vec<u8>> = const { std::cell::Cell::new(Vec::new()) };
}

impl Buffer {
    fn take() -> Self {
        let mut buffer = SPARE.take();
        buffer.resize(BUFFER, 0);
        Self(buffer)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        SPARE.set(std::mem::take(&mut self.0));
    }
}
