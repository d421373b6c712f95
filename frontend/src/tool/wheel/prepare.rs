//! Reads what a wheel says about itself, and decides where each of its files goes. Writes nothing.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::str::FromStr;

use pep440_rs::Version;
use zip::ZipArchive;

use super::entry_points::{self, Command};
use super::headers::Headers;
use super::layout::Layout;
use super::record::{Record, Row};
use super::{EntryPath, Error, Fault, Faulty, Refusal, Wheel, path};
use crate::tool::archive::{self, Format, Opened};
use crate::tool::slim::Slim;

/// Bytes that `METADATA` and the like may have.
const LONGEST_TEXT: u64 = 4 << 20;
/// Bytes that `RECORD` may have: those of more files than a tree may have.
const LONGEST_RECORD: u64 = 32 << 20;

/// A wheel that is understood and can be installed.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) input: String,
    pub(super) package: String,
    pub(super) archive: ZipArchive<BufReader<File>>,
    /// `NAME-VERSION.dist-info`.
    pub(super) dist_info: String,
    pub(super) metadata: Headers,
    pub(super) commands: Vec<Command>,
    /// The wheel's files, in the archive's order.
    pub(super) files: Vec<Planned>,
}

/// A file of the wheel.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) index: usize,
    pub(super) name: EntryPath,
    /// Where it goes; none when it is left out, and only checked.
    pub(super) place: Option<EntryPath>,
    pub(super) executable: bool,
    /// Its first line may ask for the interpreter.
    pub(super) script: bool,
    /// What `RECORD` says of it; none for `RECORD` itself and its signatures.
    pub(super) row: Option<Row>,
}

impl Prepared {
    /// The paths of its own files and programs, but not of what is written about it.
    pub(super) fn places(&self) -> impl Iterator<Item = EntryPath> {
        let commands = self.commands.iter();
        let launchers = commands.filter_map(|command| launcher(command).ok());
        let files = self.files.iter();
        files.filter_map(|file| file.place.clone()).chain(launchers)
    }
}

/// Opens a wheel and plans its installation.
pub(super) fn prepare(wheel: &Wheel, layout: &Layout, slim: &Slim) -> Result<Prepared, Error> {
    let input = wheel.archive.name.clone();
    let opened = archive::open(&wheel.archive).map_err(|error| Error {
        input: error.input,
        file: error.entry,
        fault: error.refusal.into(),
    })?;
    read(wheel, &opened, layout, slim).map_err(|(file, fault)| Error { input, file, fault })
}

fn read(wheel: &Wheel, opened: &Opened, layout: &Layout, slim: &Slim) -> Result<Prepared, Faulty> {
    let Opened::File {
        path: file,
        format: Format::Zip,
    } = opened
    else {
        return Err((None, Fault::NotAZip));
    };
    let file = File::open(file).map_err(|error| (None, Refusal::Io(error).into()))?;
    let mut archive = archive::open_zip(BufReader::new(file))
        .map_err(|(entry, refusal)| (entry, Fault::Refused(refusal)))?;
    let dist_info = dist_info(&archive)?;
    let named = |name: &str| format!("{dist_info}/{name}");

    let about = Headers::parse(&required(&mut archive, &named("WHEEL"), LONGEST_TEXT)?);
    let version = about.first("Wheel-Version").unwrap_or_default();
    if version.split('.').next() != Some("1") {
        let fault = Fault::WheelVersion(version.to_owned());
        return Err((Some(named("WHEEL")), fault));
    }
    let metadata = Headers::parse(&required(&mut archive, &named("METADATA"), LONGEST_TEXT)?);
    check_identity(wheel, &metadata).map_err(|fault| (Some(named("METADATA")), fault))?;
    let name = named("entry_points.txt");
    let commands = text(&mut archive, &name, LONGEST_TEXT)?;
    let commands = commands.map_or(Ok(Vec::new()), |text| entry_points::parse(&text));
    let mut commands = commands.map_err(|fault| (Some(name), fault))?;
    let name = named("RECORD");
    let record = required(&mut archive, &name, LONGEST_RECORD)?;
    let record = Record::parse(&record).map_err(|fault| (Some(name), fault))?;
    let mut planner = Planner {
        layout,
        slim,
        package: &wheel.package,
        data: format!("{}.data", dist_info.trim_end_matches(".dist-info")),
        dist_info: &dist_info,
        commands: commands.iter().map(|c| c.name.as_str()).collect(),
        record,
    };
    let files = planner.plan(&archive)?;
    commands.retain(|command| launcher(command).is_ok_and(|place| !slim.leaves_out(&place)));
    Ok(Prepared {
        input: wheel.archive.name.clone(),
        package: wheel.package.clone(),
        archive,
        metadata,
        files,
        commands,
        dist_info,
    })
}

/// Where the program of an entry point goes.
pub(super) fn launcher(command: &Command) -> Result<EntryPath, Faulty> {
    path(&format!("bin/{}", command.name))
}

/// The one `*.dist-info` at the top.
fn dist_info(archive: &ZipArchive<BufReader<File>>) -> Result<String, Faulty> {
    let mut found = BTreeSet::new();
    for name in archive.file_names_raw() {
        let top = name.split(|byte| *byte == b'/').next().unwrap_or_default();
        if top.ends_with(b".dist-info") {
            found.insert(String::from_utf8_lossy(top).into_owned());
        }
    }
    match (found.len(), found.pop_first()) {
        (1, Some(only)) => Ok(only),
        (count, _) => Err((None, Fault::DistInfo(count))),
    }
}

