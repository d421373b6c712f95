//! Writes a prepared wheel into the tree, checking every byte against `RECORD` on the way.

use std::io::{self, Read};
use std::sync::Arc;

use krunner::platform::Architecture;
use sha2::{Digest, Sha256};

use super::prepare::{Planned, Prepared, launcher};
use super::record::{Checker, Record, Row, describes};
use super::{EntryPath, Error, Fault, Faulty, Layout, Refusal, licence, path, script};
use crate::tool::program::{self, Rewriter};
use crate::tool::tree::Tree;
use crate::tool::{archive, bytecode};

/// How installed packages say who installed them, and for what.
///
/// It makes the layers of two platforms differ although they are of one pure wheel: clients that write both to a folder
/// show an error for each pair of equal ones, and retry.
fn installer(architecture: Architecture) -> String {
    format!("krunner linux/{}\n", architecture.oci())
}

/// A wheel that is written but for its `RECORD`.
#[derive(Debug)]
pub(super) struct Installed {
    input: String,
    dist_info: String,
    record: Record,
}

/// Installs a wheel but for its `RECORD`.
pub(super) fn install(
    mut wheel: Prepared,
    layout: &Layout,
    rewriter: Rewriter<'_>,
    architecture: Architecture,
    tree: &Tree,
) -> Result<Installed, Error> {
    match write(&mut wheel, layout, rewriter, architecture, tree) {
        Ok(record) => Ok(Installed {
            input: wheel.input,
            dist_info: wheel.dist_info,
            record,
        }),
        Err((file, fault)) => Err(Error {
            input: wheel.input,
            file,
            fault,
        }),
    }
}

impl Installed {
    /// Writes the `RECORD`, with a row for the bytecode of each module that has some.
    pub(super) fn write_record(mut self, layout: &Layout, tree: &Tree) -> Result<(), Error> {
        let packages = tree.root().join(layout.site_packages.as_str());
        let modules = self.record.rows().map(|(path, _)| path);
        let compiled: Vec<String> = modules
            .filter_map(|path| bytecode::cached(path, layout.minor()))
            .filter(|path| packages.join(path).is_file())
            .collect();
        for path in compiled {
            // Installers say nothing of what can be made anew.
            self.record.insert(path, Row::default());
        }
        let name = format!("{}/RECORD", self.dist_info);
        self.record.insert(name.clone(), Row::default());
        let owner: Arc<str> = self.input.as_str().into();
        let text = self.record.write();
        let written = path(&format!("{}/{name}", layout.site_packages)).and_then(|place| {
            tree.file(&place, false, &owner, &mut text.as_bytes())
                .map_err(|refusal| (Some(place.to_string()), refusal.into()))
        });
        written.map(drop).map_err(|(file, fault)| Error {
            input: self.input,
            file,
            fault,
        })
    }
}

fn write(
    wheel: &mut Prepared,
    layout: &Layout,
    rewriter: Rewriter<'_>,
    architecture: Architecture,
    tree: &Tree,
) -> Result<Record, Faulty> {
    let owner: Arc<str> = wheel.input.as_str().into();
    let mut record = Record::default();
    for file in &wheel.files {
        let Some(row) = &file.row else {
            continue;
        };
        let named = |fault| (Some(file.name.to_string()), fault);
        let entry = wheel
            .archive
            .by_index(file.index)
            .map_err(|error| named(archive::zip_refusal(error).into()))?;
        let written = Writer {
            layout,
            rewriter,
            tree,
            owner: &owner,
        }
        .file(file, row, entry)
        .map_err(named)?;
        if let Some(place) = &file.place {
            record.insert(layout.recorded(place), written);
        }
    }
    let mut add = |place: EntryPath, text: &str, executable: bool| -> Result<(), Faulty> {
        tree.file(&place, executable, &owner, &mut text.as_bytes())
            .map_err(|refusal| (Some(place.to_string()), refusal.into()))?;
        let row = Row::new(&Sha256::digest(text), text.len() as u64);
        record.insert(layout.recorded(&place), row);
        Ok(())
    };
    for command in &wheel.commands {
        let text = script::launcher(command, &layout.interpreter);
        add(launcher(command)?, &text, true)?;
    }
    let dist_info = format!("{}/{}", layout.site_packages, wheel.dist_info);
    let place = path(&format!("{dist_info}/INSTALLER"))?;
    add(place, &installer(architecture), false)?;
    licence::write(wheel, tree, &owner)?;
    Ok(record)
}

