//! Wheels for newer C libraries than the volume promises to run on.

use crate::lint::rule::{Document, Finding, Rule};
use crate::spec::{Glibc, Libc};

pub(super) const RULE: Rule = Rule {
    name: "NewerGlibc",
    description: "A volume for images with glibc should run on glibc 2.17, the oldest of supported images",
    find,
};

fn find(document: &Document<'_>) -> Vec<Finding> {
    let content = document.spec.document();
    let level = content.wheels.as_ref().and_then(|wheels| wheels.glibc);
    match level {
        Some(level) if content.volume.libc == Libc::Gnu && level > Glibc::default() => {
            let message = format!("Wheels for glibc {level} cannot be loaded in older images");
            vec![document.value(["wheels", "glibc"], message)]
        }
        _ => Vec::new(),
    }
}