fn required(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
    longest: u64,
) -> Result<String, Faulty> {
    text(archive, name, longest)?.ok_or_else(|| (Some(name.to_owned()), Fault::Lacking))
}

/// A text of the wheel; none if it has no such file.
fn text(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
    longest: u64,
) -> Result<Option<String>, Faulty> {
    let Some(index) = archive.index_for_name(name) else {
        return Ok(None);
    };
    let failed = |fault: Fault| (Some(name.to_owned()), fault);
    let entry = archive
        .by_index(index)
        .map_err(|error| failed(archive::zip_refusal(error).into()))?;
    let mut bytes = Vec::new();
    entry
        .take(longest + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(Refusal::Damaged(error.to_string()).into()))?;
    if bytes.len() as u64 > longest {
        return Err(failed(Fault::Text(longest)));
    }
    let text = String::from_utf8(bytes).map_err(|_| failed(Fault::Text(longest)))?;
    Ok(Some(text))
}

fn check_identity(wheel: &Wheel, metadata: &Headers) -> Result<(), Fault> {
    let name = metadata.first("Name").unwrap_or_default();
    let version = metadata.first("Version").unwrap_or_default();
    let same_version = match (
        Version::from_str(version),
        Version::from_str(&wheel.version),
    ) {
        (Ok(found), Ok(wanted)) => found == wanted,
        _ => version == wheel.version,
    };
    if normalise(name) == normalise(&wheel.package) && same_version {
        return Ok(());
    }
    Err(Fault::Identity {
        found: format!("{name} {version}"),
        wanted: format!("{} {}", wheel.package, wheel.version),
    })
}

/// A package's name in the one form that all its spellings share.
pub(crate) fn normalise(name: &str) -> String {
    let mut normal = String::new();
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !normal.is_empty() {
            normal.push('-');
        }
        normal.push_str(&part.to_ascii_lowercase());
    }
    normal
}

struct Planner<'a> {
    layout: &'a Layout,
    slim: &'a Slim,
    package: &'a str,
    data: String,
    dist_info: &'a str,
    commands: BTreeSet<&'a str>,
    /// The rows for which no file was seen yet.
    record: Record,
}

impl Planner<'_> {
    fn plan(&mut self, archive: &ZipArchive<BufReader<File>>) -> Result<Vec<Planned>, Faulty> {
        let mut files = Vec::new();
        for index in 0..archive.len() {
            let entry = archive
                .by_index_data(index)
                .map_err(|error| (None, archive::zip_refusal(error).into()))?;
            let raw = String::from_utf8_lossy(entry.name_raw()).into_owned();
            let failed = |fault: Fault| (Some(raw.clone()), fault);
            if entry.is_symlink() {
                return Err(failed(Refusal::LinkInWheel.into()));
            }
            if entry.is_dir() {
                continue;
            }
            let name = archive::zip_name(entry.name_raw()).map_err(|e| failed(e.into()))?;
            let row = self.record.remove(name.as_str());
            let row = if self.is_signature(&name) {
                None
            } else {
                Some(row.ok_or_else(|| failed(Fault::NotRecorded))?)
            };
            let (place, script) = self.place(&name)?;
            let place = place.filter(|place| !self.slim.leaves_out(place));
            let mode = entry.unix_mode().unwrap_or_default();
            files.push(Planned {
                index,
                name,
                place,
                executable: script || mode & 0o111 != 0,
                script,
                row,
            });
        }
        match self.record.rows().next() {
            Some((path, _)) => Err((Some(path.to_owned()), Fault::OnlyRecorded)),
            None => Ok(files),
        }
    }

    /// `RECORD` and its signatures, which it cannot describe.
    fn is_signature(&self, name: &EntryPath) -> bool {
        let below = self.in_dist_info(name);
        matches!(below, Some("RECORD" | "RECORD.jws" | "RECORD.p7s"))
    }

    /// What an installer says about its own installation, which is ours to say.
    fn is_installers(&self, name: &EntryPath) -> bool {
        let below = self.in_dist_info(name);
        matches!(below, Some("INSTALLER" | "REQUESTED" | "direct_url.json"))
    }

    fn in_dist_info<'p>(&self, name: &'p EntryPath) -> Option<&'p str> {
        name.as_str()
            .strip_prefix(self.dist_info)?
            .strip_prefix('/')
    }

    /// Where a file goes, and whether it is a script.
    fn place(&self, name: &EntryPath) -> Result<(Option<EntryPath>, bool), Faulty> {
        if self.is_signature(name) || self.is_installers(name) {
            return Ok((None, false));
        }
        let (top, rest) = name.as_str().split_once('/').unwrap_or((name.as_str(), ""));
        if top != self.data {
            return Ok((Some(self.layout.site_packages.join(name)), false));
        }
        let (key, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let (Some(folder), false) = (self.layout.data(key, self.package), rest.is_empty()) else {
            return Err((Some(name.to_string()), Fault::DataFolder));
        };
        let script = key == "scripts";
        // A launcher of the same name goes first, as other installers do it.
        if script && self.commands.contains(rest) {
            return Ok((None, false));
        }
        Ok((Some(path(&folder)?.join(&path(rest)?)), script))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_name_are_one() {
        for name in ["Jupyter_Client", "jupyter.client", "jupyter-_client"] {
            assert_eq!(normalise(name), "jupyter-client");
        }
    }
}
