//! Profiles: which engine is stood in for, read from `profiles.toml`.

use std::collections::{BTreeMap, BTreeSet};

use bollard_buildkit_proto::moby::buildkit::v1::apicaps::ApiCap;
use serde::Deserialize;

/// What one engine can do.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    /// What build graphs may ask for; with a reason if it is switched off.
    llb: BTreeMap<String, Option<String>>,
    gateway: BTreeSet<String>,
    calls: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    release: Vec<Release>,
    engine: Vec<Engine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    buildkit: String,
    #[serde(default)]
    calls: Vec<String>,
    #[serde(default)]
    gateway: Vec<String>,
    #[serde(default)]
    llb: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Engine {
    name: String,
    buildkit: String,
    #[serde(default)]
    off: BTreeMap<String, String>,
}

fn table() -> Table {
    toml::from_str(include_str!("profiles.toml")).unwrap()
}

impl Profile {
    /// All engines of the table, the oldest first.
    pub(crate) fn all() -> Vec<Self> {
        let table = table();
        let engines = table.engine.iter();
        engines.map(|engine| Self::of(&table, engine)).collect()
    }

    /// The engine of this name.
    pub(crate) fn named(name: &str) -> Self {
        let mut all = Self::all().into_iter();
        all.find(|profile| profile.name == name).expect(name)
    }

    fn of(table: &Table, engine: &Engine) -> Self {
        let last = table
            .release
            .iter()
            .position(|one| one.buildkit == engine.buildkit)
            .expect(&engine.buildkit);
        let releases = &table.release[..=last];
        let mut llb: BTreeMap<_, _> = releases
            .iter()
            .flat_map(|release| release.llb.iter().map(|id| (id.clone(), None)))
            .collect();
        for (id, reason) in &engine.off {
            *llb.get_mut(id).expect(id) = Some(reason.clone());
        }
        let all = |of: fn(&Release) -> &Vec<String>| releases.iter().flat_map(of).cloned();
        Self {
            name: engine.name.clone(),
            llb,
            gateway: all(|release| &release.gateway).collect(),
            calls: all(|release| &release.calls).collect(),
        }
    }

    /// The same, but it has never heard of `id`.
    pub(crate) fn without(mut self, id: &str) -> Self {
        self.llb.remove(id).expect(id);
        self
    }

    /// The same, but its gateway has never heard of `id`.
    pub(crate) fn without_gateway(mut self, id: &str) -> Self {
        assert!(self.gateway.remove(id));
        self
    }

    /// The same, but its service does not have a call that its gateway speaks of.
    pub(crate) fn without_call(mut self, call: &str) -> Self {
        assert!(self.calls.remove(call));
        self
    }

    /// Whether graphs may ask for it, in the engine's own words if not.
    pub(crate) fn supports(&self, id: &str) -> Result<(), String> {
        match self.llb.get(id) {
            Some(None) => Ok(()),
            // The two blanks are the engine's.
            Some(Some(reason)) => Err(format!(
                "requested experimental feature {id}  has been disabled on the build server: {reason}"
            )),
            None => Err(format!("unknown API capability {id}")),
        }
    }

    /// Whether its gateway has it.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.gateway.contains(id)
    }

    /// Whether its service has the call.
    pub(crate) fn answers(&self, call: &str) -> bool {
        self.calls.contains(call)
    }

    /// What it says of build graphs.
    pub(crate) fn llb(&self) -> Vec<ApiCap> {
        let cap = |(id, off): (&String, &Option<String>)| ApiCap {
            id: id.clone(),
            enabled: off.is_none(),
            disabled_reason_msg: off.clone().unwrap_or_default(),
            ..ApiCap::default()
        };
        self.llb.iter().map(cap).collect()
    }

    /// What it says of its gateway.
    pub(crate) fn gateway(&self) -> Vec<ApiCap> {
        let cap = |id: &String| ApiCap {
            id: id.clone(),
            enabled: true,
            ..ApiCap::default()
        };
        self.gateway.iter().map(cap).collect()
    }
}

/// The first release that lets graphs ask for each capability.
pub(crate) fn releases() -> BTreeMap<String, String> {
    let releases = table().release.into_iter();
    releases
        .flat_map(|one| {
            one.llb
                .into_iter()
                .map(move |id| (id, one.buildkit.clone()))
        })
        .collect()
}
