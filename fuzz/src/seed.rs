//! Seeds: real inputs, small, out of the checkout's fixtures or made here; none is checked in as a file.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

/// One input to begin with.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Its file's name.
    pub name: String,
    /// The input.
    pub bytes: Vec<u8>,
}

fn seed(name: &str, bytes: impl Into<Vec<u8>>) -> Seed {
    Seed {
        name: name.to_owned(),
        bytes: bytes.into(),
    }
}

/// The seeds of a target.
pub fn seeds(target: &str) -> Vec<Seed> {
    match target {
        "spec" => fixtures(|name| name == "krunner.toml"),
        "lock" => fixtures(|name| name.contains("pylock")),
        "options" => OPTIONS
            .iter()
            .map(|(name, text)| seed(name, *text))
            .collect(),
        "check" => CHECKS.iter().map(|text| seed(text, *text)).collect(),
        "reference" => REFERENCES
            .iter()
            .enumerate()
            .map(|(number, text)| seed(&number.to_string(), *text))
            .collect(),
        "definition" => vec![seed("graph", crate::target::definition::example())],
        "archive" => archives(),
        "wheel" => WHEEL.iter().map(|(name, text)| seed(name, *text)).collect(),
        "elf" | "rewrite" => libraries(),
        "document" => DOCUMENTS
            .iter()
            .map(|(name, text)| seed(name, *text))
            .collect(),
        "agent" => fixtures(|name| name == "agent.toml"),
        "plugin" => CALLS
            .iter()
            .enumerate()
            .map(|(number, text)| seed(&number.to_string(), *text))
            .collect(),
        _ => Vec::new(),
    }
}

/// Files of the fixtures and examples.
fn fixtures(wanted: impl Fn(&str) -> bool) -> Vec<Seed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seeds = Vec::new();
    for folder in ["tests/fixtures/spec", "examples"].map(|folder| root.join(folder)) {
        for file in list(&folder).iter().flat_map(|case| list(case)) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let case = file.parent().and_then(Path::file_name).unwrap_or_default();
            if wanted(&name)
                && let Ok(bytes) = std::fs::read(&file)
            {
                seeds.push(seed(&format!("{}-{name}", case.to_string_lossy()), bytes));
            }
        }
    }
    seeds
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

const OPTIONS: [(&str, &str); 3] = [
    (
        "build",
        "platform=linux/amd64,linux/arm64/v8\0target=wheels\0build-arg:A=b\0label:a=b\0no-cache=wheels,ttyd\0multi-platform=true",
    ),
    (
        "sandbox",
        "force-network-mode=none\0add-hosts=a=1.2.3.4,b=::1\0ulimit=nofile=1024:2048,cpu=1\0shm-size=64000000\0\
         cgroup-parent=/a\0build-arg:HTTPS_PROXY=http://proxy.example",
    ),
    (
        "cache",
        "cache-imports=[{\"Type\":\"registry\",\"Attrs\":{\"ref\":\"example.org/a\"}}]\0cache-from=a,b\0context:a=docker-image://b",
    ),
];

const CHECKS: [&str; 4] = [
    "skip=all",
    "skip=UnpinnedInput,CpuBaseline;error=true",
    "error=false",
    "experimental=all",
];

const REFERENCES: [&str; 6] = [
    "registry.example:5000/a/b:1",
    "registry.example/a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "oci:folder:tag",
    "oci-archive:volume.tar",
    "docker-archive:image.tar",
    "[::1]:5000/a:b",
];

const DOCUMENTS: [(&str, &str); 3] = [
    (
        "index",
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","artifactType":"application/x","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":7,"platform":{"architecture":"arm64","os":"linux","os.features":["erofs"],"variant":"v8"}}],"annotations":null}"#,
    ),
    (
        "manifest",
        r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":2},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+zstd","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0,"annotations":{"a":"b"}}]}"#,
    ),
    (
        "config",
        r#"{"architecture":"amd64","os":"linux","created":"1970-01-01T00:00:00Z","config":{"Labels":{"a":"b"}},"rootfs":{"type":"layers","diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]},"history":[{"comment":"python","empty_layer":false}]}"#,
    ),
];

