//! A frontend that is another one tomorrow.

use crate::lint::directive::Directive;
use crate::lint::rule::{Document, Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "MutableFrontend",
    description: "The frontend should be named by its version or its digest",
    find,
};

fn find(document: &Document<'_>) -> Vec<Finding> {
    let text = document.spec.text();
    let Some(syntax) = Directive::find(text.as_str(), "syntax") else {
        return Vec::new();
    };
    // Behind the image may stand what the frontend is told.
    let image = syntax.value.split_whitespace().next().unwrap_or_default();
    if image.contains('@') || !is_mutable(image) {
        return Vec::new();
    }
    let message = format!("`{image}` is whatever was published last");
    vec![document.line(&syntax, message)]
}

/// Whether the tag of an image is `latest`, said or not. A port of its registry is no tag.
fn is_mutable(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or_default();
    let tag = name.split_once(':').map_or("latest", |(_, tag)| tag);
    tag == "latest"
}
