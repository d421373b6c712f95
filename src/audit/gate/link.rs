//! No link leads out of the volume, or nowhere.

use super::{Report, Volume};
use crate::audit::tree::{Found, Kind};

/// Letters of a target that are shown.
const SHOWN: usize = 100;

const RELATIVE: &str = "make it a relative link to something in the volume, or leave it out";

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    for (file, entry) in volume.tree.entries() {
        let Kind::Link(target) = &entry.kind else {
            continue;
        };
        let absolute = target.starts_with('/');
        let target = short(target);
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
                report.warning(file, format!("Leads nowhere, to `{target}`"), RELATIVE);
            }
            Found::Inside(..) if absolute => {
                let message = format!("Leads to `{target}`, and works only where that is mounted");
                report.warning(file, message, RELATIVE);
            }
            Found::Inside(..) => {}
        }
    }
}

/// A link's target, cut off where it is long on purpose.
fn short(target: &str) -> String {
    let mut text: String = target.chars().take(SHOWN).collect();
    if text.len() < target.len() {
        text.push('…');
    }
    text
}
