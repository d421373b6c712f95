//! The JSON Schema of the spec, made from the very types that read it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::types::Document;

/// The schema as a JSON value, for the walk.
pub(super) fn schema() -> Value {
    let schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Document>();
    let mut schema = Value::from(schema);
    drop_null(&mut schema);
    schema
}

/// The schema as it is checked in at `docs/schema/krunner.schema.json`: indented, with a last newline.
pub fn schema_json() -> String {
    format!("{:#}\n", schema())
}

/// Takes `null` out of the schema. It stands for "may be left out", which `required` says as well;
/// TOML has no such value.
fn drop_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(drop_null),
        Value::Object(object) => {
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            let is_null = |value: &Value| value == "null" || value["type"] == "null";
            for name in ["type", "anyOf"] {
                let Some(Value::Array(items)) = object.get_mut(name) else {
                    continue;
                };
                items.retain(|item| !is_null(item));
                if let [only] = items.as_slice() {
                    let only = only.clone();
                    object.remove(name);
                    match only {
                        Value::Object(only) => object.extend(only),
                        only => {
                            object.insert(name.to_owned(), only);
                        }
                    }
                }
            }
            object.values_mut().for_each(drop_null);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKED_IN: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/docs/schema/krunner.schema.json"
    );

    #[test]
    fn the_checked_in_schema_is_current() {
        let checked_in = std::fs::read_to_string(CHECKED_IN).unwrap_or_default();
        assert!(
            checked_in == schema_json(),
            "docs/schema/krunner.schema.json is not what the types say: run `cargo xtask gen`"
        );
    }
}
