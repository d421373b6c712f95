//! Building the example, or a changed copy of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::workbench::{Engine, Workbench, succeed};

/// A build that is being put together.
pub(crate) struct Build<'a> {
    workbench: &'a Workbench,
    engine: &'a Engine,
    spec: PathBuf,
    context: PathBuf,
    contexts: &'a BTreeMap<String, PathBuf>,
    args: &'a BTreeMap<String, String>,
    platforms: &'a str,
    more: Vec<String>,
}

/// What stands in for inputs, and arguments.
struct Given {
    contexts: BTreeMap<String, PathBuf>,
    args: BTreeMap<String, String>,
}

impl<'a> Build<'a> {
    /// Of the example that most tests build, as it stands, for both platforms.
    pub(crate) fn example(workbench: &'a Workbench, engine: &'a Engine) -> Self {
        Self::named(workbench, engine, "static-gnu")
    }

    /// Of one of the examples.
    pub(crate) fn named(workbench: &'a Workbench, engine: &'a Engine, example: &str) -> Self {
        let example = &workbench.examples[example];
        let mut build = Self::of(workbench, engine, &example.folder.join("krunner.toml"));
        build.contexts = &example.contexts;
        build
    }

    /// Of another spec.
    pub(crate) fn of(workbench: &'a Workbench, engine: &'a Engine, spec: &Path) -> Self {
        Self {
            workbench,
            engine,
            spec: spec.to_owned(),
            context: spec.parent().unwrap().to_owned(),
            contexts: &workbench.example().contexts,
            args: &workbench.build_args,
            platforms: "linux/amd64,linux/arm64",
            more: Vec::new(),
        }
    }

    /// Without what the examples are given.
    pub(crate) fn bare(mut self) -> Self {
        static NONE: Given = Given {
            contexts: BTreeMap::new(),
            args: BTreeMap::new(),
        };
        (self.contexts, self.args) = (&NONE.contexts, &NONE.args);
        self
    }

    /// From another context: an address, or `-` for what is written to the command.
    pub(crate) fn from(mut self, context: &str, spec: &str) -> Self {
        self.context = context.into();
        self.spec = spec.into();
        self
    }

    /// For other platforms.
    pub(crate) fn platforms(mut self, platforms: &'a str) -> Self {
        self.platforms = platforms;
        self
    }

    /// With one more argument of `docker buildx build`.
    pub(crate) fn with(mut self, argument: impl Into<String>) -> Self {
        self.more.push(argument.into());
        self
    }

    /// The command, writing to `output` (a value of `--output`).
    pub(crate) fn command(&self, output: &str) -> Command {
        let mut command = self.asking();
        command.args(["--platform", self.platforms, "--output", output]);
        command.args(&self.more).arg(&self.context);
        command
    }

    /// The command that asks something instead of building, by the flag that its client has for it.
    pub(crate) fn call(&self, flag: &str, name: &str) -> Command {
        let mut command = self.asking();
        command.args([flag, name]);
        command.args(&self.more).arg(&self.context);
        command
    }

    fn asking(&self) -> Command {
        let mut command = self
            .engine
            .docker(&["buildx", "build", "--progress", "plain"]);
        command.arg("-f").arg(&self.spec);
        command.args([
            "--build-arg",
            &format!("BUILDKIT_SYNTAX={}", self.workbench.frontend),
        ]);
        for (name, folder) in self.contexts {
            command
                .arg("--build-context")
                .arg(format!("{name}={}", folder.display()));
        }
        for (name, value) in self.args {
            command.arg("--build-arg").arg(format!("{name}={value}"));
        }
        command
    }

    /// Builds to an OCI layout in `folder`.
    #[track_caller]
    pub(crate) fn to_layout(&self, folder: &Path) {
        succeed(&mut self.command(&format!("type=oci,dest={},tar=false", folder.display())));
    }

    /// Builds to plain trees in `folder`, one per platform when there are several.
    #[track_caller]
    pub(crate) fn to_trees(&self, folder: &Path) {
        succeed(&mut self.command(&format!("type=local,dest={}", folder.display())));
    }
}

/// A copy of the example whose files can be changed.
pub(crate) struct Copy {
    folder: TempDir,
}

impl Copy {
    /// Copies the example's files.
    pub(crate) fn of_example(workbench: &Workbench) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_tree(&workbench.example().folder, folder.path());
        Self { folder }
    }

    /// The folder of the copy.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The spec's path.
    pub(crate) fn spec(&self) -> PathBuf {
        self.folder.path().join("krunner.toml")
    }

    /// Changes a file by a function of its text.
    pub(crate) fn rewrite(&self, file: &str, change: impl FnOnce(String) -> String) {
        let path = self.folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, change(text)).unwrap();
    }

    /// Removes a file.
    pub(crate) fn remove(&self, file: &str) {
        fs::remove_file(self.folder.path().join(file)).unwrap();
    }
}

fn copy_tree(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// The image manifests of an OCI layout by platform, read through whatever index stands between.
pub(crate) fn manifests(layout: &Path) -> BTreeMap<String, serde_json::Value> {
    let mut found = BTreeMap::new();
    let mut pending: Vec<serde_json::Value> = vec![json(&layout.join("index.json"))];
    while let Some(document) = pending.pop() {
        for entry in document["manifests"].as_array().unwrap() {
            let next = blob(layout, entry["digest"].as_str().unwrap());
            if next.get("manifests").is_some() {
                pending.push(next);
            } else if entry["annotations"]
                .get("vnd.docker.reference.type")
                .is_none()
            {
                let config = blob(layout, next["config"]["digest"].as_str().unwrap());
                let platform = format!(
                    "{}/{}",
                    config["os"].as_str().unwrap(),
                    config["architecture"].as_str().unwrap()
                );
                found.insert(platform, next);
            }
        }
    }
    found
}

/// The `diff_ids` of every platform in an OCI layout.
pub(crate) fn diff_ids(layout: &Path) -> BTreeMap<String, Vec<String>> {
    let ids = |manifest: &serde_json::Value| {
        let config = blob(layout, manifest["config"]["digest"].as_str().unwrap());
        serde_json::from_value(config["rootfs"]["diff_ids"].clone()).unwrap()
    };
    manifests(layout)
        .iter()
        .map(|(platform, manifest)| (platform.clone(), ids(manifest)))
        .collect()
}

/// What is said of the images of a layout in statements of this kind, one for each platform.
pub(crate) fn attestations(layout: &Path, kind: &str) -> Vec<serde_json::Value> {
    let index = json(&layout.join("index.json"));
    let index = described(layout, &index["manifests"][0]);
    let entries = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| {
            entry["annotations"]["vnd.docker.reference.type"] == "attestation-manifest"
        });
    let statement = |entry: &serde_json::Value| {
        let manifest = described(layout, entry);
        let layers = manifest["layers"].as_array().unwrap();
        let layer = layers.iter().find(|layer| {
            let found = layer["annotations"]["in-toto.io/predicate-type"].as_str();
            found.is_some_and(|found| found.starts_with(kind))
        });
        Some(described(layout, layer?)["predicate"].clone())
    };
    entries.filter_map(statement).collect()
}

/// The document that a descriptor points to.
pub(crate) fn described(layout: &Path, descriptor: &serde_json::Value) -> serde_json::Value {
    blob(layout, descriptor["digest"].as_str().unwrap())
}

fn blob(layout: &Path, digest: &str) -> serde_json::Value {
    json(&layout.join("blobs").join(digest.replace(':', "/")))
}

/// Reads a JSON file.
pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
