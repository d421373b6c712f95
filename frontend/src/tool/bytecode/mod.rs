//! Bytecode: every module of a tree is compiled, so that no container does it again at each start.
//!
//! ```text
//! list ─► compile (the build platform's Python) ─► canonical form ─► __pycache__/NAME.cpython-3N.pyc
//! ```
//!
//! Python never compares it with its source ("unchecked hash"): the volume is read-only. Its bytes depend on the
//! source, the path in the volume and the version of Python, and on nothing else: not on the machine that compiles,
//! nor on the one it is for.

mod fault;
mod list;
mod marshal;
mod python;

use std::io::{self, Write};
use std::path::Path;

pub(super) use self::fault::Fault;
pub(super) use self::list::cached;
use super::scratch::Scratch;
use super::step::Compiler;

/// Bytes of a bytecode file before the code: a magic number, flags, and the source's hash.
const HEADER: usize = 16;

/// Compiles every module beneath `lib/python3.N` of the trees at `roots`, with one process of Python. A file that is no
/// Python (there are some among test data) is left without bytecode, and named in the log.
pub(super) fn compile(roots: &[&Path], compiler: &Compiler) -> Result<(), Fault> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    compile_with(roots, compiler, processors)
}

fn compile_with(roots: &[&Path], compiler: &Compiler, processors: usize) -> Result<(), Fault> {
    let python = python::Python::find(compiler)?;
    let mut modules = Vec::new();
    for root in roots {
        modules.extend(list::modules(root, &compiler.prefix, python.minor())?);
    }
    let scratch = Scratch::new("bytecode").map_err(Fault::file(&std::env::temp_dir()))?;
    let refused = python.compile(&modules, processors, scratch.path())?;
    for (number, module) in modules.iter().enumerate() {
        match refused.get(&number) {
            None => canonicalise(&module.cache, python.minor())?,
            Some(reason) => {
                // For the build's log; nothing can be done about a standard error that is closed.
                let _ = writeln!(io::stderr(), "No bytecode for `{}`: {reason}", module.name);
            }
        }
    }
    match refused.first_key_value() {
        Some((_, reason)) if refused.len() == modules.len() => Err(Fault::Nothing(reason.clone())),
        _ => Ok(()),
    }
}

fn canonicalise(path: &Path, minor: u32) -> Result<(), Fault> {
    let mut bytes = std::fs::read(path).map_err(Fault::file(path))?;
    let changed = bytes
        .get_mut(HEADER..)
        .and_then(|code| marshal::canonicalise(code, minor));
    match changed {
        Some(true) => std::fs::write(path, bytes).map_err(Fault::file(path)),
        Some(false) => Ok(()),
        None => Err(Fault::Form(path.to_owned())),
    }
}

#[cfg(test)]
pub(super) mod tests;
