//! The wheels step: installs wheels into a tree of their own, as an installer for Python would, but
//! without one.
//!
//! Follows the binary distribution format and the format of recorded projects. Every file is checked
//! against its wheel's `RECORD` while it is written; nothing of a wheel is run.

mod entry_points;
mod error;
mod headers;
mod install;
mod layout;
mod licence;
mod prepare;
mod record;
mod script;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use krunner::platform::Architecture;

pub use self::error::{Error, Fault};
pub use self::headers::Headers;
pub use self::layout::Layout;
pub(crate) use self::licence::is_licence;
use self::prepare::Prepared;
pub(crate) use self::prepare::normalise as normal_name;
pub(crate) use self::record::{Checker, describes};
pub use self::record::{Record, Row};
use super::path::EntryPath;
use super::program::Rewriter;
use super::refusal::Refusal;
use super::slim::Slim;
use super::step::{self, Compiler, Portable, Wheel};
use super::tree::{Links, Tree};
use super::{Error as StepError, bytecode, elf, normalise};

/// What the wheels step is told, without where it writes.
#[derive(Debug)]
pub(super) struct Wheels<'a> {
    pub(super) archives: &'a [Wheel],
    pub(super) site_packages: &'a str,
    pub(super) interpreter: &'a str,
    pub(super) slim: &'a step::Slim,
    pub(super) portable: Option<&'a Portable>,
    pub(super) compiler: Option<&'a Compiler>,
    pub(super) architecture: Architecture,
    pub(super) epoch: u64,
}

/// A fault and the file that it is about; the input is added where it is known.
type Faulty = (Option<String>, Fault);

pub(super) fn run(step: &Wheels<'_>, out: &Path) -> Result<(), StepError> {
    let layout = Layout::new(step.site_packages, step.interpreter).map_err(|fault| Error {
        input: "wheels".to_owned(),
        file: None,
        fault,
    })?;
    let slim = Slim::new(step.slim, step.compiler.is_some())?;
    let prepared = in_parallel(step.archives.iter().collect(), |wheel| {
        prepare::prepare(wheel, &layout, &slim)
    })?;
    let owners = owners(&prepared)?;
    let tree = Tree::create(out, Links::Inside).map_err(StepError::out(out))?;
    let rewriter = Rewriter {
        portable: step.portable,
        strip: step.slim.strip_symbols,
    };
    let installed = in_parallel(prepared, |wheel| {
        install::install(wheel, &layout, rewriter, &tree)
    })?;
    if let Some(compiler) = step.compiler {
        bytecode::compile(out, compiler).map_err(|fault| StepError::Bytecode {
            input: "wheels".to_owned(),
            fault,
        })?;
    }
    // After the bytecode, which records list where there is any.
    in_parallel(installed, |wheel| wheel.write_record(&layout, &tree))?;
    tree.finish().map_err(StepError::at("wheels"))?;
    elf::check(out, step.architecture).map_err(|fault| {
        let owner = match &fault {
            elf::Error::Machine { file, .. } => owners.get(file),
            elf::Error::Read { .. } => None,
        };
        StepError::Elf {
            input: owner.map_or("wheels", String::as_str).to_owned(),
            fault,
        }
    })?;
    Ok(normalise::stamp(out, step.epoch)?)
}

/// Which wheel writes which path. Found out before anything is written, so that the message is the
/// same however the threads run.
fn owners(wheels: &[Prepared]) -> Result<BTreeMap<String, String>, Error> {
    let mut owners = BTreeMap::new();
    for wheel in wheels {
        for path in wheel.places() {
            if let Some(other) = owners.insert(path.to_string(), wheel.input.clone()) {
                return Err(Error {
                    input: wheel.input.clone(),
                    file: Some(path.to_string()),
                    fault: Fault::Conflict(other),
                });
            }
        }
    }
    Ok(owners)
}

/// Does `work` for every item on all processors. Of several errors that of the first item counts.
fn in_parallel<T: Send, R: Send>(
    items: Vec<T>,
    work: impl Fn(T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = AtomicUsize::new(0);
    let todo: Vec<_> = items
        .into_iter()
        .map(|item| Mutex::new(Some(item)))
        .collect();
    let done: Vec<_> = todo.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(todo.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(todo), Some(done)) = (todo.get(index), done.get(index)) else {
                        return;
                    };
                    let item = lock(todo).take();
                    *lock(done) = item.map(&work);
                }
            });
        }
    });
    done.iter().filter_map(|slot| lock(slot).take()).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A path made by this module from parts that were checked before.
fn path(text: &str) -> Result<EntryPath, Faulty> {
    EntryPath::parse(text.as_bytes()).map_err(|refusal| (Some(text.to_owned()), refusal.into()))
}

#[cfg(test)]
mod tests;