struct Writer<'a> {
    layout: &'a Layout,
    rewriter: Rewriter<'a>,
    tree: &'a Tree,
    owner: &'a Arc<str>,
}

impl Writer<'_> {
    /// Writes a file, or only checks it when it has no place. Returns its row for the new `RECORD`.
    fn file(&self, file: &Planned, row: &Row, mut entry: impl Read) -> Result<Row, Fault> {
        let mut source = Checked {
            source: &mut entry,
            checker: Checker::new(row).ok_or(Fault::NoDigest)?,
            size: 0,
        };
        let mut rewritten = None;
        match &file.place {
            None => {
                io::copy(&mut source, &mut io::sink()).map_err(damaged)?;
            }
            Some(place) if file.script => {
                let text = read_whole(&mut source, Vec::new())?;
                let text = script::with_interpreter(text, &self.layout.interpreter);
                self.tree
                    .file(place, true, self.owner, &mut text.as_slice())?;
                rewritten = Some(Row::new(&Sha256::digest(&text), text.len() as u64));
            }
            Some(place) => {
                let head = read_head(&mut source)?;
                let write = |source: &mut dyn Read| {
                    let written = self.tree.file(place, file.executable, self.owner, source);
                    written.map_err(|refusal| match refusal {
                        // Errors of the zip's reader have no number of the system's.
                        Refusal::Io(error) if error.raw_os_error().is_none() => damaged(error),
                        other => other.into(),
                    })
                };
                if head == program::MAGIC && self.rewriter.changes() {
                    let bytes = read_whole(&mut source, head)?;
                    let bytes = match self.rewriter.rewrite(place.as_str(), &bytes)? {
                        Some(changed) => {
                            rewritten =
                                Some(Row::new(&Sha256::digest(&changed), changed.len() as u64));
                            changed
                        }
                        None => bytes,
                    };
                    write(&mut bytes.as_slice())?;
                } else {
                    write(&mut head.as_slice().chain(&mut source))?;
                }
            }
        }
        let sha256 = matches!(source.checker, Checker::Sha256(_));
        let (digest, size) = (source.checker.finish(), source.size);
        if !describes(row, &digest, size) {
            return Err(Fault::Differs);
        }
        Ok(rewritten.unwrap_or_else(|| {
            if sha256 {
                Row::new(&digest, size)
            } else {
                let (digest, size) = (row.digest.clone(), size.to_string());
                Row { digest, size }
            }
        }))
    }
}

/// The first bytes, which tell programs and libraries.
fn read_head(source: &mut impl Read) -> Result<Vec<u8>, Fault> {
    let mut head = Vec::new();
    source
        .take(program::MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(damaged)?;
    Ok(head)
}

/// All that `source` gives after `bytes`.
fn read_whole(source: &mut impl Read, mut bytes: Vec<u8>) -> Result<Vec<u8>, Fault> {
    source
        .take(program::LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(damaged)?;
    if bytes.len() as u64 > program::LONGEST {
        return Err(Refusal::TooLarge(program::LONGEST).into());
    }
    Ok(bytes)
}

#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
fn damaged(error: io::Error) -> Fault {
    Refusal::Damaged(error.to_string()).into()
}

/// Hashes and counts what is read.
struct Checked<R> {
    source: R,
    checker: Checker,
    size: u64,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.checker.update(&buffer[..count]);
        self.size += count as u64;
        Ok(count)
    }
}
