//! The walk of a document along the schema: unknown keys, wrong types, missing keys, forbidden values.
//!
//! Deserialising stops at the first of them; the walk finds them all. It also repairs a copy: what is
//! wrong is left out or replaced by a placeholder, so that the document can be deserialised and checked
//! further. Whoever checks passes over the places of the findings.

use std::collections::BTreeSet;

use serde_json::Value as Schema;
use toml::de::{DeTable, DeValue};

use super::KeyPath;
use super::levels::{Glibc, Musl};
use super::schema::schema;

/// A file with more problems than this is not a spec with mistakes; the rest would help nobody.
const MAX_FINDINGS: usize = 100;

/// What the walk found, and the repaired document.
#[derive(Debug)]
pub(super) struct Walked {
    pub(super) findings: Vec<Finding>,
    pub(super) repaired: toml::Value,
    /// Where something was left out or replaced. What a check says about these places is not the user's.
    pub(super) placeholders: Vec<KeyPath>,
}

/// One thing that the schema forbids.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) path: KeyPath,
    pub(super) on: On,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// What a finding points at.
#[derive(Clone, Copy, Debug)]
pub(super) enum On {
    /// The key: the last of the path.
    Key,
    /// The value.
    Value,
}

/// Walks `table` along the schema of the spec.
pub(super) fn walk(table: &DeTable<'_>) -> Walked {
    let schema = schema();
    let mut walker = Walker {
        root: &schema,
        findings: Vec::new(),
        placeholders: Vec::new(),
    };
    let repaired = walker.table(table, &schema, &KeyPath::default());
    Walked {
        findings: walker.findings,
        repaired,
        placeholders: walker.placeholders,
    }
}

struct Walker<'s> {
    root: &'s Schema,
    findings: Vec<Finding>,
    placeholders: Vec<KeyPath>,
}

impl<'s> Walker<'s> {
    fn value(&mut self, value: &DeValue<'_>, schema: &'s Schema, path: &KeyPath) -> toml::Value {
        let Some(schema) = self.alternative(schema, value) else {
            let expected = self.expected(schema);
            let message = format!(
                "`{path}` must be {expected}, not {}",
                kind_of(value).article()
            );
            return self.replace(path, message, None, schema);
        };
        match value {
            DeValue::Table(table) => self.table(table, schema, path),
            DeValue::Array(array) => {
                let items = array.iter().enumerate().map(|(index, item)| {
                    self.value(item.get_ref(), &schema["items"], &path.with(index))
                });
                toml::Value::Array(items.collect())
            }
            DeValue::String(text) => self.string(text, schema, path),
            DeValue::Integer(integer) => {
                let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
                self.integer(number, integer.as_str(), schema, path)
            }
            DeValue::Boolean(value) => toml::Value::Boolean(*value),
            // No key of the spec takes a float or a time: `alternative` let none through.
            DeValue::Float(_) | DeValue::Datetime(_) => self.placeholder(schema),
        }
    }

    fn table(&mut self, table: &DeTable<'_>, schema: &'s Schema, path: &KeyPath) -> toml::Value {
        let known = schema["properties"].as_object();
        let others = schema.get("additionalProperties").filter(|s| s.is_object());
        let mut repaired = toml::Table::new();
        let mut meant = BTreeSet::new();
        for (key, value) in table {
            let name: &str = key.get_ref();
            let path = path.with(name);
            if let Some(schema) = known.and_then(|known| known.get(name)).or(others) {
                repaired.insert(name.to_owned(), self.value(value.get_ref(), schema, &path));
                continue;
            }
            let names = known.into_iter().flatten().map(|(name, _)| name.as_str());
            let nearest = nearest(
                name,
                names.clone().filter(|name| !table.contains_key(*name)),
            );
            let hint = match nearest {
                Some(nearest) => format!("Did you mean `{nearest}`?"),
                None => format!("Known keys are {}", list(names)),
            };
            meant.extend(nearest);
            self.find(&path, On::Key, format!("Unknown key: `{name}`"), Some(hint));
        }
        for required in schema["required"].as_array().into_iter().flatten() {
            let Some(name) = required.as_str().filter(|name| !table.contains_key(*name)) else {
                continue;
            };
            let missing = path.with(name);
            repaired.insert(
                name.to_owned(),
                self.placeholder(&schema["properties"][name]),
            );
            if meant.contains(name) {
                // The misspelt key is told already.
                self.placeholders.push(missing);
            } else {
                self.find(&missing, On::Key, format!("Missing key: `{missing}`"), None);
            }
        }
        toml::Value::Table(repaired)
    }

    fn string(&mut self, text: &str, schema: &'s Schema, path: &KeyPath) -> toml::Value {
        let values = Self::values(schema);
        if !values.is_empty() && !values.contains(&text) {
            let hint = match nearest(text, values.iter().copied()) {
                Some(nearest) => format!("Did you mean `{nearest}`?"),
                None => format!("Known values are {}", list(values.iter().copied())),
            };
            let message = format!("Unknown value of `{path}`: `{text}`");
            return self.replace(path, message, Some(hint), schema);
        }
        let invalid = match schema["format"].as_str() {
            Some("glibc") => text.parse::<Glibc>().err(),
            Some("musl") => text.parse::<Musl>().err(),
            _ => None,
        };
        match invalid {
            Some(error) => self.replace(path, error.to_string(), None, schema),
            None => toml::Value::String(text.to_owned()),
        }
    }

