//! From a call to what the engine is told.

use serde_json::{Value, json};

use super::protocol::Call;
use super::volumes::{Error, Volume};
use crate::agent::http::{Request, Response};
use crate::agent::node::Node;

/// The media type of the protocol.
const MEDIA_TYPE: &str = "application/vnd.docker.plugins.v1.2+json";

/// Answers one request of an engine.
pub(in crate::agent) fn answer(node: &Node, request: &Request) -> Response {
    let methods = Call::METHODS.iter();
    let route = methods.copied().find(|method| *method == request.path);
    let result = match Call::parse(&request.path, &request.body) {
        Ok(call) => done(node, &call, request.peer).map_err(|error| (500, error.to_string())),
        Err(error) => Err((if route.is_none() { 404 } else { 400 }, error.to_string())),
    };
    let (status, body) = match result {
        Ok(body) => (200, body),
        // The engine shows this text to whoever ran the container.
        Err((status, error)) => (status, json!({ "Err": format!("krunner: {error}") })),
    };
    node.requests.count(route.unwrap_or("plugin"), status);
    Response::new(status, MEDIA_TYPE, body.to_string())
}

fn done(node: &Node, call: &Call, engine: Option<i32>) -> Result<Value, Error> {
    let plugin = &node.plugin;
    Ok(match call {
        Call::Activate => {
            plugin.activated()?;
            json!({ "Implements": ["VolumeDriver"] })
        }
        Call::Capabilities => json!({ "Capabilities": { "Scope": "local" } }),
        Call::Create { name, options } => {
            plugin.create(node, name, options)?;
            json!({ "Err": "" })
        }
        Call::Remove { name } => {
            plugin.remove(node, name)?;
            json!({ "Err": "" })
        }
        Call::Mount { name, id } => {
            let path = plugin.mount(node, (name, id), engine)?;
            json!({ "Mountpoint": path, "Err": "" })
        }
        Call::Unmount { name, id } => {
            plugin.unmount(node, name, id)?;
            json!({ "Err": "" })
        }
        Call::Path { name } => {
            let volume = plugin.get(name)?;
            json!({ "Mountpoint": plugin.mountpoint(node, &volume).unwrap_or_default(), "Err": "" })
        }
        Call::Get { name } => {
            let volume = plugin.get(name)?;
            let mut told = told(node, &volume);
            told["Status"] = json!({
                "reference": volume.reference,
                "platform": volume.platform,
                "manifests": volume.mounts.values().map(|mount| mount.manifest).collect::<Vec<_>>(),
                "mounts": volume.mounts.len(),
            });
            json!({ "Volume": told, "Err": "" })
        }
        Call::List => {
            let volumes = plugin.all()?;
            let told: Vec<Value> = volumes.iter().map(|volume| told(node, volume)).collect();
            json!({ "Volumes": told, "Err": "" })
        }
    })
}

fn told(node: &Node, volume: &Volume) -> Value {
    json!({
        "Name": volume.name,
        "Mountpoint": node.plugin.mountpoint(node, volume).unwrap_or_default(),
    })
}
