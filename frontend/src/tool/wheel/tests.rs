//! Whole wheels, made here, through the whole step.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use krunner::platform::Architecture;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Record, Row};
use crate::tool::installed;
use crate::tool::perform;
use crate::tool::step::{Bytes, Part, Portable, Slim, Step, Wheel};

/// A wheel to be made: a proper one, which each test spoils in its way.
struct Recipe {
    package: String,
    version: String,
    files: Vec<(String, Vec<u8>, u32)>,
    /// Rows that replace those of the same path; none takes the row out.
    rows: Vec<(String, Option<Row>)>,
}

impl Recipe {
    fn new(package: &str, version: &str) -> Self {
        let info = format!("{package}-{version}.dist-info");
        Self {
            package: package.to_owned(),
            version: version.to_owned(),
            files: Vec::new(),
            rows: Vec::new(),
        }
        .file(
            &format!("{info}/WHEEL"),
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        .file(
            &format!("{info}/METADATA"),
            &format!("Metadata-Version: 2.1\nName: {package}\nVersion: {version}\nLicense: MIT\n"),
        )
    }

    fn file(self, name: &str, text: &str) -> Self {
        self.entry(name, text.as_bytes(), 0o100_644)
    }

    /// Adds a file, or changes one of the same name.
    fn entry(mut self, name: &str, bytes: &[u8], mode: u32) -> Self {
        self.files.retain(|(other, _, _)| other != name);
        self.files.push((name.to_owned(), bytes.to_vec(), mode));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.files.retain(|(other, _, _)| other != name);
        self
    }

    fn row(mut self, name: &str, row: Option<Row>) -> Self {
        self.rows.push((name.to_owned(), row));
        self
    }

    fn info(&self, name: &str) -> String {
        format!("{}-{}.dist-info/{name}", self.package, self.version)
    }

    fn make(&self) -> Vec<u8> {
        let mut record = Record::default();
        for (name, bytes, _) in &self.files {
            let row = Row::new(&Sha256::digest(bytes), bytes.len() as u64);
            record.insert(name.clone(), row);
        }
        record.insert(self.info("RECORD"), Row::default());
        for (name, row) in &self.rows {
            record.remove(name);
            if let Some(row) = row {
                record.insert(name.clone(), row.clone());
            }
        }
        let mut files = self.files.clone();
        if !files
            .iter()
            .any(|(name, _, _)| *name == self.info("RECORD"))
        {
            let text = record.write().into_bytes();
            files.push((self.info("RECORD"), text, 0o100_644));
        }
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes, mode) in files {
            let options = SimpleFileOptions::default().unix_permissions(mode & 0o7777);
            if mode & 0o170_000 == 0o120_000 {
                let target = String::from_utf8(bytes).unwrap();
                zip.add_symlink(name, target, options).unwrap();
            } else {
                zip.start_file(name, options).unwrap();
                zip.write_all(&bytes).unwrap();
            }
        }
        zip.finish().unwrap().into_inner()
    }
}

/// Installs wheels given as package, version and bytes.
fn install(wheels: &[(&str, &str, Vec<u8>)], folder: &Path) -> Result<(), String> {
    install_as(wheels, Slim::default(), None, folder)
}

fn install_as(
    wheels: &[(&str, &str, Vec<u8>)],
    slim: Slim,
    portable: Option<Portable>,
    folder: &Path,
) -> Result<(), String> {
    let out = folder.join("out");
    let wheels = given(wheels, folder);
    let parts = vec![Part { wheels, out }];
    perform(&step(parts, slim, portable)).map_err(|error| error.to_string())
}

/// Wheels as files in a folder.
fn given(wheels: &[(&str, &str, Vec<u8>)], folder: &Path) -> Vec<Wheel> {
    let wheels = wheels.iter().enumerate();
    let file = |(index, (package, version, bytes)): (usize, &(&str, &str, Vec<u8>))| {
        let path = folder.join(format!("{index}.whl"));
        std::fs::write(&path, bytes).unwrap();
        Wheel {
            package: (*package).to_owned(),
            version: (*version).to_owned(),
            archive: Bytes {
                name: format!("wheel-{package} (pylock.toml:{index})"),
                path,
                sha256: None,
            },
        }
    };
    wheels.map(file).collect()
}

fn step(parts: Vec<Part>, slim: Slim, portable: Option<Portable>) -> Step {
    Step::Wheels {
        parts,
        site_packages: "lib/python3.13/site-packages".to_owned(),
        interpreter: "/opt/backend.ai/bin/python3.13".to_owned(),
        slim,
        portable,
        compiler: None,
        architecture: Architecture::Amd64,
        epoch: 1_704_067_200,
    }
}

