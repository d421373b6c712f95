//! The wheels step: installs wheels into trees of their own, as an installer for Python would, but
//! without one. Laid over each other, the trees are what one installation of all wheels would be.
//!
//! Follows the binary distribution format and the format of recorded projects. Every file is checked
//! against its wheel's `RECORD` while it is written; nothing of a wheel is run.

mod entry_points;
mod error;
mod headers;
mod install;
mod layout;
mod licence;
mod owners;
mod prepare;
mod record;
mod script;

use std::collections::BTreeMap;
use std::iter::repeat_n;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use krunner::platform::Architecture;

pub use self::error::{Error, Fault};
pub use self::headers::Headers;
pub use self::layout::Layout;
pub(crate) use self::licence::is_licence;
pub(crate) use self::prepare::normalise as normal_name;
pub(crate) use self::record::{Checker, describes};
pub use self::record::{Record, Row};
use super::path::EntryPath;
use super::program::Rewriter;
use super::refusal::Refusal;
use super::slim::Slim;
use super::step::{self, Compiler, Part, Portable, Wheel};
use super::tree::{Limits, Links, Tree};
use super::{Error as StepError, bytecode, elf, normalise};

/// What the wheels step is told.
#[derive(Debug)]
pub(super) struct Wheels<'a> {
    pub(super) parts: &'a [Part],
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

pub(super) fn run(step: &Wheels<'_>) -> Result<(), StepError> {
    let layout = Layout::new(step.site_packages, step.interpreter).map_err(|fault| Error {
        input: "wheels".to_owned(),
        file: None,
        fault,
    })?;
    let slim = Slim::new(step.slim, step.compiler.is_some())?;
    let wheels = step.parts.iter().flat_map(|part| &part.wheels).collect();
    let prepared = in_parallel(wheels, |wheel| prepare::prepare(wheel, &layout, &slim))?;
    let owners = owners::owners(&prepared, &layout, step.compiler.is_some())?;
    let trees = trees(step.parts)?;
    let homes = trees
        .iter()
        .zip(step.parts)
        .flat_map(|(tree, part)| repeat_n(tree, part.wheels.len()));
    let rewriter = Rewriter {
        portable: step.portable,
        strip: step.slim.strip_symbols,
    };
    let wheels = prepared.into_iter().zip(homes).collect();
    let installed = in_parallel(wheels, |(wheel, tree)| {
        let installed = install::install(wheel, &layout, rewriter, step.architecture, tree)?;
        Ok((installed, tree))
    })?;
    if let Some(compiler) = step.compiler {
        let roots: Vec<&Path> = trees.iter().map(Tree::root).collect();
        bytecode::compile(&roots, compiler).map_err(|fault| StepError::Bytecode {
            input: "wheels".to_owned(),
            fault,
        })?;
    }
    // After the bytecode, which records list where there is any.
    in_parallel(installed, |(wheel, tree)| wheel.write_record(&layout, tree))?;
    for tree in trees {
        let root = tree.root().to_owned();
        tree.finish().map_err(StepError::at("wheels"))?;
        check(&root, step.architecture, &owners)?;
        normalise::stamp(&root, step.epoch)?;
    }
    Ok(())
}

/// A tree for each part, all within the limits of one.
fn trees(parts: &[Part]) -> Result<Vec<Tree>, StepError> {
    let limits = Arc::new(Limits::of(parts.len()));
    let create = |part: &Part| {
        Tree::create_within(&part.out, Links::Inside, Arc::clone(&limits))
            .map_err(StepError::out(&part.out))
    };
    parts.iter().map(create).collect()
}

/// The gate for what is of a foreign machine.
fn check(
    root: &Path,
    architecture: Architecture,
    owners: &BTreeMap<String, String>,
) -> Result<(), StepError> {
    elf::check(root, architecture).map_err(|fault| {
        let owner = match &fault {
            elf::Error::Machine { file, .. } => owners.get(file),
            elf::Error::Read { .. } => None,
        };
        StepError::Elf {
            input: owner.map_or("wheels", String::as_str).to_owned(),
            fault,
        }
    })
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