    fn integer(
        &mut self,
        number: Option<i64>,
        text: &str,
        schema: &'s Schema,
        path: &KeyPath,
    ) -> toml::Value {
        // Whole numbers in schemas may be written as floats (`0.0`), which lose nothing at these sizes.
        let bound = |name: &str| schema[name].as_f64();
        #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
        let fits = number.is_some_and(|number| {
            bound("minimum").is_none_or(|minimum| number as f64 >= minimum)
                && bound("maximum").is_none_or(|maximum| number as f64 <= maximum)
        });
        if let Some(number) = number.filter(|_| fits) {
            return toml::Value::Integer(number);
        }
        let range = match (bound("minimum"), bound("maximum")) {
            (Some(minimum), Some(maximum)) => format!("from {minimum} to {maximum}"),
            (Some(minimum), None) => format!("of at least {minimum}"),
            _ => "of 64 bits".to_owned(),
        };
        let message = format!("`{path}` must be an integer {range}: `{text}`");
        self.replace(path, message, None, schema)
    }

    /// The part of `schema` that is for values like `value`.
    fn alternative(&self, schema: &'s Schema, value: &DeValue<'_>) -> Option<&'s Schema> {
        let kind = kind_of(value);
        self.alternatives(schema)
            .into_iter()
            .find(|schema| Kind::of_schema(schema) == Some(kind))
    }

    /// What `schema` allows, with references followed.
    fn alternatives(&self, schema: &'s Schema) -> Vec<&'s Schema> {
        let reference = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#'));
        if let Some(target) = reference.and_then(|pointer| self.root.pointer(pointer)) {
            return self.alternatives(target);
        }
        match schema["anyOf"].as_array() {
            Some(any) => any.iter().flat_map(|one| self.alternatives(one)).collect(),
            None => vec![schema],
        }
    }

    /// The strings that `schema` is limited to; none if it is not.
    fn values(schema: &'s Schema) -> Vec<&'s str> {
        let constants = schema["oneOf"].as_array().into_iter().flatten();
        let constants = constants.filter_map(|one| one["const"].as_str());
        let values = schema["enum"].as_array().into_iter().flatten();
        constants.chain(values.filter_map(Schema::as_str)).collect()
    }

    fn expected(&self, schema: &'s Schema) -> String {
        let kinds = self.alternatives(schema);
        let kinds = kinds.into_iter().filter_map(Kind::of_schema);
        kinds.map(Kind::article).collect::<Vec<_>>().join(" or ")
    }

    fn replace(
        &mut self,
        path: &KeyPath,
        message: String,
        hint: Option<String>,
        schema: &'s Schema,
    ) -> toml::Value {
        self.find(path, On::Value, message, hint);
        self.placeholder(schema)
    }

    /// The least value that `schema` accepts.
    fn placeholder(&self, schema: &'s Schema) -> toml::Value {
        let Some(schema) = self.alternatives(schema).into_iter().next() else {
            return toml::Value::Boolean(false);
        };
        let example = schema["examples"][0].as_str();
        let string = example.or_else(|| Self::values(schema).first().copied());
        match Kind::of_schema(schema) {
            Some(Kind::Table) => {
                let required = schema["required"].as_array().into_iter().flatten();
                let entries = required.filter_map(Schema::as_str).map(|name| {
                    let value = self.placeholder(&schema["properties"][name]);
                    (name.to_owned(), value)
                });
                toml::Value::Table(entries.collect())
            }
            Some(Kind::Array) => toml::Value::Array(Vec::new()),
            Some(Kind::Integer) => {
                toml::Value::Integer(schema["minimum"].as_i64().unwrap_or_default())
            }
            Some(Kind::String) => toml::Value::String(string.unwrap_or_default().to_owned()),
            Some(Kind::Boolean | Kind::Float | Kind::Datetime) | None => {
                toml::Value::Boolean(false)
            }
        }
    }

    fn find(&mut self, path: &KeyPath, on: On, message: String, hint: Option<String>) {
        self.placeholders.push(path.clone());
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Finding {
                path: path.clone(),
                on,
                message,
                hint,
            });
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Array,
    Boolean,
    Datetime,
    Float,
    Integer,
    String,
    Table,
}

impl Kind {
    fn of_schema(schema: &Schema) -> Option<Self> {
        // Enumerations with documented values name the type beside each value only.
        let name = schema["type"].as_str();
        match name.or_else(|| schema["oneOf"][0]["type"].as_str())? {
            "array" => Some(Self::Array),
            "boolean" => Some(Self::Boolean),
            "integer" => Some(Self::Integer),
            "string" => Some(Self::String),
            "object" => Some(Self::Table),
            _ => None,
        }
    }

    fn article(self) -> &'static str {
        match self {
            Self::Array => "an array",
            Self::Boolean => "a boolean",
            Self::Datetime => "a date or time",
            Self::Float => "a float",
            Self::Integer => "an integer",
            Self::String => "a string",
            Self::Table => "a table",
        }
    }
}

fn kind_of(value: &DeValue<'_>) -> Kind {
    match value {
        DeValue::String(_) => Kind::String,
        DeValue::Integer(_) => Kind::Integer,
        DeValue::Float(_) => Kind::Float,
        DeValue::Boolean(_) => Kind::Boolean,
        DeValue::Datetime(_) => Kind::Datetime,
        DeValue::Array(_) => Kind::Array,
        DeValue::Table(_) => Kind::Table,
    }
}

/// The one of `names` that `text` was most likely meant to be.
pub(super) fn nearest<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // A hostile key must not buy a megabyte of edit distance.
    if text.len() > 64 {
        return None;
    }
    names
        .map(|name| (strsim::jaro_winkler(text, name), name))
        .filter(|(score, _)| *score >= 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// `a`, `b` and so on, each in backticks.
pub(super) fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
