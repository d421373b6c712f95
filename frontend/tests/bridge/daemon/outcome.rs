//! What is returned, judged by the gateway at once, and by the exporters afterwards.

use std::collections::BTreeSet;

use bollard_buildkit_proto::moby::buildkit::v1::frontend as proto;
use proto::result::Result as Trees;
use serde_json::Value;

use super::Profile;

/// What the gateway refuses: `references` are the trees that it knows.
pub(crate) fn accept(
    returned: &proto::ReturnRequest,
    references: usize,
    before: Option<&proto::ReturnRequest>,
) -> Result<(), String> {
    if returned.error.is_some() == returned.result.is_some() {
        return Err("gateway return must be either result or err".to_owned());
    }
    if before.is_some() {
        return Err("gateway result is already set".to_owned());
    }
    let Some(result) = &returned.result else {
        return Ok(());
    };
    let known: BTreeSet<_> = (1..=references)
        .map(|number| format!("ref{number}"))
        .collect();
    let attested = result
        .attestations
        .values()
        .flat_map(|all| &all.attestation);
    let attested = attested.filter_map(|one| one.r#ref.as_ref());
    for reference in trees(result).map(|(_, tree)| tree).chain(attested) {
        if !reference.id.is_empty() && !known.contains(&reference.id) {
            let id = &reference.id;
            return Err(format!("return reference {id} not found"));
        }
    }
    Ok(())
}

fn trees(result: &proto::Result) -> Box<dyn Iterator<Item = (&str, &proto::Ref)> + '_> {
    match &result.result {
        Some(Trees::Ref(tree)) => Box::new(std::iter::once(("", tree))),
        Some(Trees::Refs(map)) => Box::new(map.refs.iter().map(|(key, tree)| (key.as_str(), tree))),
        _ => Box::new(std::iter::empty()),
    }
}

/// What the exporters for images refuse.
pub(crate) fn export(result: &proto::Result, profile: &Profile) -> Result<(), String> {
    let map = matches!(result.result, Some(Trees::Refs(_)));
    let platforms = platforms(result, map)?;
    let mut keys: Vec<_> = trees(result).map(|(key, _)| key.to_owned()).collect();
    keys.sort_unstable();
    let mut ids = platforms.clone();
    ids.sort_unstable();
    if map && keys != ids {
        return Err(format!(
            "number of platforms does not match references: {ids:?}, {keys:?}"
        ));
    }
    for id in &platforms {
        let suffix = if map { format!("/{id}") } else { String::new() };
        let config = result
            .metadata
            .get(&format!("containerimage.config{suffix}"));
        config_of(config.ok_or(format!("no config for {id}"))?, id)?;
    }
    let index = result
        .metadata
        .keys()
        .any(|key| key.starts_with("annotation-index"));
    if index && !map {
        return Err("index annotations not supported for single platform export".to_owned());
    }
    for (id, all) in &result.attestations {
        if !profile.has("reference.attestations") {
            return Err("attestations are not supported by this engine".to_owned());
        }
        if !platforms.contains(id) {
            return Err(format!("attestations for {id}, which is not built"));
        }
        for one in &all.attestation {
            if one
                .in_toto_predicate_type
                .starts_with("https://slsa.dev/provenance/")
            {
                return Err("frontend may not set provenance attestations".to_owned());
            }
        }
    }
    Ok(())
}

fn platforms(result: &proto::Result, map: bool) -> Result<Vec<String>, String> {
    let Some(json) = result.metadata.get("refs.platforms") else {
        return Err(if map {
            "unable to export multiple refs, missing platforms mapping".to_owned()
        } else {
            // Taken by the engine, which then guesses; ours always says it.
            "refs.platforms is missing".to_owned()
        });
    };
    let json: Value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let list = json["Platforms"].as_array().cloned().unwrap_or_default();
    if list.is_empty() {
        return Err("invalid empty platforms index for exporter".to_owned());
    }
    let id = |one: &Value| one["ID"].as_str().unwrap_or_default().to_owned();
    Ok(list.iter().map(id).collect())
}

fn config_of(json: &[u8], id: &str) -> Result<(), String> {
    let config: Value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let text = |key: &str| config[key].as_str().unwrap_or_default();
    if text("os").is_empty() || text("architecture").is_empty() {
        return Err("image config does not specify a platform".to_owned());
    }
    if format!("{}/{}", text("os"), text("architecture")) != id {
        return Err(format!("the config of {id} is of another platform"));
    }
    if config["rootfs"]["type"] != "layers" {
        return Err("image config has no layers".to_owned());
    }
    Ok(())
}
