//! The image config of a volume, and its time.

use std::collections::BTreeMap;

use krunner::date::rfc3339;
use krunner::plan::Plan;
use serde_json::json;

/// The config: labels, and one history entry for each layer, all of one fixed time. The engine fills in the
/// layers' digests. There is no entry point: the image is mounted, never run.
pub(super) fn config(plan: &Plan, layers: &[String], labels: &BTreeMap<String, String>) -> Vec<u8> {
    let created = rfc3339(plan.volume.epoch);
    let history: Vec<_> = layers
        .iter()
        .map(|layer| {
            json!({
                "created": created,
                "created_by": format!("krunner {layer}"),
                "comment": layer,
            })
        })
        .collect();
    let mut all = plan.labels.clone();
    all.extend(labels.clone());
    json!({
        "architecture": plan.platform.architecture.oci(),
        "os": plan.platform.os(),
        "created": created,
        "config": { "Labels": all },
        "rootfs": { "type": "layers", "diff_ids": [] },
        "history": history,
    })
    .to_string()
    .into_bytes()
}
