//! Registries that want to see a certificate are shown the one that Docker, Podman or the settings have for them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::registry::Double;
use common::tls::file;

/// A publish by somebody whose whole configuration is in `home`.
fn publish(home: &Path, registry: &Double) -> Result<String, String> {
    let mut publish = Command::new(env!("CARGO_BIN_EXE_krunner"));
    let output = publish
        .args(["publish", "oci:in"])
        .arg(format!("{}/team/krunner:15", registry.address))
        .current_dir(home)
        .env_clear()
        .env("XDG_CONFIG_HOME", home)
        .env("KRUNNER_STORE", home.join("store"))
        .output()
        .unwrap();
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(talk)
    } else {
        Err(talk)
    }
}

#[test]
fn a_certificate_is_shown_where_one_is_wanted() {
    let registry = Double::start_guarded();
    let home = tempfile::tempdir().unwrap();
    common::layout::small().write(&home.path().join("in"));
    // Nobody vouches for the registry.
    let error = publish(home.path(), &registry).unwrap_err();
    assert!(error.contains("certs.d"), "{error}");

    let folder = home
        .path()
        .join("containers/certs.d")
        .join(&registry.address);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(file("ca.crt"), folder.join("ca.crt")).unwrap();
    // It lets nobody in who shows nothing.
    publish(home.path(), &registry).unwrap_err();
    assert_eq!(registry.count(""), 0);

    fs::copy(file("client.cert"), folder.join("client.cert")).unwrap();
    let error = publish(home.path(), &registry).unwrap_err();
    assert!(error.contains("client.key"), "{error}");
    fs::copy(file("client.key"), folder.join("client.key")).unwrap();
    publish(home.path(), &registry).unwrap();
    assert!(registry.count("PUT /v2/team/krunner/manifests/15") == 1);
}

#[test]
fn the_settings_name_a_certificate_too() {
    let registry = Double::start_guarded();
    let home = tempfile::tempdir().unwrap();
    common::layout::small().write(&home.path().join("in"));
    fs::create_dir(home.path().join("krunner")).unwrap();
    let settings = |cert: &str| {
        let text = format!(
            "[\"{}\"]\nca = {:?}\n{cert}\nkey = {:?}\n",
            registry.address,
            file("ca.crt"),
            file("client.key"),
        );
        fs::write(home.path().join("krunner/registries.toml"), text).unwrap();
    };
    settings("");
    let error = publish(home.path(), &registry).unwrap_err();
    assert!(error.contains("`cert` and `key`"), "{error}");
    settings(&format!("cert = {:?}", file("client.cert")));
    publish(home.path(), &registry).unwrap();
    // What is no certificate is said to be none, without a word of what it is.
    settings(&format!("cert = {:?}", file("client.key")));
    let error = publish(home.path(), &registry).unwrap_err();
    assert!(error.contains("PEM") && !error.contains("BEGIN"), "{error}");
}
