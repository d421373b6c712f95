//! `frontend.outline`: the arguments that a target takes.

use std::collections::BTreeSet;

use krunner::spec::Spec;
use krunner::spec::arguments::{Part, parts};
use serde_json::{Value, json};

use super::answer::Answer;
use super::sources::Sources;
use super::table;
use crate::lower::Target;
use crate::solve::load::Loaded;
use crate::solve::request::Request;

pub(super) fn answer(loaded: &Loaded, request: &Request) -> Answer {
    let target = request.target;
    let used = used(&loaded.spec, target);
    let mut sources = Sources::default();
    let mut args: Vec<Value> = Vec::new();
    let mut rows = vec![["BUILD ARG", "VALUE", "DESCRIPTION"]];
    for (name, arg) in &loaded.spec.document().args {
        if !used.contains(name.as_str()) {
            continue;
        }
        let given = request.args.get(name).map(String::as_str);
        let value = given.or(arg.default()).unwrap_or_default();
        let description = arg.description().unwrap_or_default();
        let at = loaded.spec.at_key(["args", name]);
        let mut entry = json!({ "name": name, "location": sources.location(&at, &loaded.files) });
        for (key, text) in [("description", description), ("value", value)] {
            if !text.is_empty() {
                entry[key] = text.into();
            }
        }
        args.push(entry);
        rows.push([name, value, description]);
    }
    let mut secrets: Vec<Value> = Vec::new();
    let mut secret_rows = vec![["SECRET", "REQUIRED", "HOST"]];
    for (host, id) in &loaded.spec.document().auth {
        let at = loaded.spec.at_key(["auth", host]);
        let location = sources.location(&at, &loaded.files);
        secrets.push(json!({ "name": id, "required": true, "location": location }));
        secret_rows.push([id, "true", host]);
    }
    let mut text = table::table(
        &[
            ["TARGET:", target.name()],
            ["DESCRIPTION:", target.description()],
        ],
        1,
    ) + "\n";
    if !args.is_empty() {
        text += &(table::table(&rows, 3) + "\n");
    }
    if !secrets.is_empty() {
        text += &(table::table(&secret_rows, 3) + "\n");
    }
    let mut json = json!({
        "name": target.name(),
        "description": target.description(),
        "args": args,
    });
    if !secrets.is_empty() {
        json["secrets"] = secrets.into();
    }
    json["sources"] = sources.data();
    Answer {
        json,
        text,
        status: None,
    }
}

/// The tables of the spec whose sources a target takes.
fn tables(target: Target) -> &'static [&'static str] {
    match target {
        Target::Runtime => &["runtime"],
        // Both have their modules compiled by Python on its C runtime.
        Target::Python | Target::Wheels => &["python", "runtime"],
        Target::Ttyd => &["ttyd"],
        Target::Base => &["files", "python", "runtime"],
        Target::Sbom | Target::Volume => &["files", "python", "runtime", "ttyd"],
    }
}

/// The arguments in what a target takes. Labels and annotations go to every result.
fn used(spec: &Spec, target: Target) -> BTreeSet<&str> {
    let tables = tables(target);
    let taken = spec.sources().into_iter().filter(|(path, _)| {
        let first = path.keys().first();
        first.is_some_and(|key| tables.contains(&key.as_str()))
    });
    let urls = taken.filter_map(|(_, source)| source.url.as_ref());
    let document = spec.document();
    let texts = urls
        .chain(document.labels.values())
        .chain(document.annotations.values());
    let parts = texts.flat_map(|text| parts(text).unwrap_or_default());
    parts
        .filter_map(|part| match part {
            Part::Argument(name) => Some(name),
            Part::Text(_) => None,
        })
        .collect()
}