const CALLS: [&str; 4] = [
    "/Plugin.Activate\n",
    "/VolumeDriver.Create\n{\"Name\":\"v\",\"Opts\":{\"ref\":\"any\",\"platform\":\"linux/arm64\",\"pull\":\"always\"}}",
    "/VolumeDriver.Mount\n{\"Name\":\"v\",\"ID\":\"i\"}",
    "/VolumeDriver.List\nnull",
];

const WHEEL: [(&str, &str); 3] = [
    (
        "record",
        "a/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\"a,b\",,\na-1.dist-info/RECORD,,\n",
    ),
    (
        "metadata",
        "Metadata-Version: 2.4\nName: a\nVersion: 1\nLicense-File: LICENSE\nDescription: one\n        two\n\nText: no header\n",
    ),
    (
        "wheel",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    ),
];

/// One small tree in every form that steps unpack.
fn archives() -> Vec<Seed> {
    let tar = tarball();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let gzip = gzip.write_all(&tar).and_then(|()| gzip.finish());
    [
        Some(seed("plain.tar", tar)),
        gzip.ok().map(|bytes| seed("tree.tar.gz", bytes)),
        zipped().ok().map(|bytes| seed("tree.zip", bytes)),
        deb().ok().map(|bytes| seed("tree.deb", bytes)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn tarball() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |kind, path: &str, target: &str, data: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_size(data.len() as u64);
        // The archive is in memory, and the paths fit.
        let _ = if target.is_empty() {
            builder.append_data(&mut header, path, data)
        } else {
            builder.append_link(&mut header, path, target)
        };
    };
    add(tar::EntryType::Directory, "python/", "", b"");
    add(
        tar::EntryType::Regular,
        "python/bin/python3",
        "",
        b"#!/bin/sh\n",
    );
    add(tar::EntryType::Symlink, "python/bin/python", "python3", b"");
    add(
        tar::EntryType::Link,
        "python/bin/other",
        "python/bin/python3",
        b"",
    );
    add(tar::EntryType::Regular, &"long/".repeat(30), "", b"long");
    builder.into_inner().unwrap_or_default()
}

fn zipped() -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    writer.start_file("a/__init__.py", options)?;
    writer.write_all(b"import os\n".repeat(20).as_slice())?;
    writer.add_symlink("a/link", "__init__.py", options)?;
    Ok(writer.finish()?.into_inner())
}

fn deb() -> std::io::Result<Vec<u8>> {
    let mut builder = ar::Builder::new(Vec::new());
    let tar = tarball();
    for (name, data) in [
        ("debian-binary", b"2.0\n".as_slice()),
        ("control.tar", b"".as_slice()),
        ("data.tar", tar.as_slice()),
    ] {
        let header = ar::Header::new(name.into(), data.len() as u64);
        builder.append(&header, data)?;
    }
    builder.into_inner()
}

/// Small libraries of this machine: real ones, of which every system with a C library has some.
fn libraries() -> Vec<Seed> {
    const LARGEST: u64 = 40_000;
    let mut seeds = Vec::new();
    for folder in ["/lib", "/usr/lib", "/lib64"].map(Path::new) {
        let arch = std::env::consts::ARCH;
        for path in list(&folder.join(format!("{arch}-linux-gnu")))
            .into_iter()
            .chain(list(folder))
        {
            let is_small = path
                .metadata()
                .is_ok_and(|data| data.is_file() && data.len() <= LARGEST);
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_library = name.contains(".so.");
            let bytes = std::fs::read(&path).ok().filter(|_| is_small && is_library);
            let bytes = bytes.filter(|bytes| bytes.starts_with(b"\x7fELF"));
            if let Some(bytes) = bytes {
                seeds.push(seed(&name, bytes));
            }
            if seeds.len() == 8 {
                return seeds;
            }
        }
    }
    seeds
}
