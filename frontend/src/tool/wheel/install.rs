//! Writes a prepared wheel into the tree, checking every byte against `RECORD` on the way.

use std::io::{self, Read};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::prepare::{Planned, Prepared};
use super::record::{Checker, Record, Row, describes};
use super::{Error, Fault, Faulty, Layout, Refusal, licence, path, script};
use crate::tool::archive;
use crate::tool::tree::Tree;

/// How installed packages say who installed them.
const INSTALLER: &str = "krunner\n";
/// Bytes that a script may have. Some wheels ship whole programs as scripts.
const LONGEST_SCRIPT: u64 = 512 << 20;

/// Installs a wheel.
pub(super) fn install(mut wheel: Prepared, layout: &Layout, tree: &Tree) -> Result<(), Error> {
    write(&mut wheel, layout, tree).map_err(|(file, fault)| Error {
        input: wheel.input,
        file,
        fault,
    })
}

fn write(wheel: &mut Prepared, layout: &Layout, tree: &Tree) -> Result<(), Faulty> {
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
            tree,
            owner: &owner,
        }
        .file(file, row, entry)
        .map_err(named)?;
        if let Some(place) = &file.place {
            record.insert(layout.recorded(place), written);
        }
    }
    let mut add = |name: &str, text: &str, executable: bool| -> Result<(), Faulty> {
        let place = path(name)?;
        tree.file(&place, executable, &owner, &mut text.as_bytes())
            .map_err(|refusal| (Some(name.to_owned()), refusal.into()))?;
        let row = Row::new(&Sha256::digest(text), text.len() as u64);
        record.insert(layout.recorded(&place), row);
        Ok(())
    };
    for command in &wheel.commands {
        let launcher = script::launcher(command, &layout.interpreter);
        add(&format!("bin/{}", command.name), &launcher, true)?;
    }
    let dist_info = format!("{}/{}", layout.site_packages, wheel.dist_info);
    add(&format!("{dist_info}/INSTALLER"), INSTALLER, false)?;
    record.insert(format!("{}/RECORD", wheel.dist_info), Row::default());
    let place = path(&format!("{dist_info}/RECORD"))?;
    tree.file(&place, false, &owner, &mut record.write().as_bytes())
        .map_err(|refusal| (Some(place.to_string()), refusal.into()))?;
    licence::write(wheel, tree, &owner)
}

struct Writer<'a> {
    layout: &'a Layout,
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
                let text = read_script(&mut source)?;
                let text = script::with_interpreter(text, &self.layout.interpreter);
                self.tree
                    .file(place, true, self.owner, &mut text.as_slice())?;
                rewritten = Some(Row::new(&Sha256::digest(&text), text.len() as u64));
            }
            Some(place) => {
                self.tree
                    .file(place, file.executable, self.owner, &mut source)
                    .map_err(|refusal| match refusal {
                        // Errors of the zip's reader have no number of the system's.
                        Refusal::Io(error) if error.raw_os_error().is_none() => damaged(error),
                        other => other.into(),
                    })?;
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

fn read_script(source: &mut impl Read) -> Result<Vec<u8>, Fault> {
    let mut text = Vec::new();
    source
        .take(LONGEST_SCRIPT + 1)
        .read_to_end(&mut text)
        .map_err(damaged)?;
    if text.len() as u64 > LONGEST_SCRIPT {
        return Err(Refusal::TooLarge(LONGEST_SCRIPT).into());
    }
    Ok(text)
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
