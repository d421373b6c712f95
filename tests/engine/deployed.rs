//! An example on a node: built, published to the registry, pulled into a store.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::Value;

use crate::volume::Build;
use crate::workbench::{Workbench, krunner, succeed};

/// Examples that this run of the tests has published.
static PUBLISHED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// An example that is in the registry.
pub(crate) struct Deployed {
    /// A store of its own, empty at the start of a run.
    node: PathBuf,
    reference: String,
}

impl Deployed {
    /// Builds and publishes an example as a release would be, once in a run of the tests.
    #[track_caller]
    pub(crate) fn new(workbench: &Workbench, example: &str) -> Self {
        // Below the target folder, so that compressed layers are kept for the next run.
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine");
        let deployed = Self {
            reference: format!("{}/krunner-{example}:15", workbench.registry),
            node: home.join(example),
        };
        let mut published = PUBLISHED.lock().unwrap();
        if !published.contains(example) {
            let folder = tempfile::tempdir().unwrap();
            let layout = folder.path().join("layout");
            Build::named(workbench, workbench.engine(), example).to_layout(&layout);
            let source = format!("oci:{}", layout.display());
            let words = ["publish", &source, &deployed.reference, "--level", "19"];
            succeed(&mut krunner(&home.join("publisher"), &words));
            let _ = fs::remove_dir_all(&deployed.node);
            published.insert(example.to_owned());
        }
        deployed
    }

    /// What it is called in the registry.
    pub(crate) fn reference(&self) -> &str {
        &self.reference
    }

    /// The volume of a platform, to be mounted.
    #[track_caller]
    pub(crate) fn path(&self, platform: &str) -> PathBuf {
        self.krunner(&["pull", &self.reference, "--platform", platform]);
        let said = self.krunner(&["path", &self.reference, "--platform", platform]);
        said.trim().into()
    }

    /// What `krunner inspect` says.
    #[track_caller]
    pub(crate) fn inspect(&self) -> Value {
        let said = self.krunner(&["inspect", &self.reference, "--output", "json"]);
        serde_json::from_str(&said).unwrap()
    }

    #[track_caller]
    fn krunner(&self, arguments: &[&str]) -> String {
        succeed(&mut krunner(&self.node, arguments))
    }
}