fn listing(root: &Path) -> String {
    fn walk(root: &Path, folder: &Path, text: &mut String) {
        let mut entries: Vec<_> = folder
            .read_dir()
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        entries.sort();
        for path in entries {
            let meta = path.symlink_metadata().unwrap();
            if meta.is_dir() {
                walk(root, &path, text);
            } else {
                let name = path.strip_prefix(root).unwrap().display();
                writeln!(text, "{:o} {name}", meta.permissions().mode() & 0o7777).unwrap();
            }
            assert_eq!(meta.mtime(), 1_704_067_200);
        }
    }
    let mut text = String::new();
    walk(root, root, &mut text);
    text
}

#[test]
fn a_wheel_with_everything_is_spread_over_the_volume() {
    let temp = TempDir::new().unwrap();
    let wheel = Recipe::new("demo", "1.0")
        .file("demo/__init__.py", "")
        .entry("demo/tool", b"#!/bin/sh\n", 0o100_755)
        .file("demo-1.0.data/purelib/pure.py", "1")
        .file("demo-1.0.data/platlib/plat.py", "2")
        .file("demo-1.0.data/scripts/hello", "#!python\nprint()\n")
        .file("demo-1.0.data/scripts/main", "replaced by the launcher")
        .file("demo-1.0.data/headers/demo.h", "h")
        .file("demo-1.0.data/data/share/demo.txt", "d")
        .file("demo-1.0.dist-info/licenses/LICENSE", "MIT")
        .file("demo-1.0.dist-info/INSTALLER", "somebody")
        .file(
            "demo-1.0.dist-info/entry_points.txt",
            "[console_scripts]\nmain = demo:main\n",
        );
    install(&[("demo", "1.0", wheel.make())], temp.path()).unwrap();
    let out = temp.path().join("out");
    insta::assert_snapshot!(listing(&out), @r"
    755 bin/hello
    755 bin/main
    644 include/python3.13/demo/demo.h
    644 lib/python3.13/site-packages/demo/__init__.py
    755 lib/python3.13/site-packages/demo/tool
    644 lib/python3.13/site-packages/demo-1.0.dist-info/INSTALLER
    644 lib/python3.13/site-packages/demo-1.0.dist-info/METADATA
    644 lib/python3.13/site-packages/demo-1.0.dist-info/RECORD
    644 lib/python3.13/site-packages/demo-1.0.dist-info/WHEEL
    644 lib/python3.13/site-packages/demo-1.0.dist-info/entry_points.txt
    644 lib/python3.13/site-packages/demo-1.0.dist-info/licenses/LICENSE
    644 lib/python3.13/site-packages/plat.py
    644 lib/python3.13/site-packages/pure.py
    644 licenses/wheels/demo/LICENSE
    644 share/demo.txt
    ");
    let read = |path: &str| std::fs::read_to_string(out.join(path)).unwrap();
    assert_eq!(
        read("bin/hello"),
        "#!/opt/backend.ai/bin/python3.13\nprint()\n"
    );
    assert!(read("bin/main").contains("from demo import main"));
    let info = "lib/python3.13/site-packages/demo-1.0.dist-info";
    assert_eq!(read(&format!("{info}/INSTALLER")), "krunner linux/amd64\n");
    let record = read(&format!("{info}/RECORD"));
    assert!(
        record.contains("\n../../../share/demo.txt,sha256="),
        "{record}"
    );
    assert!(
        record.contains("\ndemo-1.0.dist-info/RECORD,,\n"),
        "{record}"
    );

    let report = installed::check(&out).unwrap();
    assert_eq!(report.faults.len(), 0, "{:?}", report.faults);
    assert_eq!(report.packages["demo"], "1.0");
    assert_eq!(report.files, 13);
}

#[test]
fn verification_names_what_was_changed_taken_away_and_added() {
    let temp = TempDir::new().unwrap();
    let wheel = Recipe::new("demo", "1.0")
        .file("demo.py", "")
        .file("gone.py", "");
    install(&[("demo", "1.0", wheel.make())], temp.path()).unwrap();
    let packages = temp.path().join("out/lib/python3.13/site-packages");
    std::fs::write(packages.join("demo.py"), "x").unwrap();
    std::fs::remove_file(packages.join("gone.py")).unwrap();
    std::fs::write(packages.join("new.py"), "").unwrap();
    let report = installed::check(&temp.path().join("out")).unwrap();
    let faults: Vec<_> = report.faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "demo: `gone.py`: The file is missing",
            "demo: `demo.py`: The file differs from its record",
            "`new.py`: The file belongs to no package",
        ]
    );
}

