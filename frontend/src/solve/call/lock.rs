//! `krunner.lock`: every input of each platform, with where it comes from and its digest.

use krunner::plan::{Locks, Origin, Plan, Use};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::table;
use crate::solve::{Error, Prepared};

/// The inputs by platform, in the order of the stages.
pub(super) fn answer(prepared: &Prepared) -> Result<Answer, Error> {
    let mut platforms = Map::new();
    let mut text = String::new();
    for plan in prepared.plans()? {
        let entries = entries(&plan, &prepared.loaded.locks);
        text += &print(&plan, &entries);
        platforms.insert(plan.platform.to_string(), json!({ "inputs": entries }));
    }
    Ok(Answer {
        json: Value::Object(platforms),
        text,
        status: None,
    })
}

fn entries(plan: &Plan, locks: &Locks) -> Vec<Value> {
    let inputs = plan.inputs();
    inputs.iter().map(|one| entry(one, locks)).collect()
}

fn entry(one: &Use<'_>, locks: &Locks) -> Value {
    let mut entry = json!({
        "stage": one.stage,
        "platform": one.platform.to_string(),
        "input": one.input.name,
    });
    let mut sha256 = None;
    match &one.input.origin {
        Origin::Http {
            url,
            sha256: digest,
            file_name,
            ..
        } => {
            entry["url"] = url.as_str().into();
            entry["file"] = file_name.as_str().into();
            sha256 = Some(*digest);
        }
        Origin::Path {
            path,
            sha256: digest,
        } => {
            entry["path"] = path.as_str().into();
            sha256 = *digest;
        }
        Origin::Context {
            context,
            path,
            sha256: digest,
        } => {
            entry["context"] = context.as_str().into();
            if let Some(path) = path {
                entry["path"] = path.as_str().into();
            }
            sha256 = *digest;
        }
        Origin::Inline { .. } => {}
    }
    if let Some(digest) = sha256 {
        entry["sha256"] = digest.hex().into();
        if let Some(size) = locks.size(digest) {
            entry["size"] = size.into();
        }
    }
    if let Some(at) = &one.input.at {
        entry["at"] = json!({ "file": at.file, "line": at.line });
    }
    entry
}

fn print(plan: &Plan, entries: &[Value]) -> String {
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or("-").to_owned();
    let rows: Vec<[String; 5]> = entries
        .iter()
        .map(|entry| {
            let size = entry["size"].as_u64();
            [
                text(entry, "stage"),
                text(entry, "input"),
                size.map_or_else(|| "-".to_owned(), |size| size.to_string()),
                text(entry, "sha256"),
                source(entry),
            ]
        })
        .collect();
    let mut lines = vec![["STAGE", "INPUT", "SIZE", "SHA256", "SOURCE"]];
    lines.extend(rows.iter().map(|row| row.each_ref().map(String::as_str)));
    format!("{}\n{}\n", plan.platform, table::table(&lines, 2))
}

/// Where an input comes from, in one word.
fn source(entry: &Value) -> String {
    let text = |key: &str| entry[key].as_str();
    match (text("url"), text("context"), text("path")) {
        (Some(url), _, _) => url.to_owned(),
        (None, Some(context), Some(path)) => format!("context {context}: {path}"),
        (None, Some(context), None) => format!("context {context}"),
        (None, None, path) => path.unwrap_or("-").to_owned(),
    }
}
