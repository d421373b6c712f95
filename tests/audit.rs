//! The gates over volumes made by hand, and `krunner audit` as a user sees it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod snapshot;
mod volume;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use common::elf::{AARCH64, Elf, library, program};
use krunner::audit::{Libc, Profile, audit};
use krunner::platform::Architecture;
use volume::{LOADER, Volume, any, findings, gnu, krunner};

#[test]
fn a_volume_that_keeps_its_promise_passes() {
    assert_eq!(findings(&any(), Libc::Any), "");
    assert_eq!(findings(&gnu(), Libc::Gnu), "");
}

#[test]
fn the_trees_of_several_stages_are_one_volume() {
    let (first, second) = (any(), Volume::default());
    second.elf("lib/liba.so", &library(&["libb.so"]));
    first.elf("lib/libb.so", &library(&["libc.so.6"]));
    first.elf("lib/python3.13/lib-dynload/x.so", &library(&["libz.so.1"]));
    second.elf("lib/python3.13/lib-dynload/x.so", &library(&["libc.so.6"]));
    let profile = Profile::new(Libc::Any, Architecture::Amd64);
    assert_eq!(
        audit(&[&first.path(), &second.path()], &profile).unwrap(),
        []
    );
    let missing = audit(&[&second.path(), &first.path()], &profile).unwrap();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(audit(&[Path::new("/nowhere")], &profile).is_err());
}

#[test]
fn needs_are_met_along_the_search_path_of_whoever_loads() {
    let volume = any();
    let site = "lib/python3.13/site-packages";
    // Python's own path is inherited, and a module's own goes before it.
    volume.elf(
        &format!("{site}/a.so"),
        &library(&["libc.so.6", "libown.so"]).rpath("$ORIGIN/a.libs"),
    );
    volume.elf(
        &format!("{site}/a.libs/libown.so"),
        &library(&["libm.so.6"]),
    );
    // What needs something with a path in it, and what nobody leads to.
    volume.elf(
        &format!("{site}/b.so"),
        &library(&["$ORIGIN/a.libs/libown.so", "libown.so", "libx.so.1"]),
    );
    // DT_RUNPATH is not inherited, and cuts off what would be.
    let own = Elf {
        runpath: Some("$ORIGIN".to_owned()),
        ..library(&["libc.so.6", "d.so"])
    };
    volume.elf(&format!("{site}/c.so"), &own);
    volume.elf(&format!("{site}/d.so"), &library(&["libown.so"]));
    insta::assert_snapshot!(findings(&volume, Libc::Any));
}

#[test]
fn a_glibc_volume_may_ask_images_for_what_its_documentation_demands() {
    let volume = gnu();
    volume.elf(
        "lib/a.so",
        &library(&[
            "libc.so.6",
            "libpthread.so.0",
            "libutil.so.1",
            "libstdc++.so.6",
            "libz.so.1",
        ]),
    );
    insta::assert_snapshot!(findings(&volume, Libc::Gnu));
}

#[test]
fn symbol_versions_are_old_enough_or_there() {
    let volume = gnu();
    let old = library(&["libc.so.6"]).requires("libc.so.6", "GLIBC_2.17");
    volume.elf("lib/old.so", &old);
    volume.elf(
        "lib/new.so",
        &old.requires("libc.so.6", "GLIBC_2.34")
            .requires("libc.so.6", "GLIBC_2.9"),
    );
    insta::assert_snapshot!(findings(&volume, Libc::Gnu));
    let volume = any();
    volume.elf(
        "lib/a.so",
        &library(&["libc.so.6"]).requires("libc.so.6", "GLIBC_2.41"),
    );
    volume.elf(
        "lib/b.so",
        &library(&["libc.so.6"]).requires("libc.so.6", "GLIBC_2.42"),
    );
    insta::assert_snapshot!(findings(&volume, Libc::Any));
}

#[test]
fn path_files_are_read_by_a_python_that_imports_site() {
    let volume = any();
    let site = "lib/python3.13/site-packages";
    volume.file(&format!("{site}/adds.pth"), b"import adds\n");
    volume.file(&format!("{site}/package/data.pth"), b"no path file\n");
    // As a distribution comes, without a file that its paths are read from.
    assert_eq!(findings(&volume, Libc::Any), "");
    volume.file("python3.13._pth", b"lib/python3.13\nimport site\n");
    assert_eq!(findings(&volume, Libc::Any), "");
    volume.file("python3.13._pth", b"lib/python3.13\n#import site\n");
    insta::assert_snapshot!(findings(&volume, Libc::Any), @"error unread lib/python3.13/site-packages/adds.pth: Is never read: this Python does not import `site`");
}

