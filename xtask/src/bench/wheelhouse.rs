//! The wheels of the example for both platforms, and its lock with nothing but them, on loopback.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::serve;
use crate::command::log;
use crate::console::Step;
use crate::tree::{Tree, folder};
use crate::workbench::{Inputs, pip};

/// Platforms as wheels are tagged.
const MACHINES: [&str; 2] = ["x86_64", "aarch64"];

/// File names of the wheels.
pub(super) type Wheels = BTreeSet<String>;

/// Downloads them, as pip chooses them.
pub(super) fn make(tree: &Tree, step: &Step, inputs: &Inputs) -> Result<Wheels> {
    let house = folder(serve::folder(tree)?.join("wheels"))?;
    let requirements = inputs.example.join("requirements.txt");
    let stamp = house.join(".made-of");
    let wanted = fs::read_to_string(&requirements)?;
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return names(&house);
    }
    for machine in MACHINES {
        let mut pip = pip()?;
        pip.args([
            "download",
            "--only-binary=:all:",
            "--python-version",
            "3.13",
            "--implementation",
            "cp",
        ]);
        for level in [
            "manylinux2014",
            "manylinux_2_17",
            "manylinux_2_12",
            "manylinux_2_5",
        ] {
            pip.args(["--platform", &format!("{level}_{machine}")]);
        }
        log(
            pip.arg("--dest")
                .arg(&house)
                .arg("--requirement")
                .arg(&requirements),
            step,
        )?;
    }
    fs::write(stamp, wanted)?;
    names(&house)
}

fn names(house: &Path) -> Result<Wheels> {
    let names = fs::read_dir(house)?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let is_wheel = |name: &String| {
        Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "whl")
    };
    Ok(names.filter(is_wheel).collect())
}

/// The example's lock, offering the wheels of the house alone, at their place on loopback.
pub(super) fn lock(inputs: &Inputs, wheels: &Wheels, url: &str) -> Result<String> {
    let mut lock: Table = fs::read_to_string(inputs.example.join("pylock.toml"))?.parse()?;
    let packages = lock
        .get_mut("packages")
        .and_then(Value::as_array_mut)
        .context("The lock has no packages")?;
    for package in packages.iter_mut().filter_map(Value::as_table_mut) {
        package.remove("sdist");
        let Some(offered) = package.get_mut("wheels").and_then(Value::as_array_mut) else {
            continue;
        };
        offered.retain_mut(|wheel| {
            let Some(place) = wheel.get("url").and_then(Value::as_str) else {
                return false;
            };
            let name = place.rsplit('/').next().unwrap_or_default().to_owned();
            let there = wheels.contains(&name);
            if let Some(wheel) = wheel.as_table_mut() {
                wheel.insert("url".to_owned(), format!("{url}/wheels/{name}").into());
            }
            there
        });
        if offered.is_empty() {
            package.remove("wheels");
        }
    }
    packages.retain(|package| package.get("wheels").is_some());
    Ok(lock.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbench::Example;

    #[test]
    fn a_lock_is_left_with_the_wheels_of_the_house_at_their_new_place() {
        let folder = std::env::temp_dir().join(format!("xtask-lock-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let text = r#"
lock-version = "1.0"
[[packages]]
name = "here"
sdist = { url = "https://index/here.tar.gz" }
wheels = [{ url = "https://index/here-1.whl" }, { url = "https://index/other-1.whl" }]
[[packages]]
name = "elsewhere"
wheels = [{ url = "https://index/elsewhere-1.whl" }]
"#;
        fs::write(folder.join("pylock.toml"), text).unwrap();
        let inputs = Inputs {
            name: Example::StaticGnu,
            python: Vec::new(),
            mirror: String::new(),
            example: folder.clone(),
        };
        let lock = lock(
            &inputs,
            &Wheels::from(["here-1.whl".to_owned()]),
            "http://loopback",
        )
        .unwrap();
        fs::remove_dir_all(folder).unwrap();
        assert!(lock.contains("http://loopback/wheels/here-1.whl"), "{lock}");
        assert!(
            !lock.contains("index") && !lock.contains("elsewhere"),
            "{lock}"
        );
    }
}
