//! The API's description in the form of `OpenAPI` 3.1, made of the table that serves it and of the types it speaks.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::routes::{Route, routes};
use crate::agent::http::Problem;

/// The description as it is checked in at `docs/openapi.json`: indented, with a last newline.
pub fn openapi() -> String {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths = Map::new();
    for route in routes() {
        let request = route.request.map(|shape| shape(&mut generator));
        let response = (route.response)(&mut generator);
        let operation = operation(
            &route,
            request.map(Value::from),
            &response.into(),
            problem.as_value(),
        );
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = operation;
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "krunner agent",
            "version": "1",
            "summary": "Volumes of a node, on a Unix socket",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "http://localhost", "description": "The socket that `[api]` of agent.toml names; the host is not looked at" }],
        "paths": paths,
        "components": { "schemas": generator.take_definitions(true) },
    });
    format!("{document:#}\n")
}

fn operation(route: &Route, request: Option<Value>, response: &Value, problem: &Value) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "responses": {
            route.status.to_string(): {
                "description": "Done",
                "content": { route.media_type: { "schema": response } },
            },
            "default": {
                "description": "A problem (RFC 9457)",
                "content": { "application/problem+json": { "schema": problem } },
            },
        },
    });
    if let Some(request) = request {
        operation["requestBody"] =
            json!({ "content": { "application/json": { "schema": request } } });
    }
    if let Some((_, name)) = route.path.split_once('{') {
        let name = name.trim_end_matches('}');
        operation["parameters"] = json!([{
            "name": name, "in": "path", "required": true, "schema": { "type": "string" },
        }]);
    }
    operation
}

fn operation_id(route: &Route) -> String {
    let words = route
        .path
        .split(['/', '{', '}'])
        .filter(|word| !word.is_empty());
    let words: Vec<&str> = std::iter::once(route.method.as_str())
        .chain(words)
        .collect();
    words.join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKED_IN: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json"));

    #[test]
    fn the_checked_in_description_is_what_is_served() {
        assert!(
            CHECKED_IN == openapi(),
            "docs/openapi.json is not what the routes and types say: run `cargo xtask gen`"
        );
    }

    #[test]
    fn every_route_has_its_place_and_every_link_its_end() {
        let document: Value = serde_json::from_str(CHECKED_IN).unwrap();
        for route in routes() {
            let method = route.method.as_str().to_lowercase();
            assert!(
                document["paths"][route.path][method].is_object(),
                "{}",
                route.path
            );
        }
        let mut links = 0;
        for part in CHECKED_IN.split("\"$ref\": \"#").skip(1) {
            let link = part.split('"').next().unwrap();
            assert!(document.pointer(link).is_some(), "{link}");
            links += 1;
        }
        assert!(links > 10);
    }
}
