//! What each route does.

#![allow(clippy::unnecessary_wraps, reason = "all handlers have one type")]

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::documents::{
    CollectedDocument, Collecting, Following, Found, Health, LeaseDocument, Leases, Looking,
    NewLease, Place, Pull, Standing, Status, VolumeDocument, Volumes, Wanted,
};
use crate::agent::http::{Body, Problem, Request, Response, decoded};
use crate::agent::node::Node;
use crate::agent::target::Target;
use crate::agent::{Error, keep, metrics};
use crate::digest::Digest;
use crate::platform::Platform;
use crate::store;

/// An answer, or why there is none.
pub(super) type Answer = Result<Response, Problem>;

pub(super) fn status(node: &Node, _: &Request, _: &str) -> Answer {
    Ok(Response::json(200, &standing(node)?))
}

pub(super) fn health(_: &Node, _: &Request, _: &str) -> Answer {
    let status = "ok".to_owned();
    Ok(Response::json(200, &Health { status }))
}

pub(super) fn ready(node: &Node, _: &Request, _: &str) -> Answer {
    let missing = node.targets.iter().find(|target| !is_there(node, target));
    match missing {
        None => Ok(Response::json(
            200,
            &Health {
                status: "ok".to_owned(),
            },
        )),
        Some(target) => {
            let status = format!("waits for `{}`", target.followed.name);
            Ok(Response::json(503, &Health { status }))
        }
    }
}

pub(super) fn volumes(node: &Node, _: &Request, _: &str) -> Answer {
    let held = node.store.volumes().map_err(Error::from)?;
    let volumes = held.into_iter().map(VolumeDocument::from).collect();
    Ok(Response::json(200, &Volumes { volumes }))
}

pub(super) fn ensure(node: &Node, request: &Request, _: &str) -> Answer {
    let wanted: Wanted = document(request)?;
    let reference = node.resolve(&wanted.reference)?;
    let platform = wanted.platform.unwrap_or_else(Platform::host);
    let ensured = node.ensure(&reference, platform, wanted.pull == Pull::Always)?;
    Ok(Response::json(200, &Found::from(ensured)))
}

pub(super) fn leases(node: &Node, _: &Request, _: &str) -> Answer {
    let leases = node.store.leases().map_err(Error::from)?;
    let told = leases.into_iter().map(|lease| told(node, lease));
    let leases = told.collect::<Result<_, Error>>()?;
    Ok(Response::json(200, &Leases { leases }))
}

pub(super) fn lease(node: &Node, request: &Request, _: &str) -> Answer {
    let wanted: NewLease = document(request)?;
    let duration = wanted.seconds.map(Duration::from_secs);
    let lease = match (&wanted.manifest, &wanted.reference) {
        (Some(manifest), None) => {
            let manifest: Digest =
                manifest
                    .parse()
                    .map_err(|error: crate::digest::InvalidDigest| {
                        Problem::request(error.to_string())
                    })?;
            node.lease(&wanted.id, &manifest, duration)?
        }
        (None, Some(reference)) => {
            let reference = node.resolve(reference)?;
            let platform = wanted.platform.unwrap_or_else(Platform::host);
            node.ensure_leased(&reference, platform, false, (&wanted.id, duration))?
                .1
        }
        _ => {
            return Err(Problem::request(
                "Either `manifest` or `reference` is needed",
            ));
        }
    };
    Ok(Response::json(201, &told(node, lease)?))
}

pub(super) fn release(node: &Node, _: &Request, id: &str) -> Answer {
    let unknown = || {
        Problem::new(
            404,
            "no-lease",
            "No such lease",
            format!("No lease `{}`", id.escape_debug()),
        )
    };
    let id = decoded(id).ok_or_else(unknown)?;
    if !node.release(&id)? {
        return Err(unknown());
    }
    Ok(Response::json(
        200,
        &Health {
            status: "released".to_owned(),
        },
    ))
}

