//! Nothing but readable files, folders and links, with modes that fit a volume.

use std::collections::BTreeMap;

use super::{Report, Volume};
use crate::audit::tree::Kind;

const SPECIAL: &str = "leave it out: a volume has files, folders and links";
const READABLE: &str = "let everybody read it: containers run as any user";
const SET_ID: &str = "take the bits away: nothing of a volume runs with another's rights";
const WRITABLE: &str = "take the bits away: everybody who can write there changes every container";

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    let mut writable = BTreeMap::<_, (usize, &str)>::new();
    for (file, entry) in volume.tree.entries() {
        match &entry.kind {
            Kind::Special(what) => report.error(file, format!("Is {what}"), SPECIAL),
            Kind::Unreadable(reason) => {
                report.error(file, format!("Cannot be read: {reason}"), READABLE);
            }
            Kind::Link(_) => continue,
            Kind::File(_) if entry.mode & 0o444 != 0o444 => {
                report.error(
                    file,
                    format!("Is not for everybody to read: mode {:o}", entry.mode),
                    READABLE,
                );
            }
            Kind::Folder if entry.mode & 0o555 != 0o555 => {
                report.error(
                    file,
                    format!("Is not for everybody to enter: mode {:o}", entry.mode),
                    READABLE,
                );
            }
            Kind::File(_) | Kind::Folder => {}
        }
        if entry.mode & 0o6000 != 0 {
            report.error(
                file,
                format!("Runs with another's rights: mode {:o}", entry.mode),
                SET_ID,
            );
        }
        let who = match entry.mode & 0o022 {
            0 => continue,
            bits if bits & 0o002 != 0 => "everybody",
            _ => "its group",
        };
        let top = (top(file), who);
        writable.entry(top).or_insert((0, file)).0 += 1;
    }
    for ((folder, who), (count, first)) in writable {
        if count == 1 {
            report.error(first, format!("Can be written by {who}"), WRITABLE);
            continue;
        }
        let message =
            format!("{count} files and folders can be written by {who}, such as `{first}`");
        report.error(folder, message, WRITABLE);
    }
}

/// The folder that findings are gathered under: one of the volume's own, and one more level in `lib`.
fn top(file: &str) -> &str {
    let parts = if file.starts_with("lib/") { 2 } else { 1 };
    let end = file.match_indices('/').map(|(at, _)| at).nth(parts - 1);
    end.map_or(file, |end| &file[..end])
}
