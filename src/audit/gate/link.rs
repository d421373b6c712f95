//! No link leads out of the volume, or nowhere.

use super::{Report, Volume};
use crate::audit::tree::{Found, Kind};

const RELATIVE: &str = "make it a relative link to something in the volume, or leave it out";

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    for (file, entry) in volume.tree.entries() {
        let Kind::Link(target) = &entry.kind else {
            continue;
        };
        match volume.tree.find(file, &volume.profile.prefix) {
            Found::Outside => {
                report.error(
                    file,
                    format!("Leads out of the volume, to `{target}`"),
                    RELATIVE,
                );
            }
            Found::Loop => report.error(
                file,
                format!("Leads round and round, by `{target}`"),
                RELATIVE,
            ),
            Found::Nowhere => {
                report.warning(file, format!("Leads nowhere, to `{target}`"), RELATIVE)
            }
            Found::Inside(..) if target.starts_with('/') => {
                let message = format!("Leads to `{target}`, and works only where that is mounted");
                report.warning(file, message, RELATIVE);
            }
            Found::Inside(..) => {}
        }
    }
}