pub(super) fn collect(node: &Node, request: &Request, _: &str) -> Answer {
    let wanted: Collecting = if request.body.is_empty() {
        Collecting::default()
    } else {
        document(request)?
    };
    let collected = keep::round(node, wanted.dry_run)?;
    Ok(Response::json(200, &CollectedDocument::from(collected)))
}

pub(super) fn check(node: &Node, request: &Request, _: &str) -> Answer {
    let wanted: Looking = if request.body.is_empty() {
        Looking::default()
    } else {
        document(request)?
    };
    match &wanted.name {
        None => node.targets.iter().for_each(Target::ask),
        Some(name) => node
            .target(name)
            .ok_or_else(|| {
                let detail = format!("Nothing is followed as `{}`", name.escape_debug());
                Problem::new(404, "no-name", "No such name", detail)
            })?
            .ask(),
    }
    let status = "asked".to_owned();
    Ok(Response::json(202, &Health { status }))
}

pub(super) fn events(_: &Node, request: &Request, _: &str) -> Answer {
    let asked = request
        .query
        .split('&')
        .find_map(|pair| pair.strip_prefix("after="));
    let after = match asked.or(request.last_event.as_deref()) {
        None => 0,
        Some(number) => number
            .parse()
            .map_err(|_| Problem::request("`after` is the number of an event"))?,
    };
    Ok(Response {
        status: 200,
        content_type: "text/event-stream",
        allow: None,
        body: Body::Events(after),
    })
}

pub(super) fn metrics(node: &Node, _: &Request, _: &str) -> Answer {
    Ok(Response::new(
        200,
        metrics::MEDIA_TYPE,
        metrics::text(node)?,
    ))
}

/// The document that a request carries.
fn document<T: DeserializeOwned>(request: &Request) -> Result<T, Problem> {
    let kind = request
        .content_type
        .as_deref()
        .unwrap_or("application/json");
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        let detail = "A request carries `application/json`";
        return Err(Problem::new(415, "media-type", "Not JSON", detail));
    }
    serde_json::from_slice(&request.body).map_err(|error| Problem::request(error.to_string()))
}

fn told(node: &Node, lease: store::Lease) -> Result<LeaseDocument, Error> {
    let volume = node.store.volume(&lease.manifest)?;
    Ok(LeaseDocument::new(lease, volume.map(|volume| volume.path)))
}

fn standing(node: &Node) -> Result<Status, Error> {
    let references = node.targets.iter().map(|target| following(node, target));
    Ok(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: node.started,
        store: node.store.root().to_owned(),
        ready: node.targets.iter().all(|target| is_there(node, target)),
        references: references.collect::<Result<_, Error>>()?,
        work: node.work.pieces(),
    })
}

fn following(node: &Node, target: &Target) -> Result<Following, Error> {
    let state = target.state();
    let name = node.store.name(&target.reference)?;
    let mut volumes = Vec::new();
    for (platform, manifest) in name.iter().flat_map(|name| &name.current.platforms) {
        if let Some(volume) = node.store.volume(manifest)? {
            volumes.push(Place {
                platform: *platform,
                manifest: manifest.to_string(),
                path: volume.path,
            });
        }
    }
    let standing = if state.busy {
        Standing::Busy
    } else if state.failures > 0 {
        Standing::Failing
    } else if state.refused.is_some() {
        Standing::HeldBack
    } else if is_there(node, target) {
        Standing::Deployed
    } else {
        Standing::Waiting
    };
    let held = |digest| format!("`{digest}` was rolled back from");
    Ok(Following {
        name: target.followed.name.clone(),
        reference: target.reference.clone(),
        state: standing,
        digest: name.map(|name| name.current.digest.to_string()),
        volumes,
        last_check: state.last_check,
        last_success: state.last_success,
        next_check: target.next_check(),
        failures: state.failures,
        message: state.error.or(state.refused.map(held)),
    })
}

fn is_there(node: &Node, target: &Target) -> bool {
    let there = |platform: &Platform| node.store.volume_of(&target.reference, *platform).is_ok();
    target.followed.platforms.iter().all(there)
}