#[test]
fn programs_ask_for_the_dynamic_linker_of_their_flavour() {
    let volume = any();
    volume.elf("bin/image", &program("/lib64/ld-linux-x86-64.so.2", &[]));
    volume.elf("bin/own", &program(LOADER, &[]));
    insta::assert_snapshot!(findings(&volume, Libc::Any));
    fs::remove_file(volume.path().join(&LOADER["/opt/backend.ai/".len()..])).unwrap();
    insta::assert_snapshot!(findings(&volume, Libc::Any));
}

#[test]
fn files_of_another_machine_are_named_and_so_are_damaged_ones() {
    let volume = gnu();
    let foreign = Elf {
        machine: AARCH64,
        ..library(&[])
    };
    volume.elf("lib/foreign.so", &foreign);
    volume.file("lib/cut.so", &library(&["libc.so.6"]).bytes()[..100]);
    let member = foreign.bytes();
    let header = format!(
        "{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
        "a.o/",
        0,
        0,
        0,
        644,
        member.len()
    );
    volume.file(
        "lib/libx.a",
        &[b"!<arch>\n", header.as_bytes(), &member].concat(),
    );
    insta::assert_snapshot!(findings(&volume, Libc::Gnu));
}

#[test]
fn nothing_leads_out_of_the_volume() {
    let volume = gnu();
    let path = "$ORIGIN/../lib:/usr/lib:$ORIGIN/../../..:relative::/opt/backend.ai/lib";
    volume.elf("lib/a.so", &library(&["libc.so.6"]).rpath(path));
    for (name, target) in [
        ("inside", "python3.13"),
        ("absolute", "/opt/backend.ai/bin/python3"),
        ("dangling", "nothing"),
        ("out", "../../etc/passwd"),
        ("etc", "/etc/passwd"),
        ("loop", "loop2"),
        ("loop2", "loop"),
    ] {
        symlink(target, volume.path().join("bin").join(name)).unwrap();
    }
    for (name, line) in [
        ("ours", "/opt/backend.ai/bin/python3 -sE"),
        ("gone", "/opt/backend.ai/bin/python2"),
        ("shell", "/bin/sh"),
        ("env", " /usr/bin/env python3"),
        ("perl", "/usr/bin/perl -w"),
    ] {
        volume.file(&format!("bin/{name}"), format!("#!{line}\n").as_bytes());
    }
    volume.file("lib/python3.13/example.sh", b"#!/bin/bash\n");
    insta::assert_snapshot!(findings(&volume, Libc::Gnu));
}

#[test]
fn what_hardened_systems_do_not_load_is_named() {
    let volume = gnu();
    volume.elf(
        "lib/text.so",
        &Elf {
            text_relocations: true,
            ..library(&["libc.so.6"])
        },
    );
    volume.elf(
        "lib/stack.so",
        &Elf {
            stack: Some(7),
            ..library(&["libc.so.6"])
        },
    );
    volume.elf(
        "lib/unsaid.so",
        &Elf {
            stack: None,
            ..library(&["libc.so.6"])
        },
    );
    insta::assert_snapshot!(findings(&volume, Libc::Gnu));
}