#[test]
fn two_wheels_with_one_path_are_refused_with_both_named() {
    let temp = TempDir::new().unwrap();
    let one = Recipe::new("one", "1").file("same.py", "").make();
    let two = Recipe::new("two", "2").file("same.py", "").make();
    let error = install(&[("one", "1", one), ("two", "2", two)], temp.path()).unwrap_err();
    insta::assert_snapshot!(error, @r"
    wheel-two (pylock.toml:1): `lib/python3.13/site-packages/same.py`: The path is also written by wheel-one (pylock.toml:0)
    hint: lock only one of the two packages: one file cannot come from both
    ");
    assert!(!temp.path().join("out").exists());
}

#[test]
fn a_wheel_without_a_licence_file_ships_what_its_metadata_says() {
    let temp = TempDir::new().unwrap();
    let wheel = Recipe::new("demo", "1.0").make();
    install(&[("demo", "1.0", wheel)], temp.path()).unwrap();
    let path = temp
        .path()
        .join("out/licenses/wheels/demo/LICENSE-METADATA");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "License: MIT\n");
}

#[test]
fn the_locked_version_may_be_spelled_differently() {
    let temp = TempDir::new().unwrap();
    let wheel = Recipe::new("De.mo", "1.0").make();
    install(&[("de-mo", "1.0.0", wheel)], temp.path()).unwrap();
}

