//! Debian packages beside the system: own lists, own downloads, unpacked and never installed.
//!
//! The mirror is the machine's own, whatever it is; apt checks signatures and sums. No list, cache or state of
//! the system is touched, so this needs no root and leaves nothing behind but `target/`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::command::{capture, log, program, works};
use crate::console::Step;
use crate::tree::{Tree, folder};

/// Gives the mirror where the machine's apt cannot tell it.
const MIRROR: &str = "KRUNNER_DEBIAN_MIRROR";
/// The keys that Debian's suites are signed with, from a package that apt itself depends on.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Packages of Debian's suites.
#[derive(Debug)]
pub(crate) struct Debian {
    mirror: String,
    architecture: String,
    home: PathBuf,
    updated: RefCell<BTreeSet<String>>,
}

impl Debian {
    /// Looks at the machine.
    pub(crate) fn find(tree: &Tree) -> Result<Self> {
        if !works(&mut program("apt-get", ["--version"]))
            || !works(&mut program("dpkg-deb", ["--version"]))
        {
            bail!(
                "This machine has no apt and dpkg, which the workbench takes its engines from.\nhint: on other systems install Docker with buildx and give `--engine host`"
            );
        }
        Ok(Self {
            mirror: mirror()?,
            architecture: capture(&mut program("dpkg", ["--print-architecture"]))?,
            home: tree.workbench("debian")?,
            updated: RefCell::default(),
        })
    }

    /// The machine's own architecture, as Debian and Docker call it.
    pub(crate) fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The package files of one suite, downloaded when they are not there.
    pub(crate) fn packages(
        &self,
        step: &Step,
        suite: &str,
        names: &[&str],
        architecture: &str,
    ) -> Result<Vec<PathBuf>> {
        let store = folder(self.home.join(suite).join("packages"))?;
        let missing = || -> Vec<String> {
            let absent = names
                .iter()
                .filter(|name| find(&store, name, architecture).is_none());
            absent
                .map(|name| format!("{name}:{architecture}"))
                .collect()
        };
        if !missing().is_empty() {
            self.update(step, suite)?;
            step.at(&format!(
                "downloading {} from {suite}",
                missing().join(", ")
            ));
            log(
                self.apt(suite)?
                    .arg("download")
                    .args(missing())
                    .current_dir(&store),
                step,
            )?;
        }
        names
            .iter()
            .map(|name| {
                find(&store, name, architecture)
                    .ok_or_else(|| anyhow!("`{name}` was not downloaded"))
            })
            .collect()
    }

    /// Unpacks packages of the machine's architecture into a folder, once.
    pub(crate) fn unpack(
        &self,
        step: &Step,
        suite: &str,
        names: &[&str],
        into: &Path,
    ) -> Result<()> {
        self.unpack_for(step, suite, names, &self.architecture, into)
    }

    /// Unpacks packages of any architecture into a folder, once.
    pub(crate) fn unpack_for(
        &self,
        step: &Step,
        suite: &str,
        names: &[&str],
        architecture: &str,
        into: &Path,
    ) -> Result<()> {
        for package in self.packages(step, suite, names, architecture)? {
            let name = package.file_name().unwrap_or_default();
            let stamps = folder(into.with_extension("unpacked"))?;
            if stamps.join(name).exists() {
                continue;
            }
            step.at(&format!("unpacking {}", name.display()));
            folder(into.to_path_buf())?;
            capture(Command::new("dpkg-deb").arg("-x").arg(&package).arg(into))?;
            fs::write(stamps.join(name), "")?;
        }
        Ok(())
    }

    /// The folder with a source package's archives, downloaded when they are not there. Its description is not asked for:
    /// the lists have the archives' sums too.
    pub(crate) fn source(&self, step: &Step, suite: &str, package: &str) -> Result<PathBuf> {
        let name = format!("{suite}-source");
        let store = folder(self.home.join(&name).join(package))?;
        let stamp = store.join(".complete");
        if !stamp.exists() {
            self.update_from(step, &name, "deb-src", suite)?;
            step.at(&format!("downloading the source of {package} from {suite}"));
            for part in ["--tar-only", "--diff-only"] {
                let mut apt = self.apt(&name)?;
                apt.args(["source", part, package]).current_dir(&store);
                log(&mut apt, step)?;
            }
            fs::write(stamp, "")?;
        }
        Ok(store)
    }

    fn update(&self, step: &Step, suite: &str) -> Result<()> {
        self.update_from(step, suite, "deb", suite)
    }

