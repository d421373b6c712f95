//! What is counted, in the text form that Prometheus reads (its exposition format 0.0.4).

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Mutex;

use super::node::Node;
use super::target::State;
use super::{Error, locked};
use crate::store::Collected;

/// The media type of the form.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Requests by their route and the status of the answer.
#[derive(Debug, Default)]
pub(super) struct Requests(Mutex<BTreeMap<(&'static str, u16), u64>>);

impl Requests {
    /// Counts one.
    pub(super) fn count(&self, route: &'static str, status: u16) {
        *locked(&self.0).entry((route, status)).or_default() += 1;
    }
}

/// What was collected since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Collections {
    runs: u64,
    volumes: u64,
    bytes: u64,
}

impl Collections {
    pub(super) fn add(&mut self, collected: &Collected) {
        self.runs += 1;
        self.volumes += collected.volumes.len() as u64;
        self.bytes += collected.bytes;
    }
}

/// Everything that is counted.
pub(super) fn text(node: &Node) -> Result<String, Error> {
    let mut page = Page::default();
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    page.gauge("krunner_agent_info", "The agent's version");
    page.value("krunner_agent_info", &version, 1);
    page.gauge(
        "krunner_agent_start_time_seconds",
        "When the agent was started",
    );
    page.value("krunner_agent_start_time_seconds", &[], node.started);
    references(node, &mut page);
    store(node, &mut page)?;
    page.counter(
        "krunner_http_requests_total",
        "Requests to the API and the plugin",
    );
    for ((route, status), count) in locked(&node.requests.0).iter() {
        let labels = [("route", *route), ("status", &status.to_string())];
        page.value("krunner_http_requests_total", &labels, count);
    }
    Ok(page.0)
}

/// A figure of a followed reference.
type Value = fn(&State) -> u64;

fn references(node: &Node, page: &mut Page) {
    let states: Vec<_> = node
        .targets
        .iter()
        .map(|target| (target, target.state()))
        .collect();
    let counted: [(&str, &str, bool, Value); 7] = [
        (
            "krunner_reference_up",
            "Whether the last look at a reference succeeded",
            false,
            |state| u64::from(state.failures == 0 && state.last_success.is_some()),
        ),
        (
            "krunner_reference_held_back",
            "Whether a reference names what was rolled back from",
            false,
            |state| u64::from(state.refused.is_some()),
        ),
        (
            "krunner_reference_last_success_timestamp_seconds",
            "When a look last succeeded, 0 if never",
            false,
            |state| state.last_success.unwrap_or(0),
        ),
        (
            "krunner_reference_checks_total",
            "Looks at a reference",
            true,
            |state| state.checks,
        ),
        (
            "krunner_reference_failures_total",
            "Looks that failed",
            true,
            |state| state.failed,
        ),
        (
            "krunner_reference_deployments_total",
            "Looks that brought another version",
            true,
            |state| state.deployed,
        ),
        (
            "krunner_reference_fetched_bytes_total",
            "Bytes that were fetched for a reference",
            true,
            |state| state.fetched,
        ),
    ];
    for (metric, help, counter, value) in counted {
        if counter {
            page.counter(metric, help);
        } else {
            page.gauge(metric, help);
        }
        for (target, state) in &states {
            let labels = [
                ("name", target.followed.name.as_str()),
                ("reference", &target.reference),
            ];
            page.value(metric, &labels, value(state));
        }
    }
}

fn store(node: &Node, page: &mut Page) -> Result<(), Error> {
    let volumes = node.store.volumes()?;
    page.gauge("krunner_volumes", "Whole volumes in the store");
    page.value("krunner_volumes", &[], volumes.len());
    page.gauge(
        "krunner_volume_bytes",
        "Bytes in the files of all volumes, shared ones counted in each",
    );
    let bytes: u64 = volumes.iter().map(|held| held.ready.bytes).sum();
    page.value("krunner_volume_bytes", &[], bytes);
    page.gauge("krunner_leases", "Leases that hold");
    let leases = node.store.leases()?;
    let holding = leases.iter().filter(|lease| lease.holds(super::now()));
    page.value("krunner_leases", &[], holding.count());
    let collected = *locked(&node.collected);
    for (metric, help, value) in [
        (
            "krunner_collections_total",
            "Rounds of collecting",
            collected.runs,
        ),
        (
            "krunner_collected_volumes_total",
            "Volumes that were taken away",
            collected.volumes,
        ),
        (
            "krunner_collected_bytes_total",
            "Bytes that were taken away",
            collected.bytes,
        ),
    ] {
        page.counter(metric, help);
        page.value(metric, &[], value);
    }
    Ok(())
}

/// The page that is being written. Writing to a string does not fail.
#[derive(Default)]
struct Page(String);

impl Page {
    fn gauge(&mut self, metric: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {metric} {help}.\n# TYPE {metric} gauge");
    }

    fn counter(&mut self, metric: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {metric} {help}.\n# TYPE {metric} counter");
    }

    fn value(&mut self, metric: &str, labels: &[(&str, &str)], value: impl fmt::Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let _ = if labels.is_empty() {
            writeln!(self.0, "{metric} {value}")
        } else {
            writeln!(self.0, "{metric}{{{}}} {value}", labels.join(","))
        };
    }
}

/// A label's value as the format wants it.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_with_their_labels() {
        let mut page = Page::default();
        page.counter("a_total", "Things");
        page.value("a_total", &[("name", "x\"y\\z\n"), ("b", "c")], 3);
        page.value("a_total", &[], 4);
        insta::assert_snapshot!(page.0, @r#"
        # HELP a_total Things.
        # TYPE a_total counter
        a_total{name="x\"y\\z\n",b="c"} 3
        a_total 4
        "#);
    }
}