#[test]
fn the_same_wheels_give_the_same_bytes() {
    let trees = [TempDir::new().unwrap(), TempDir::new().unwrap()].map(|temp| {
        let wheels: Vec<_> = ["a", "b", "c", "d", "e"]
            .map(|name| (name, "1", Recipe::new(name, "1").make()))
            .into();
        install(&wheels, temp.path()).unwrap();
        let out = temp.path().join("out");
        let record = "lib/python3.13/site-packages/e-1.dist-info/RECORD";
        (listing(&out), std::fs::read(out.join(record)).unwrap())
    });
    assert_eq!(trees[0], trees[1]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, one line a case")]
fn every_spoilt_wheel_is_refused_with_its_file_named() {
    let demo = || Recipe::new("demo", "1.0").file("demo.py", "x");
    let elf = {
        let mut header = vec![0; 64];
        header[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        header[18] = 183;
        header
    };
    let cases: Vec<(&str, Recipe, &str)> = vec![
        (
            "changed",
            demo().row("demo.py", Some(Row::new(&[0; 32], 1))),
            "differs",
        ),
        (
            "longer than recorded",
            demo().row("demo.py", Some(Row::new(&Sha256::digest("x"), 2))),
            "differs",
        ),
        ("not recorded", demo().row("demo.py", None), "does not list"),
        (
            "only recorded",
            demo().row("ghost.py", Some(Row::new(&[0; 32], 1))),
            "`ghost.py`: `RECORD` lists this file",
        ),
        (
            "no digest",
            demo().row("demo.py", Some(Row::default())),
            "no SHA-256",
        ),
        (
            "weak digest",
            demo().row(
                "demo.py",
                Some(Row {
                    digest: "md5=nRvJ".to_owned(),
                    size: "1".to_owned(),
                }),
            ),
            "no SHA-256",
        ),
        (
            "no RECORD syntax",
            demo().file("demo-1.0.dist-info/RECORD", "a,b,c,d\n"),
            "RECORD",
        ),
        (
            "climbing",
            demo().file("../demo2.py", ""),
            "`../demo2.py`: The name climbs",
        ),
        ("climbing later", demo().file("a/../../x", ""), "climbs"),
        (
            "absolute",
            demo().file("/demo2.py", ""),
            "`/demo2.py`: The name is absolute",
        ),
        ("backslash", demo().file("a\\b.py", ""), "character"),
        ("control", demo().file("a\nb.py", ""), "character"),
        (
            "climbing data",
            demo().file("demo-1.0.data/data/../../x", ""),
            "climbs",
        ),
        (
            "unknown data",
            demo().file("demo-1.0.data/etc/x", ""),
            "`demo-1.0.data/etc/x`: The folder is none of",
        ),
        (
            "bare data",
            demo().file("demo-1.0.data/scripts", ""),
            "The folder is none of",
        ),
        (
            "link",
            demo().entry("link.py", b"/etc/passwd", 0o120_777),
            "`link.py`: Entry is a link",
        ),
        (
            "same path by two ways",
            demo().file("demo-1.0.data/purelib/demo.py", ""),
            "`lib/python3.13/site-packages/demo.py`: The path is also written",
        ),
        (
            "two dist-infos",
            demo().file("other-1.dist-info/METADATA", ""),
            "exactly one",
        ),
        (
            "no WHEEL",
            demo().without("demo-1.0.dist-info/WHEEL"),
            "lacks",
        ),
        (
            "no METADATA",
            demo().without("demo-1.0.dist-info/METADATA"),
            "lacks",
        ),
        (
            "other format",
            demo().file("demo-1.0.dist-info/WHEEL", "Wheel-Version: 2.0\n"),
            "`demo-1.0.dist-info/WHEEL`: The wheel's format has the version `2.0`",
        ),
        (
            "other package",
            demo().file(
                "demo-1.0.dist-info/METADATA",
                "Name: evil\nVersion: 1.0\nLicense: MIT\n",
            ),
            "The wheel is `evil 1.0`, and the lock says `demo 1.0`",
        ),
        (
            "other version",
            demo().file(
                "demo-1.0.dist-info/METADATA",
                "Name: demo\nVersion: 1.1\nLicense: MIT\n",
            ),
            "The wheel is `demo 1.1`",
        ),
        (
            "no licence",
            demo().file("demo-1.0.dist-info/METADATA", "Name: demo\nVersion: 1.0\n"),
            "no licence",
        ),
        (
            "not UTF-8",
            demo().entry("demo-1.0.dist-info/METADATA", b"Name: \xff", 0o100_644),
            "not UTF-8",
        ),
        (
            "code in an entry point",
            demo().file(
                "demo-1.0.dist-info/entry_points.txt",
                "[console_scripts]\nx = os:system('id')\n",
            ),
            "`demo-1.0.dist-info/entry_points.txt`: Entry point cannot be read",
        ),
        (
            "foreign machine",
            demo().entry("demo/_c.so", &elf, 0o100_755),
            "`lib/python3.13/site-packages/demo/_c.so` is for aarch64",
        ),
        (
            "file as folder",
            demo().file("demo.py/x", ""),
            "NOT A FOLDER",
        ),
    ];
    for (name, recipe, wanted) in cases {
        let temp = TempDir::new().unwrap();
        let Err(error) = install(&[("demo", "1.0", recipe.make())], temp.path()) else {
            panic!("{name} was installed");
        };
        assert!(
            error.starts_with("wheel-demo (pylock.toml:0): "),
            "{name}: {error}"
        );
        let wanted = wanted.replace("NOT A FOLDER", "A folder of the path is a file");
        assert!(error.contains(&wanted), "{name}: {error}");
    }
}

#[test]
fn a_name_that_is_listed_twice_is_refused_and_named() {
    let temp = TempDir::new().unwrap();
    let mut wheel = Recipe::new("demo", "1.0")
        .file("demo1.py", "x")
        .file("demo2.py", "y")
        .make();
    while let Some(at) = wheel.windows(8).position(|bytes| bytes == b"demo2.py") {
        wheel[at + 4] = b'1';
    }
    let error = install(&[("demo", "1.0", wheel)], temp.path()).unwrap_err();
    assert!(
        error.contains("`demo1.py`: The path exists twice"),
        "{error}"
    );
}

#[test]
fn a_wheel_cut_off_or_flipped_anywhere_is_refused_or_the_same() {
    let whole = Recipe::new("demo", "1.0")
        .file("demo.py", "print('hello')")
        .make();
    let expected = {
        let temp = TempDir::new().unwrap();
        install(&[("demo", "1.0", whole.clone())], temp.path()).unwrap();
        listing(&temp.path().join("out"))
    };
    for at in (0..whole.len()).step_by(3) {
        let temp = TempDir::new().unwrap();
        let cut = whole[..at].to_vec();
        assert!(
            install(&[("demo", "1.0", cut)], temp.path()).is_err(),
            "{at}"
        );
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        if install(&[("demo", "1.0", flipped)], temp.path()).is_ok() {
            // Dates and the like: nothing that reaches the volume but an execute bit.
            let modes = |text: &str| text.replace("755", "644");
            let found = listing(&temp.path().join("out"));
            assert_eq!(modes(&found), modes(&expected), "{at}");
        }
    }
}

mod changed;
mod parts;
