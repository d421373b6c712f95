//! Downloads from hosts that want to know who asks.

use std::fs;
use std::path::Path;

use crate::small::Small;
use crate::tree::files;
use crate::volume::Build;
use crate::workbench::{Workbench, fail, said};

/// Nobody else has it.
const TOKEN: &str = "Bearer 4f1c0ffee4f1c0ffee";

/// A volume whose inputs are given out only to who sends the token, and whose spec says which secret that is.
fn private() -> Small {
    let small = Small::new();
    small.served.want("authorization", TOKEN);
    let host = small.served.url("").replace("http://", "");
    small.edit(
        "[python]",
        &format!("[auth]\n\"{host}\" = \"packages\"\n\n[python]"),
    );
    small
}

/// Whether a file below a folder holds the token.
fn holds_token(folder: &Path) -> bool {
    let holds = |bytes: &[u8]| {
        bytes
            .windows(TOKEN.len())
            .any(|window| window == TOKEN.as_bytes())
    };
    files(folder)
        .iter()
        .any(|file| holds(&fs::read(file).unwrap_or_default()))
}

fn with_secret(build: Build<'_>) -> Build<'_> {
    build.with("--secret").with("id=packages,env=PACKAGES_AUTH")
}

#[test]
fn a_secret_goes_to_the_host_that_wants_it_and_nowhere_else() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(engine) = workbench.engine_of("28.5") else {
        return;
    };
    let small = private();
    let folder = tempfile::tempdir().unwrap();
    let output = format!("type=oci,dest={},tar=false", folder.path().display());
    let build = with_secret(small.build(&workbench, engine)).with("--provenance=mode=max");
    let mut command = build.command(&output);
    let output = command.env("PACKAGES_AUTH", TOKEN).output().unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains(TOKEN), "{said}");
    assert!(!holds_token(folder.path()));
}

#[test]
fn a_secret_that_is_not_given_is_named_with_the_download_and_the_line_that_need_it() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(engine) = workbench.engine_of("28.5") else {
        return;
    };
    let small = private();
    let said = fail(&mut small.build(&workbench, engine).command("type=cacheonly"));
    assert!(said.contains("secret packages: not found"), "{said}");
    assert!(said.contains("] download "), "{said}");
    assert!(said.contains(">>>"), "{said}");
}

#[test]
fn an_engine_that_cannot_send_a_secret_says_which_one_can() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(engine) = workbench.engine_of("26.1") else {
        return;
    };
    let small = private();
    let mut build = with_secret(small.build(&workbench, engine)).command("type=cacheonly");
    let said = fail(build.env("PACKAGES_AUTH", TOKEN));
    assert!(said.contains("0.21"), "{said}");
    assert!(!said.contains(TOKEN), "{said}");
}
