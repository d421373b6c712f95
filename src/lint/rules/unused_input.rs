//! Archives for platforms that nothing is built for.

use crate::lint::rule::{Document, Finding, Rule};
use crate::platform::{Architecture, Platform};

pub(super) const RULE: Rule = Rule {
    name: "UnusedInput",
    description: "What is given for a platform should be used: the platform should be in `volume.platforms`",
    find,
};

fn find(document: &Document<'_>) -> Vec<Finding> {
    let content = document.spec.document();
    let mut findings = Vec::new();
    for architecture in [Architecture::Amd64, Architecture::Arm64] {
        let platform = Platform { architecture };
        if content.volume.platforms.contains(&platform) {
            continue;
        }
        let key = architecture.oci();
        let message = |what: &str| format!("{what} for `{platform}`, which nothing is built for");
        // With a C runtime, this Python compiles modules when the build runs on that platform.
        let runtime = content.runtime.as_ref();
        let compiles = runtime.is_some_and(|runtime| !runtime.archives(architecture).is_empty());
        if content.python.source(architecture).is_some() && !compiles {
            findings.push(document.key(["python", key], message("A Python")));
        }
        let binary = content.ttyd.as_ref().and_then(|ttyd| ttyd.binary.as_ref());
        if binary.is_some_and(|binary| binary.source(architecture).is_some()) {
            findings.push(document.key(["ttyd", "binary", key], message("A ttyd")));
        }
    }
    findings
}
