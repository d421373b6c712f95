//! Takes runtimes out of archives made here.

use std::path::Path;

use super::*;

const TRIPLET: &str = "usr/lib/x86_64-linux-gnu";

/// The header of a program or library for this machine, with nothing in it.
fn library(machine: u8) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    (bytes[16], bytes[18], bytes[20], bytes[52]) = (3, machine, 1, 64);
    bytes
}

const AMD64: u8 = 62;
const ARM64: u8 = 183;

/// An archive with these files, links and contents.
struct Archive(tar::Builder<Vec<u8>>);

impl Archive {
    fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    fn file(mut self, path: &str, bytes: &[u8]) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        self.0.append_data(&mut header, path, bytes).unwrap();
        self
    }

    fn libraries(self, names: &[&str]) -> Self {
        names.iter().fold(self, |archive, name| {
            archive.file(&format!("{TRIPLET}/{name}"), &library(AMD64))
        })
    }

    fn link(mut self, path: &str, target: &str) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        self.0.append_link(&mut header, path, target).unwrap();
        self
    }
}

/// What the C library's own archive has.
fn libc6() -> Archive {
    Archive::new()
        .libraries(&[
            "ld-linux-x86-64.so.2",
            "libc.so.6",
            "libm.so.6",
            "libanl.so.1",
        ])
        .file("usr/lib/x86_64-linux-gnu/gconv/UTF-16.so", &library(AMD64))
        .link(
            "usr/lib64/ld-linux-x86-64.so.2",
            "/lib/ld-linux-x86-64.so.2",
        )
        .file("usr/share/doc/libc6/copyright", b"LGPL")
        .file("usr/share/doc/libc6/changelog.gz", b"x")
}

/// What the compiler's runtime has, its documents being in an archive of their own.
fn compilers() -> Archive {
    Archive::new()
        .libraries(&["libgcc_s.so.1", "libstdc++.so.6.0.33"])
        .file("lib/i386-linux-gnu/libgcc_s.so.1", &library(3))
        .link(
            "usr/lib/x86_64-linux-gnu/libstdc++.so.6",
            "libstdc++.so.6.0.33",
        )
        .link("usr/share/doc/libstdc++6", "gcc-14-base")
}

fn gcc_base() -> Archive {
    Archive::new().file("usr/share/doc/gcc-14-base/copyright", b"GPL with exception")
}

/// Runs the step, and lists what it wrote.
fn take(archives: Vec<Archive>, folder: &Path) -> Result<Vec<String>, String> {
    let archives: Vec<Bytes> = archives
        .into_iter()
        .enumerate()
        .map(|(number, archive)| {
            let path = folder.join(format!("{number}.tar"));
            std::fs::write(&path, archive.0.into_inner().unwrap()).unwrap();
            Bytes {
                name: format!("runtime-amd64-{number} (krunner.toml:7)"),
                path,
                sha256: None,
            }
        })
        .collect();
    let step = Runtime {
        archives: &archives,
        folder: "lib/glibc",
        architecture: Architecture::Amd64,
        epoch: 1_704_067_200,
    };
    let out = folder.join("out");
    run(&step, &out).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    let mut folders = vec![out.clone()];
    while let Some(folder) = folders.pop() {
        for name in names(&folder) {
            let path = folder.join(name);
            if path.is_dir() {
                folders.push(path);
            } else {
                assert!(
                    path.symlink_metadata().unwrap().is_file(),
                    "{}",
                    path.display()
                );
                found.push(path.strip_prefix(&out).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    Ok(found)
}

#[test]
fn libraries_lie_flat_under_their_sonames_with_the_licence_of_each_archive() {
    let temp = tempfile::tempdir().unwrap();
    let found = take(vec![libc6(), compilers(), gcc_base()], temp.path()).unwrap();
    insta::assert_snapshot!(found.join("\n"), @r"
    lib/glibc/ld-linux-x86-64.so.2
    lib/glibc/libc.so.6
    lib/glibc/libgcc_s.so.1
    lib/glibc/libm.so.6
    lib/glibc/libstdc++.so.6
    licenses/runtime/libc6/copyright
    licenses/runtime/libstdc++6/copyright
    ");
    let licence = temp
        .path()
        .join("out/licenses/runtime/libstdc++6/copyright");
    assert_eq!(
        std::fs::read_to_string(licence).unwrap(),
        "GPL with exception"
    );
}

#[test]
fn an_archive_that_is_missing_or_without_a_licence_is_told() {
    let failing = |archives: Vec<Archive>| {
        let temp = tempfile::tempdir().unwrap();
        take(archives, temp.path()).unwrap_err()
    };
    insta::assert_snapshot!(failing(vec![libc6()]), @r"
    runtime-amd64-0 (krunner.toml:7): The C runtime lacks `libstdc++.so.6`, which no archive has
    hint: give Debian's `libc6`, `libgcc-s1` and `libstdc++6` of one release, for this architecture
    ");
    insta::assert_snapshot!(failing(vec![libc6(), compilers()]), @r"
    runtime-amd64-1 (krunner.toml:7): The archive has no licence: `usr/share/doc/libstdc++6/copyright`
    hint: what is shipped needs a licence; it may lie in another archive, `gcc-14-base`: give that one too
    ");
}

#[test]
fn a_library_for_another_machine_is_none() {
    let temp = tempfile::tempdir().unwrap();
    let foreign = Archive::new()
        .file("usr/lib/aarch64-linux-gnu/libgcc_s.so.1", &library(ARM64))
        .file("usr/lib/aarch64-linux-gnu/libstdc++.so.6", &library(ARM64));
    let message = take(vec![libc6(), foreign, gcc_base()], temp.path()).unwrap_err();
    assert!(message.contains("lacks `libstdc++.so.6`"), "{message}");
}

#[test]
fn a_link_out_of_its_archive_is_not_followed() {
    let temp = tempfile::tempdir().unwrap();
    let secret = temp.path().join("secret");
    std::fs::write(&secret, library(AMD64)).unwrap();
    let hostile = Archive::new()
        .libraries(&["libgcc_s.so.1"])
        .link("usr/lib/libstdc++.so.6", secret.to_str().unwrap());
    let message = take(vec![libc6(), hostile, gcc_base()], temp.path()).unwrap_err();
    assert!(message.contains("lacks `libstdc++.so.6`"), "{message}");
}
