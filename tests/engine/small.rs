//! A volume of a few files whose inputs are served on loopback: what a build does is seen in a second.

use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use krunner::digest::Digest;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::common::elf::{AARCH64, Elf, program};
use crate::repository::Repository;
use crate::served::Served;
use crate::volume::Build;
use crate::workbench::{Engine, Workbench};

/// The spec beside its lock, with all that both name being served.
pub(crate) struct Small {
    folder: TempDir,
    /// Stands in every input.
    pub(crate) mark: String,
    pub(crate) served: Served,
}

impl Small {
    /// For both platforms, with two wheels. No engine has anything of it in its cache: whoever looks at what a build
    /// does wants one that was never made.
    pub(crate) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let small = Self {
            folder: tempfile::tempdir().unwrap(),
            mark: format!("{:x}", since.unwrap().as_nanos()),
            served: Served::new(),
        };
        let mark = &small.mark;
        let source = |architecture: &str, elf: &Elf| {
            let path = format!("/python-{architecture}.tar");
            small.source(&path, distribution(mark, elf))
        };
        let spec = format!(
            r#"[volume]
name = "small"
version = 1
libc = "gnu"
platforms = ["linux/amd64", "linux/arm64"]
mount_points = ["lib/plugins"]

[python]
version = "3.13.2"
strip = "python"
amd64 = {}
arm64 = {}

[wheels]
lock = "pylock.toml"

[[files]]
path = "share/motd"
content = "Hello from {mark}\n"
"#,
            source("amd64", &interpreter()),
            source(
                "arm64",
                &Elf {
                    machine: AARCH64,
                    ..program("/lib/ld-linux-aarch64.so.1", &[])
                }
            ),
        );
        small.write("krunner.toml", &spec);
        small.lock(&[("alpha", "1.0"), ("beta", "1.0")]);
        small
    }

    /// The same, and served as a Git repository; none where that cannot be done, which is said.
    pub(crate) fn in_repository() -> Option<Self> {
        let small = Self::new();
        let repository = Repository::of(small.folder())?;
        small.served.add_repository(repository);
        Some(small)
    }

    /// Writes the lock of these packages, with a wheel for each platform, and serves them.
    pub(crate) fn lock(&self, packages: &[(&str, &str)]) {
        let mut lock = "lock-version = \"1.0\"\ncreated-by = \"a test\"\n".to_owned();
        for (name, version) in packages {
            write!(
                lock,
                "\n[[packages]]\nname = \"{name}\"\nversion = \"{version}\"\nwheels = ["
            )
            .unwrap();
            for machine in ["x86_64", "aarch64"] {
                let tag = format!("py3-none-manylinux_2_17_{machine}");
                let path = format!("/{name}-{version}-{tag}.whl");
                let bytes = wheel(name, version, &tag, &self.mark);
                let sha256 = Digest::of(&bytes);
                self.served.add(&path, bytes);
                let url = self.served.url(&path);
                let sha256 = sha256.hex();
                write!(
                    lock,
                    "{{ url = \"{url}\", hashes = {{ sha256 = \"{sha256}\" }} }}, "
                )
                .unwrap();
            }
            lock.push_str("]\n");
        }
        self.write("pylock.toml", &lock);
    }

    /// Serves an archive, and gives the source by which a spec asks for it.
    pub(crate) fn source(&self, path: &str, bytes: Vec<u8>) -> String {
        let sha256 = Digest::of(&bytes);
        self.served.add(path, bytes);
        let url = self.served.url(path);
        format!(r#"{{ url = "{url}", sha256 = "{}" }}"#, sha256.hex())
    }

    /// The folder of spec and lock.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The spec.
    pub(crate) fn spec(&self) -> PathBuf {
        self.folder().join("krunner.toml")
    }

    /// Writes a file beside the spec.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder().join(name), text).unwrap();
    }

    /// Changes the spec, which must have the text that is replaced.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.spec()).unwrap();
        assert!(text.contains(from), "{from}");
        self.write("krunner.toml", &text.replacen(from, to, 1));
    }

    /// The line of the spec, counted from 1, on which a text stands first.
    pub(crate) fn line_of(&self, text: &str) -> usize {
        let spec = fs::read_to_string(self.spec()).unwrap();
        let line = spec.lines().position(|line| line.contains(text));
        line.unwrap() + 1
    }

    /// A build of it for both platforms.
    pub(crate) fn build<'a>(&self, workbench: &'a Workbench, engine: &'a Engine) -> Build<'a> {
        Build::of(workbench, engine, &self.spec()).bare()
    }
}

/// A distribution with an interpreter that has no code, and a licence.
pub(crate) fn distribution(mark: &str, interpreter: &Elf) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, mode, bytes) in [
        ("python/bin/python3.13", 0o755, interpreter.bytes()),
        (
            "python/lib/python3.13/LICENSE.txt",
            0o644,
            b"A licence\n".to_vec(),
        ),
        (
            "python/lib/python3.13/os.py",
            0o644,
            format!("# {mark}\n").into_bytes(),
        ),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        archive.append_data(&mut header, path, &*bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

/// The interpreter of a distribution for x86-64.
pub(crate) fn interpreter() -> Elf {
    program("/lib64/ld-linux-x86-64.so.2", &[])
}

/// A wheel of one module, for the platforms of a tag.
pub(crate) fn wheel(name: &str, version: &str, tag: &str, mark: &str) -> Vec<u8> {
    let info = format!("{name}-{version}.dist-info");
    let files = [
        (format!("{name}.py"), format!("MARK = \"{tag} {mark}\"\n")),
        (
            format!("{info}/METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: MIT\n"),
        ),
        (
            format!("{info}/WHEEL"),
            format!("Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: {tag}\n"),
        ),
        (format!("{info}/LICENSE"), "A licence\n".to_owned()),
    ];
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut record = String::new();
    for (path, text) in &files {
        archive
            .start_file(path, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(text.as_bytes()).unwrap();
        let sum = URL_SAFE_NO_PAD.encode(Sha256::digest(text));
        writeln!(record, "{path},sha256={sum},{}", text.len()).unwrap();
    }
    writeln!(record, "{info}/RECORD,,").unwrap();
    archive
        .start_file(format!("{info}/RECORD"), SimpleFileOptions::default())
        .unwrap();
    archive.write_all(record.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}
