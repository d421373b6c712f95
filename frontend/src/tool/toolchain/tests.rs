use std::io::Write;

use zip::write::SimpleFileOptions;

use super::*;

const ELF: &[u8] = b"\x7fELF and more";

/// A wheel with executable files.
fn wheel(folder: &Path, package: &str, files: &[(&str, &[u8])]) -> Wheel {
    let path = folder.join(format!("{package}.whl"));
    let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
    for (name, bytes) in files {
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .unix_permissions(0o755);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    Wheel {
        package: package.to_owned(),
        version: "1".to_owned(),
        archive: Bytes {
            name: format!("tool-{package}"),
            path,
            sha256: None,
        },
    }
}

fn wheels(folder: &Path) -> Vec<Wheel> {
    vec![
        wheel(
            folder,
            "cmake",
            &[
                ("cmake/data/bin/cmake", ELF),
                ("cmake/data/bin/ctest", ELF),
                (
                    "cmake/data/share/bash-completion/completions/cmake",
                    b"text",
                ),
                ("cmake.data/scripts/cmake", b"#!python"),
            ],
        ),
        wheel(folder, "ninja", &[("ninja-1.data/scripts/ninja", ELF)]),
        wheel(
            folder,
            "ziglang",
            &[
                ("ziglang/zig", ELF),
                ("ziglang/lib/libc/musl/COPYRIGHT", b"MIT"),
                ("ziglang/lib/libc/mingw/a.c", b""),
                ("ziglang/lib/libc/include/x86_64-linux-gnu/a.h", b""),
                ("ziglang/lib/libc/include/x86_64-linux-musl/a.h", b""),
            ],
        ),
    ]
}

fn system(folder: &Path, files: &[&str]) -> Bytes {
    let path = folder.join("system");
    for file in files {
        let file = path.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "text").unwrap();
    }
    Bytes {
        name: "toolchain-amd64-system".to_owned(),
        path,
        sha256: None,
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_root_has_the_commands_a_shell_and_folders_for_every_mount() {
    let temp = tempfile::tempdir().unwrap();
    let out = temp.path().join("out");
    let archives = [system(
        temp.path(),
        &["bin/busybox", "lib/libc.so", "usr/share/man/a"],
    )];
    run(&wheels(temp.path()), &archives, 7, &out).unwrap();
    for command in COMMANDS {
        let program = std::fs::read(out.join(TOOLS).join("bin").join(command)).unwrap();
        assert_eq!(program, ELF, "{command}");
    }
    assert_eq!(read(&out.join("bin/sh")), "text");
    for folder in MOUNT_POINTS {
        assert!(out.join(folder).is_dir(), "{folder}");
    }
    for file in MOUNTED_FILES {
        assert_eq!(read(&out.join(file)), "", "{file}");
    }
    let tools = out.join(TOOLS);
    assert!(
        tools
            .join("ziglang/ziglang/lib/libc/musl/COPYRIGHT")
            .is_file()
    );
    let include = tools.join("ziglang/ziglang/lib/libc/include");
    assert!(include.join("x86_64-linux-musl").is_dir());
    for unused in [
        include.join("x86_64-linux-gnu"),
        tools.join("ziglang/ziglang/lib/libc/mingw"),
        tools.join("cmake/cmake/data/bin/ctest"),
        out.join("usr"),
    ] {
        assert!(!unused.exists(), "{}", unused.display());
    }
}

#[test]
fn packages_that_hold_only_usr_get_the_links_of_a_merged_root() {
    let temp = tempfile::tempdir().unwrap();
    let out = temp.path().join("out");
    let archives = [system(temp.path(), &["usr/bin/busybox", "usr/lib/libc.so"])];
    run(&wheels(temp.path()), &archives, 7, &out).unwrap();
    assert_eq!(read(&out.join("bin/sh")), "text");
    assert_eq!(read(&out.join("lib/libc.so")), "text");
}

#[test]
fn a_toolchain_without_a_shell_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let archives = [system(temp.path(), &["lib/libc.so"])];
    let error = run(&wheels(temp.path()), &archives, 7, &temp.path().join("out")).unwrap_err();
    assert!(matches!(error, Error::Toolchain(Fault::Shell)), "{error}");
}

#[test]
fn a_toolchain_without_a_command_says_which() {
    let temp = tempfile::tempdir().unwrap();
    let archives = [system(temp.path(), &["bin/sh"])];
    let wheels = &wheels(temp.path())[..2];
    let error = run(wheels, &archives, 7, &temp.path().join("out")).unwrap_err();
    insta::assert_snapshot!(error, @r"
    The toolchain must have exactly one program `zig`, and has 0
    hint: the lock of `ttyd.toolchain` must pin `ziglang`, `cmake` and `ninja`, each once
    ");
}

#[test]
fn an_archive_that_brings_a_file_where_something_is_mounted_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let archives = [system(temp.path(), &["bin/sh", "tmp"])];
    let error = run(&wheels(temp.path()), &archives, 7, &temp.path().join("out")).unwrap_err();
    assert!(error.to_string().contains("`tmp`"), "{error}");
}
