//! The python step: a distribution, unpacked byte for byte, checked and normalised.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use krunner::platform::Architecture;

use super::archive::{self, Strip};
use super::path::EntryPath;
use super::program::Rewriter;
use super::slim::Slim;
use super::step::{self, Bytes, Compiler, Portable};
use super::tree::{Links, Tree};
use super::{Error, bytecode, elf, normalise, portable};

/// What the python step is told, without where it writes.
#[derive(Debug)]
pub(super) struct Python<'a> {
    pub(super) source: &'a Bytes,
    pub(super) strip: &'a str,
    pub(super) slim: &'a step::Slim,
    pub(super) portable: Option<&'a Portable>,
    pub(super) compiler: Option<&'a Compiler>,
    pub(super) architecture: Architecture,
    pub(super) epoch: u64,
}

/// Why a distribution cannot be the volume's Python.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The folder to strip is no relative path.
    #[error("`strip` is no folder of an archive: `{0}`")]
    Strip(String),
    /// No interpreter, or several.
    #[error(
        "The distribution must have exactly one interpreter `bin/python3.N`, and has {0}\nhint: set `strip` to the leading folder of the archive, which is `python` in most relocatable distributions"
    )]
    Interpreter(usize),
    /// The interpreter is no program.
    #[error("The interpreter is no executable file: `{0}`")]
    NotExecutable(String),
}

pub(super) fn run(step: &Python<'_>, out: &Path) -> Result<(), Error> {
    let failed = |fault: Fault| Error::Python {
        input: step.source.name.clone(),
        fault,
    };
    let strip = EntryPath::parse(step.strip.as_bytes())
        .map_err(|_| failed(Fault::Strip(step.strip.to_owned())))?;
    let slim = Slim::new(step.slim, step.compiler.is_some())?;
    let options = slim.options(Strip::Folder(strip));
    let tree = Tree::create(out, Links::Inside).map_err(Error::out(out))?;
    archive::unpack(step.source, &tree, &options)?;
    tree.finish().map_err(Error::at(&step.source.name))?;
    let interpreter = interpreter(out).map_err(failed)?;
    for name in ["python", "python3"] {
        let link = out.join("bin").join(name);
        if link.symlink_metadata().is_err() {
            symlink(&interpreter, &link).map_err(Error::out(&link))?;
        }
    }
    if step.portable.is_some() {
        portable::isolate(out, &interpreter).map_err(Error::out(out))?;
    }
    elf::check(out, step.architecture).map_err(|fault| Error::Elf {
        input: step.source.name.clone(),
        fault,
    })?;
    let rewriter = Rewriter {
        portable: step.portable,
        strip: step.slim.strip_symbols,
    };
    rewriter.tree(out).map_err(|(file, fault)| Error::Program {
        input: step.source.name.clone(),
        file,
        fault,
    })?;
    if let Some(compiler) = step.compiler {
        bytecode::compile(&[out], compiler).map_err(|fault| Error::Bytecode {
            input: step.source.name.clone(),
            fault,
        })?;
    }
    Ok(normalise::stamp(out, step.epoch)?)
}

/// The name of the one interpreter in `bin`.
fn interpreter(out: &Path) -> Result<String, Fault> {
    let entries = std::fs::read_dir(out.join("bin")).into_iter().flatten();
    let names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_interpreter(name))
        .collect();
    let [name] = names.as_slice() else {
        return Err(Fault::Interpreter(names.len()));
    };
    let path = out.join("bin").join(name);
    match path.metadata() {
        Ok(meta) if meta.is_file() && meta.permissions().mode() & 0o111 != 0 => Ok(name.clone()),
        _ => Err(Fault::NotExecutable(format!("bin/{name}"))),
    }
}

fn is_interpreter(name: &str) -> bool {
    name.strip_prefix("python3.")
        .is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit()))
}
