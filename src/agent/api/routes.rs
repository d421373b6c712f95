//! The table of routes, which serves requests and describes itself.

use std::sync::Arc;

use hyper::Method;
use schemars::{Schema, SchemaGenerator};

use super::documents as d;
use super::handlers::{self, Answer};
use crate::agent::events::Event;
use crate::agent::http::{Handler, Problem, Request, Response};
use crate::agent::metrics;
use crate::agent::{Events, Node};

/// The schema of a document.
type Shape = fn(&mut SchemaGenerator) -> Schema;

/// One operation.
pub(super) struct Route {
    pub(super) method: Method,
    /// The path; a last part in braces stands for any one part.
    pub(super) path: &'static str,
    pub(super) answer: fn(&Node, &Request, &str) -> Answer,
    /// What it does, for the description.
    pub(super) summary: &'static str,
    pub(super) request: Option<Shape>,
    pub(super) status: u16,
    pub(super) media_type: &'static str,
    pub(super) response: Shape,
    /// Whether it is told by TCP, too: to whoever comes.
    pub(super) open: bool,
}

const JSON: &str = "application/json";

macro_rules! shape {
    ($type:ty) => {
        |generator| generator.subschema_for::<$type>()
    };
}

/// All operations, sorted by path.
#[expect(clippy::too_many_lines, reason = "it is a table")]
pub(super) fn routes() -> Vec<Route> {
    let route = |method, path, answer, summary, response: Shape| Route {
        method,
        path,
        answer,
        summary,
        request: None,
        status: 200,
        media_type: JSON,
        response,
        open: false,
    };
    vec![
        Route {
            open: true,
            ..route(
                Method::GET,
                "/healthz",
                handlers::health,
                "Whether the agent lives",
                shape!(d::Health),
            )
        },
        Route {
            open: true,
            media_type: metrics::MEDIA_TYPE,
            ..route(
                Method::GET,
                "/metrics",
                handlers::metrics,
                "What is counted, for Prometheus",
                shape!(String),
            )
        },
        Route {
            open: true,
            ..route(
                Method::GET,
                "/readyz",
                handlers::ready,
                "Whether every reference that is followed is there; 503 until then",
                shape!(d::Health),
            )
        },
        Route {
            request: Some(shape!(d::Looking)),
            status: 202,
            ..route(
                Method::POST,
                "/v1/check",
                handlers::check,
                "Look now at what is followed, and not only when it is time",
                shape!(d::Health),
            )
        },
        Route {
            request: Some(shape!(d::Collecting)),
            ..route(
                Method::POST,
                "/v1/collect",
                handlers::collect,
                "Take away what nobody wants, now",
                shape!(d::CollectedDocument),
            )
        },
        Route {
            media_type: "text/event-stream",
            ..route(
                Method::GET,
                "/v1/events",
                handlers::events,
                "What happens, as server-sent events: those that are remembered first. `after=ID` or `Last-Event-ID` passes over what is known",
                shape!(Event),
            )
        },
        route(
            Method::GET,
            "/v1/leases",
            handlers::leases,
            "All leases",
            shape!(d::Leases),
        ),
        Route {
            request: Some(shape!(d::NewLease)),
            status: 201,
            ..route(
                Method::POST,
                "/v1/leases",
                handlers::lease,
                "Keep a volume for somebody, and make sure that it is there",
                shape!(d::LeaseDocument),
            )
        },
        route(
            Method::DELETE,
            "/v1/leases/{id}",
            handlers::release,
            "End a lease",
            shape!(d::Health),
        ),
        route(
            Method::GET,
            "/v1/status",
            handlers::status,
            "How the agent stands, and what it is doing",
            shape!(d::Status),
        ),
        route(
            Method::GET,
            "/v1/volumes",
            handlers::volumes,
            "All whole volumes, and why each of them is kept",
            shape!(d::Volumes),
        ),
        Route {
            request: Some(shape!(d::Wanted)),
            ..route(
                Method::POST,
                "/v1/volumes",
                handlers::ensure,
                "Make sure that a volume is there, and say where",
                shape!(d::Found),
            )
        },
    ]
}

/// The API on its own socket.
pub(in crate::agent) struct Api {
    node: Arc<Node>,
    routes: Vec<Route>,
}

impl Api {
    pub(in crate::agent) fn new(node: Arc<Node>) -> Self {
        Self {
            node,
            routes: routes(),
        }
    }
}

impl Handler for Api {
    fn answer(&self, request: &Request) -> Response {
        answer(&self.node, &self.routes, request)
    }

    fn events(&self) -> &Events {
        self.node.events()
    }
}

/// What is told by TCP: metrics and health, and nothing that changes anything.
pub(in crate::agent) struct Scrape(Api);

impl Scrape {
    pub(in crate::agent) fn new(node: Arc<Node>) -> Self {
        let mut api = Api::new(node);
        api.routes.retain(|route| route.open);
        Self(api)
    }
}

impl Handler for Scrape {
    fn answer(&self, request: &Request) -> Response {
        self.0.answer(request)
    }

    fn events(&self) -> &Events {
        self.0.events()
    }
}

fn answer(node: &Node, routes: &[Route], request: &Request) -> Response {
    let fitting: Vec<(&Route, &str)> = routes
        .iter()
        .filter_map(|route| Some((route, fits(route.path, &request.path)?)))
        .collect();
    let asked = fitting
        .iter()
        .find(|(route, _)| route.method == request.method);
    let (path, response) = match (asked, fitting.first()) {
        (Some((route, part)), _) => {
            let answer = (route.answer)(node, request, part);
            (route.path, answer.unwrap_or_else(Response::from))
        }
        (None, Some((route, _))) => {
            let methods: Vec<&str> = fitting
                .iter()
                .map(|(route, _)| route.method.as_str())
                .collect();
            let allow = methods.join(", ");
            let detail = format!("`{}` takes {allow}", route.path);
            let problem = Problem::new(405, "method", "Not with this method", detail);
            let mut response = Response::from(problem);
            response.allow = Some(allow);
            (route.path, response)
        }
        (None, None) => {
            let detail = "`docs/http-api.md` lists what there is";
            (
                "other",
                Problem::new(404, "no-route", "No such path", detail).into(),
            )
        }
    };
    node.requests.count(path, response.status);
    response
}

/// Whether a path is one of a route, and what stands for the part in braces.
fn fits<'a>(route: &str, path: &'a str) -> Option<&'a str> {
    if route == path {
        return Some("");
    }
    let (before, _) = route.split_once('{')?;
    let part = path.strip_prefix(before)?;
    (!part.is_empty() && !part.contains('/')).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_in_braces_is_one_part() {
        assert_eq!(fits("/v1/leases/{id}", "/v1/leases/a%2Fb"), Some("a%2Fb"));
        for path in ["/v1/leases/", "/v1/leases", "/v1/leases/a/b", "/v1/other/a"] {
            assert_eq!(fits("/v1/leases/{id}", path), None, "{path}");
        }
        assert_eq!(fits("/healthz", "/healthz"), Some(""));
    }

    #[test]
    fn the_table_is_sorted_and_names_each_operation_once() {
        let routes = routes();
        let keys: Vec<_> = routes
            .iter()
            .map(|route| (route.path, route.method.as_str()))
            .collect();
        let mut sorted = keys.clone();
        sorted.sort_by_key(|(path, _)| *path);
        sorted.dedup();
        assert_eq!(keys, sorted);
    }
}