    /// Reads lists of a suite's packages, of one kind, into a folder of that name.
    fn update_from(&self, step: &Step, name: &str, kind: &str, suite: &str) -> Result<()> {
        if !self.updated.borrow_mut().insert(name.to_owned()) {
            return Ok(());
        }
        step.at(&format!("reading the package lists of {suite}"));
        let home = folder(self.home.join(name))?;
        folder(home.join("lists/partial"))?;
        folder(home.join("cache/archives/partial"))?;
        let line = format!(
            "{kind} [signed-by={KEYRING}] {} {suite} main\n",
            self.mirror
        );
        fs::write(home.join("sources.list"), line)?;
        log(self.apt(name)?.arg("update"), step)
            .with_context(|| format!("The package lists of `{suite}` cannot be had"))
    }

    /// apt-get with every folder of its state below the workbench.
    fn apt(&self, suite: &str) -> Result<Command> {
        let home = folder(self.home.join(suite))?;
        let mut command = Command::new("apt-get");
        for (option, value) in [
            ("Dir::Etc::sourcelist", home.join("sources.list")),
            ("Dir::Etc::sourceparts", "-".into()),
            ("Dir::State::lists", home.join("lists")),
            // What the machine has installed is no candidate: an older suite's package is asked for too.
            ("Dir::State::status", "/dev/null".into()),
            ("Dir::Cache", home.join("cache")),
            ("APT::Architectures::", "amd64".into()),
            ("APT::Architectures::", "arm64".into()),
            (
                "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled",
                "false".into(),
            ),
            ("Acquire::Languages", "none".into()),
            ("Acquire::Retries", "3".into()),
            // The downloads' folder is ours; apt's own user could not write into it.
            ("APT::Sandbox::User", "root".into()),
        ] {
            command
                .arg("-o")
                .arg(format!("{option}={}", value.display()));
        }
        Ok(command)
    }
}

/// The mirror that the machine's own apt uses for Debian itself, without a last slash.
pub(crate) fn mirror() -> Result<String> {
    if let Ok(given) = env::var(MIRROR) {
        return Ok(given.trim_end_matches('/').to_owned());
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !release.lines().any(|line| line == "ID=debian") {
        bail!(
            "This machine is no Debian, so its apt knows no Debian mirror.\nhint: give one in `{MIRROR}`"
        );
    }
    let format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
    let targets = capture(&mut program(
        "apt-get",
        [
            "indextargets",
            "--no-release-info",
            "--format",
            format,
            "Identifier: Packages",
        ],
    ))?;
    let codename = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .unwrap_or("stable");
    let own = targets.lines().find_map(|line| {
        let (mirror, suite) = line.split_once(' ')?;
        (suite == format!("{codename} main")).then_some(mirror)
    });
    let own = own.with_context(|| {
        format!("No apt source offers `{codename} main`\nhint: give a Debian mirror in `{MIRROR}`")
    })?;
    Ok(own.trim_end_matches('/').to_owned())
}

/// The newest file of a package in a folder; names are `NAME_VERSION_ARCHITECTURE.deb`.
fn find(store: &Path, name: &str, architecture: &str) -> Option<PathBuf> {
    let ends = [format!("_{architecture}.deb"), "_all.deb".to_owned()];
    let mut found: Vec<_> = fs::read_dir(store).ok()?.flatten().collect();
    found.retain(|entry| {
        let file = entry.file_name().to_string_lossy().into_owned();
        file.split('_').next() == Some(name) && ends.iter().any(|end| file.ends_with(end))
    });
    found.sort_by_key(|entry| entry.metadata().and_then(|data| data.modified()).ok());
    Some(found.pop()?.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_by_its_whole_name_and_its_architecture() {
        let store = env::temp_dir().join(format!("xtask-debian-{}", std::process::id()));
        fs::create_dir_all(&store).unwrap();
        for name in [
            "libc6_2.36_amd64.deb",
            "libc6-dev_2.36_amd64.deb",
            "libc6_2.36_arm64.deb",
            "data_1_all.deb",
        ] {
            fs::write(store.join(name), "").unwrap();
        }
        let found = |name, architecture| {
            Some(
                find(&store, name, architecture)?
                    .file_name()?
                    .to_string_lossy()
                    .into_owned(),
            )
        };
        assert_eq!(
            found("libc6", "amd64").as_deref(),
            Some("libc6_2.36_amd64.deb")
        );
        assert_eq!(
            found("libc6", "arm64").as_deref(),
            Some("libc6_2.36_arm64.deb")
        );
        assert_eq!(found("data", "arm64").as_deref(), Some("data_1_all.deb"));
        assert_eq!(found("libc", "amd64"), None);
        fs::remove_dir_all(store).unwrap();
    }
}
