//! The reference of the spec: every table and key in `docs/spec.md`, made of the schema.

use std::fmt::Write as _;

use serde_json::Value;

use super::schema::schema;

/// Between these lines of the page stands what is generated.
const BEGIN: &str =
    "<!-- Made of the schema by `cargo xtask gen`: change the doc comments in src/spec/types. -->";
const END: &str = "<!-- End of what is made of the schema. -->";

/// `page` with the reference between its markers made anew; unchanged without markers.
pub fn with_reference(page: &str) -> String {
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    match parts {
        Some((before, after)) => format!("{before}{BEGIN}\n\n{}{END}{after}", reference()),
        None => page.to_owned(),
    }
}

/// A section for each table, in the order of the keys that hold them, sources last.
fn reference() -> String {
    let schema = schema();
    let mut writer = Writer {
        root: &schema,
        text: String::new(),
    };
    writer.section("The file", &schema);
    writer.tables("", &schema);
    writer.section("Source", &schema["$defs"]["Source"]);
    writer.text
}

struct Writer<'s> {
    root: &'s Value,
    text: String,
}

impl<'s> Writer<'s> {
    /// The sections of the tables below `table`.
    fn tables(&mut self, parent: &str, table: &'s Value) {
        for (name, key) in table["properties"].as_object().into_iter().flatten() {
            let path = format!("{parent}{name}");
            let (title, target) = match (key["type"].as_str(), &key["additionalProperties"]) {
                (Some("array"), _) => (format!("`[[{path}]]`"), self.follow(&key["items"])),
                (Some("object"), one) => (format!("`[{path}]`"), self.table(one)),
                _ => (format!("`[{path}]`"), self.follow(key)),
            };
            let has_keys = target["properties"].is_object();
            if has_keys && !self.is_source(target) {
                self.section(&title, target);
                self.tables(&format!("{path}."), target);
            }
        }
    }

    fn section(&mut self, title: &str, table: &'s Value) {
        let _ = write!(self.text, "### {title}\n\n");
        if let Some(description) = table["description"].as_str() {
            for paragraph in description.split("\n\n") {
                let _ = write!(self.text, "{}\n\n", paragraph.replace('\n', " "));
            }
        }
        self.text
            .push_str("| Key | Value | Default | What it is |\n|---|---|---|---|\n");
        let required: Vec<_> = table["required"].as_array().into_iter().flatten().collect();
        for (name, key) in table["properties"].as_object().into_iter().flatten() {
            let default = if required.iter().any(|one| *one == name) {
                "**required**".to_owned()
            } else {
                default(&key["default"])
            };
            let description = key["description"].as_str().unwrap_or_default();
            let _ = writeln!(
                self.text,
                "| `{name}` | {} | {default} | {} |",
                self.kind(key),
                description.replace('\n', " ").replace('|', "\\|")
            );
        }
        self.text.push('\n');
    }

    /// What a value is, in words.
    fn kind(&self, key: &'s Value) -> String {
        let target = self.follow(key);
        if self.is_source(target) {
            return "[source](#source)".to_owned();
        }
        if let Some(any) = target["anyOf"].as_array() {
            let kinds: Vec<_> = any.iter().map(|one| self.kind(one)).collect();
            return kinds.join(" or ");
        }
        let values = values(target);
        if !values.is_empty() {
            return values.join(" or ");
        }
        match target["type"].as_str() {
            Some("array") => format!("list of {}", plural(&self.kind(&target["items"]))),
            Some("object") if target["additionalProperties"].is_object() => {
                let value = self.kind(&target["additionalProperties"]);
                format!("table of {}", plural(&value))
            }
            Some("object") => "table".to_owned(),
            Some("boolean") => "true or false".to_owned(),
            Some(other) => other.to_owned(),
            None => String::new(),
        }
    }

    /// What has keys of its own among the forms that a value may have.
    fn table(&self, schema: &'s Value) -> &'s Value {
        let forms = schema["anyOf"].as_array().into_iter().flatten();
        let mut forms = forms.map(|form| self.follow(form));
        let table = forms.find(|form| form["properties"].is_object());
        table.unwrap_or_else(|| self.follow(schema))
    }

    fn follow(&self, schema: &'s Value) -> &'s Value {
        let reference = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#'));
        let target = reference.and_then(|pointer| self.root.pointer(pointer));
        target.unwrap_or(schema)
    }

    fn is_source(&self, schema: &Value) -> bool {
        std::ptr::eq(schema, &raw const self.root["$defs"]["Source"])
    }
}

/// The values that a text is limited to.
fn values(schema: &Value) -> Vec<String> {
    let constants = schema["oneOf"].as_array().into_iter().flatten();
    let constants = constants.filter_map(|one| one["const"].as_str());
    let list = schema["enum"].as_array().into_iter().flatten();
    constants
        .chain(list.filter_map(Value::as_str))
        .map(|value| format!("`{value}`"))
        .collect()
}

fn plural(kind: &str) -> String {
    match kind {
        "[source](#source)" => "[sources](#source)".to_owned(),
        kind if kind.contains('`') => kind.to_owned(),
        // Of `string or table`, each.
        kind => kind.replace("string", "strings").replace("table", "tables"),
    }
}

fn default(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Number(_) | Value::Bool(_) => format!("`{value}`"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/spec.md");

    #[test]
    fn the_page_says_what_the_schema_says() {
        let page = std::fs::read_to_string(PAGE).unwrap();
        assert!(page.contains(BEGIN) && page.contains(END));
        assert!(
            page == with_reference(&page),
            "the reference in docs/spec.md is not what the types say: run `cargo xtask gen`"
        );
    }

    #[test]
    fn only_what_is_between_the_markers_is_made_anew() {
        let page = with_reference(&format!("a\n{BEGIN}\nFormerly\n{END}\nb\n"));
        assert!(page.starts_with(&format!("a\n{BEGIN}\n\n### The file\n")));
        assert!(page.ends_with(&format!("{END}\nb\n")) && !page.contains("Formerly"));
        assert_eq!(with_reference("without"), "without");
    }
}