#[test]
fn modes_and_kinds_fit_a_volume() {
    let volume = gnu();
    for (name, mode) in [
        ("share/a", 0o664),
        ("share/b", 0o666),
        ("share/c", 0o646),
        ("share/d", 0o4755),
        ("share/e", 0o640),
    ] {
        volume.file(name, b"");
        fs::set_permissions(volume.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let _listening =
        std::os::unix::net::UnixListener::bind(volume.path().join("share/socket")).unwrap();
    fs::set_permissions(
        volume.path().join("share/socket"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    insta::assert_snapshot!(findings(&volume, Libc::Gnu));
}

#[test]
fn every_component_has_its_licence() {
    let volume = any();
    let site = "lib/python3.13/site-packages";
    for (package, licence) in [
        (
            "a-1.dist-info",
            Some("lib/python3.13/site-packages/a-1.dist-info/licenses/AUTHORS"),
        ),
        (
            "jupyter_client-8.6.3.dist-info",
            Some("licenses/wheels/LICENSE.jupyter-client.md"),
        ),
        (
            "Some.Thing-2.dist-info",
            Some("licenses/wheels/some-thing/LICENSE-METADATA"),
        ),
        ("none-3.dist-info", None),
    ] {
        volume.file(&format!("{site}/{package}/METADATA"), b"");
        if let Some(licence) = licence {
            volume.file(licence, b"");
        }
    }
    fs::remove_dir_all(volume.path().join("licenses/runtime/libc6")).unwrap();
    fs::remove_dir_all(volume.path().join("licenses/python")).unwrap();
    insta::assert_snapshot!(findings(&volume, Libc::Any));
}

#[test]
fn bytecode_is_there_and_used_as_it_is() {
    let volume = any();
    let module = |name: &str, head: Option<&[u8]>| {
        volume.file(&format!("lib/python3.13/{name}.py"), b"import os\n");
        if let Some(head) = head {
            let (folder, stem) = name.rsplit_once('/').unwrap_or(("", name));
            let place = format!("lib/python3.13/{folder}/__pycache__/{stem}.cpython-313.pyc");
            volume.file(&place, head);
        }
    };
    // The hash is what Python 3.13 makes of the source.
    let hash = [0xe6, 0x4d, 0x03, 0x92, 0xd2, 0x6e, 0x52, 0x85];
    let magic = [0xf3, 0x0d, 0x0d, 0x0a];
    module("good", Some(&[&magic[..], &[1, 0, 0, 0], &hash].concat()));
    module(
        "a/checked",
        Some(&[&magic[..], &[3, 0, 0, 0], &hash].concat()),
    );
    module("a/missing", None);
    module("a/absent", None);
    module(
        "b/other",
        Some(&[&magic[..], &[1, 0, 0, 0], &[0; 8]].concat()),
    );
    module(
        "b/old",
        Some(&[&[0xcb, 0x0d, 0x0d, 0x0a, 1, 0, 0, 0][..], &hash].concat()),
    );
    module("b/cut", Some(&magic));
    module(
        "site-packages/c/stale",
        Some(&[&magic[..], &[0; 12]].concat()),
    );
    insta::assert_snapshot!(findings(&volume, Libc::Any));
}

#[test]
fn an_old_terminal_server_is_stale() {
    let volume = gnu();
    let ttyd = |strings: &str, elf: &Elf| {
        volume.file("bin/ttyd", &[&elf.bytes()[..], strings.as_bytes()].concat());
        findings(&volume, Libc::Gnu)
    };
    volume.file("licenses/ttyd/LICENSE", b"MIT");
    let plain = Elf::default();
    assert_eq!(ttyd("\x001.7.7\x001.3.1\0", &plain), "");
    let old = ttyd("\x001.6.3-80c6f66\0\u{2c}\u{1}\u{36}\u{1}", &plain);
    let dynamic = ttyd(
        "\0",
        &program("/lib64/ld-linux-x86-64.so.2", &["libc.so.6"]),
    );
    insta::assert_snapshot!(format!("{old}---\n{dynamic}"));
}

#[test]
fn hostile_trees_are_only_reported() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let volume = gnu();
    let name = OsStr::from_bytes(b"share/\xff\x1b[31m");
    fs::create_dir_all(volume.path().join("share")).unwrap();
    symlink("/etc", volume.path().join(name)).unwrap();
    symlink(".", volume.path().join("lib/self")).unwrap();
    symlink("a/../".repeat(500), volume.path().join("lib/a")).unwrap();
    // A huge file with nothing in it, which takes no room on disk.
    let huge = fs::File::create(volume.path().join("lib/huge.so")).unwrap();
    std::io::Write::write_all(&mut &huge, &library(&[]).bytes()).unwrap();
    huge.set_len(1 << 40).unwrap();
    insta::assert_snapshot!(findings(&volume, Libc::Gnu));
}

#[test]
fn the_command_shows_findings_by_gate_and_exits_with_1_for_errors() {
    let volume = gnu();
    volume.elf("lib/a.so", &library(&["libc.so.6", "libutil.so.1"]));
    let warned = krunner(&volume, &["audit", "volume"]);
    let strict = krunner(&volume, &["audit", "volume", "--strict"]);
    volume.file("bin/perl", b"#!/usr/bin/perl\n");
    let failed = krunner(&volume, &["audit", "volume"]);
    insta::assert_snapshot!([warned, strict, failed].join("\n"));
}

#[test]
fn the_command_takes_a_volume_for_what_it_looks_like_or_what_it_is_told() {
    let said = [
        krunner(&any(), &["audit", "volume"]),
        krunner(&any(), &["audit", "volume", "--prefix", "/opt/other"]),
        krunner(
            &gnu(),
            &["audit", "volume", "--libc", "musl", "--output", "json"],
        ),
        krunner(&gnu(), &["audit", "volume", "--platform", "linux/arm64"]),
        krunner(&Volume::default(), &["audit", "volume"]),
        krunner(&gnu(), &["audit", "volume", "--libc", "bionic"]),
        krunner(&gnu(), &["audit", "nowhere"]),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn the_command_knows_what_was_pulled() {
    let volume = gnu();
    let dir = volume.dir();
    common::layout::small().write(&dir.join("in"));
    let said = [
        krunner(&volume, &["audit", "oci:out", "--platform", "linux/amd64"]),
        krunner(&volume, &["publish", "oci:in", "oci:out:15", "--quiet"]),
        krunner(
            &volume,
            &["pull", "oci:out", "--platform", "linux/amd64", "--quiet"],
        ),
        krunner(&volume, &["audit", "oci:out", "--platform", "linux/amd64"]),
        krunner(&volume, &["audit", "--help"]),
    ];
    insta::assert_snapshot!(said.join("\n"));
}
