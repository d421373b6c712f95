//! `frontend.targets`: what `--target` may name.

use krunner::report::Location;
use krunner::spec::{Libc, Spec};
use serde_json::{Value, json};

use super::answer::Answer;
use super::sources::Sources;
use super::table;
use crate::lower::Target;
use crate::solve::load::Loaded;

pub(super) fn answer(loaded: &Loaded) -> Answer {
    let mut sources = Sources::default();
    let mut targets: Vec<Value> = Vec::new();
    let mut rows = vec![("TARGET".to_owned(), "DESCRIPTION")];
    for target in Target::ALL {
        let Some(at) = place(&loaded.spec, target) else {
            continue;
        };
        let is_default = target == Target::default();
        let location = sources.location(&at, &loaded.files);
        let mut entry = json!({
            "name": target.name(),
            "description": target.description(),
            "location": location,
        });
        if is_default {
            entry["default"] = true.into();
        }
        targets.push(entry);
        let mark = if is_default { " (default)" } else { "" };
        rows.push((format!("{target}{mark}"), target.description()));
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|(name, text)| [name.as_str(), *text])
        .collect();
    Answer {
        json: json!({ "targets": targets, "sources": sources.data() }),
        text: table::table(&rows, 1),
        status: None,
    }
}

/// Where the spec asks for a target; nothing if it does not.
fn place(spec: &Spec, target: Target) -> Option<Location> {
    let document = spec.document();
    let (there, key) = match target {
        Target::Runtime => (document.volume.libc == Libc::Any, "runtime"),
        Target::Python => (true, "python"),
        Target::Wheels => (document.wheels.is_some(), "wheels"),
        Target::Ttyd => (document.ttyd.is_some(), "ttyd"),
        Target::Base | Target::Sbom | Target::Volume => (true, "volume"),
    };
    there.then(|| spec.at_key([key]))
}
