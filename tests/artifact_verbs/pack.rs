//! Plain folders that become artifacts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::place::said;
use crate::snapshot::krunner_in;

/// Makes one thing in a folder.
type Step = Box<dyn Fn(&Path)>;

/// A tree with everything that may differ between two machines, made in an order of choice.
fn tree(dir: &Path, reversed: bool) {
    let mut steps: Vec<Step> = vec![
        Box::new(|dir| fs::write(dir.join("lib/b.py"), "b = 1\n".repeat(3000)).unwrap()),
        Box::new(|dir| fs::write(dir.join("lib/a-b"), "between").unwrap()),
        Box::new(|dir| fs::write(dir.join("lib/a/c.py"), "c = 1\n").unwrap()),
        Box::new(|dir| symlink("a/c.py", dir.join("lib/c")).unwrap()),
        Box::new(|dir| fs::write(dir.join("lib").join("n".repeat(150)), "long").unwrap()),
        Box::new(|dir| fs::create_dir(dir.join("empty")).unwrap()),
    ];
    if reversed {
        steps.reverse();
    }
    fs::create_dir_all(dir.join("lib/a")).unwrap();
    fs::create_dir(dir.join("bin")).unwrap();
    for step in steps {
        step(dir);
    }
    fs::write(dir.join("bin/tool"), "#!/bin/sh\n").unwrap();
    let mode = if reversed { 0o700 } else { 0o775 };
    fs::set_permissions(dir.join("bin/tool"), fs::Permissions::from_mode(mode)).unwrap();
    fs::set_permissions(dir.join("lib"), fs::Permissions::from_mode(mode)).unwrap();
    fs::hard_link(dir.join("bin/tool"), dir.join("bin/tool-2")).unwrap();
}

/// If this fails, every digest of a packed folder is another one: say so in the changelog.
#[test]
fn a_packed_tree_has_this_digest_for_ever_on_every_machine() {
    let dir = tempfile::tempdir().unwrap();
    let mut digests = Vec::new();
    for (name, reversed) in [("one", false), ("two", true)] {
        let place = dir.path().join(name);
        tree(&place, reversed);
        let store = format!("store-{name}");
        let out = krunner_in(
            dir.path(),
            &[
                "pack",
                &format!("volume={name}"),
                &format!("oci:out-{name}"),
                "--platform",
                "linux/amd64",
                "--annotation",
                "ai.backend.krunner.version=15",
                "--store",
                &store,
            ],
        );
        digests.push(out);
    }
    assert_eq!(digests[0].replace("out-one", "out-two"), digests[1]);
    insta::assert_snapshot!(digests[0]);
    let checked = krunner_in(dir.path(), &["verify", "oci:out-one"]);
    insta::assert_snapshot!(checked);
}

#[test]
fn what_cannot_be_packed_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    for name in ["pipe", "out", "white", "twice"] {
        fs::create_dir(path.join(name)).unwrap();
    }
    make_pipe(&path.join("pipe/fifo"));
    symlink("../../etc/passwd", path.join("out/secret")).unwrap();
    fs::write(path.join("white/.wh.a"), "").unwrap();
    fs::write(path.join("twice/a"), "").unwrap();
    insta::assert_snapshot!(said(
        path,
        &[
            "pack pipe oci:to",
            "pack out oci:to",
            "pack white oci:to",
            "pack one=twice two=twice oci:to",
            "pack nowhere oci:to",
            "pack twice oci:to --annotation version",
            "pack twice oci:to --compression gzip --level 12",
        ]
    ));
}

fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}
