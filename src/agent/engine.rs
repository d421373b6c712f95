//! The few calls to a Docker engine: its volumes (Docker Engine API; every engine since 20.10 speaks version 1.41).

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::client::{Answer, Client};
use super::{Error, http};

/// The oldest supported engine, 20.10, speaks it, and so do all newer ones.
const API: &str = "/v1.41";

/// A Docker engine.
#[derive(Debug)]
pub(super) struct Engine(Client);

/// A volume of the engine, as far as it matters here.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EngineVolume {
    pub(super) name: String,
    pub(super) labels: Option<BTreeMap<String, String>>,
}

/// A volume to be made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewVolume<'a> {
    pub(super) name: &'a str,
    pub(super) driver: &'static str,
    pub(super) driver_opts: BTreeMap<&'static str, String>,
    pub(super) labels: BTreeMap<&'static str, String>,
}

/// How an attempt to remove a volume ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removed {
    /// It is gone.
    Gone,
    /// A container has it.
    InUse,
}

impl Engine {
    /// The engine at a socket.
    pub(super) fn new(socket: &Path) -> Self {
        Self(Client::new(socket))
    }

    /// A volume, if there is one of this name.
    pub(super) fn volume(&self, name: &str) -> Result<Option<EngineVolume>, Error> {
        let answer = self
            .0
            .get(&format!("{API}/volumes/{}", http::encoded(name)))?;
        if answer.status == 404 {
            return Ok(None);
        }
        self.read(&answer).map(Some)
    }

    /// All volumes that have a label.
    pub(super) fn labelled(&self, label: &str) -> Result<Vec<EngineVolume>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct List {
            volumes: Option<Vec<EngineVolume>>,
        }
        let filters = serde_json::json!({ "label": [label] }).to_string();
        let path = format!("{API}/volumes?filters={}", http::encoded(&filters));
        let list: List = self.read(&self.0.get(&path)?)?;
        Ok(list.volumes.unwrap_or_default())
    }

    /// Makes a volume.
    pub(super) fn create(&self, volume: &NewVolume<'_>) -> Result<(), Error> {
        let answer = self.0.post(&format!("{API}/volumes/create"), volume)?;
        self.read::<EngineVolume>(&answer).map(drop)
    }

    /// Removes a volume, unless a container has it.
    pub(super) fn remove(&self, name: &str) -> Result<Removed, Error> {
        let answer = self
            .0
            .delete(&format!("{API}/volumes/{}", http::encoded(name)))?;
        match answer.status {
            404 => Ok(Removed::Gone),
            409 => Ok(Removed::InUse),
            _ if answer.is_success() => Ok(Removed::Gone),
            _ => Err(self.refused(&answer)),
        }
    }

    fn read<T: serde::de::DeserializeOwned>(&self, answer: &Answer) -> Result<T, Error> {
        if !answer.is_success() {
            return Err(self.refused(answer));
        }
        serde_json::from_slice(&answer.body).map_err(|_| self.refused(answer))
    }

    fn refused(&self, answer: &Answer) -> Error {
        let message = answer.json();
        Error::Engine {
            socket: self.0.socket().to_owned(),
            status: answer.status,
            message: message["message"]
                .as_str()
                .unwrap_or("no reason given")
                .to_owned(),
        }
    }
}
