//! Layouts made by hand, with whatever should not be in them.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use krunner::digest::Digest;
use serde_json::{Value, json};

/// A tar archive that is written entry by entry; unlike a good writer it writes what it is told.
#[derive(Clone, Default)]
pub(crate) struct Tar(Vec<u8>);

impl Tar {
    /// Adds a regular file.
    pub(crate) fn file(self, path: &str, content: &[u8]) -> Self {
        self.entry(b'0', path, "", 0o644, content)
    }

    /// Adds a folder.
    pub(crate) fn folder(self, path: &str) -> Self {
        self.entry(b'5', path, "", 0o755, b"")
    }

    /// Adds a symbolic link.
    pub(crate) fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(b'2', path, target, 0o777, b"")
    }

    /// Adds a hard link.
    pub(crate) fn hardlink(self, path: &str, target: &str) -> Self {
        self.entry(b'1', path, target, 0o644, b"")
    }

    /// Adds a PAX header for the next entry.
    pub(crate) fn pax(self, key: &str, value: &str) -> Self {
        let mut length = key.len() + value.len() + 3;
        while format!("{length} {key}={value}\n").len() != length {
            length += 1;
        }
        self.entry(
            b'x',
            "pax",
            "",
            0o644,
            format!("{length} {key}={value}\n").as_bytes(),
        )
    }

    /// Adds any entry.
    pub(crate) fn entry(
        mut self,
        kind: u8,
        path: &str,
        target: &str,
        mode: u32,
        content: &[u8],
    ) -> Self {
        let mut header = [0; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[100..107].copy_from_slice(format!("{mode:07o}").as_bytes());
        header[108..115].copy_from_slice(b"0000000");
        header[116..123].copy_from_slice(b"0000000");
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[136..147].copy_from_slice(format!("{:011o}", 1_704_067_200).as_bytes());
        header[148..156].fill(b' ');
        header[156] = kind;
        header[157..157 + target.len()].copy_from_slice(target.as_bytes());
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0.extend_from_slice(&header);
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// Adds bytes that are no entry.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The archive with its end marker.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.raw(&[0; 1024]).0
    }
}

/// How a hand-made layer is compressed.
#[derive(Clone, Copy)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Zstd,
    /// As a type with this suffix, and as whatever becomes of the tar.
    Spoilt(&'static str, fn(&[u8]) -> Vec<u8>),
}

/// One layer: its stage, its tar, and how it is packed.
#[derive(Clone)]
pub(crate) struct Layer(
    pub(crate) &'static str,
    pub(crate) Vec<u8>,
    pub(crate) Packing,
);

/// One platform's layers.
pub(crate) struct Image {
    pub(crate) architecture: &'static str,
    pub(crate) layers: Vec<Layer>,
}

/// Images for some platforms.
pub(crate) struct Images(pub(crate) Vec<Image>);

/// Two platforms, arm64 first, with four layers in every packing that engines write.
pub(crate) fn small() -> Images {
    let image = |architecture: &'static str| {
        let python = Tar::default()
            .folder("bin/")
            .entry(
                b'0',
                "bin/python3.13",
                "",
                0o755,
                &architecture.as_bytes().repeat(5000),
            )
            .symlink("bin/python3", "python3.13")
            .hardlink("bin/python", "bin/python3.13");
        let wheels = Tar::default().folder("lib").file("lib/a.py", b"a = 1\n");
        let ttyd = Tar::default().folder("bin").entry(
            b'0',
            "bin/ttyd",
            "",
            0o755,
            architecture.as_bytes(),
        );
        let base = Tar::default()
            .folder("./")
            .folder("lib")
            .folder("lib/mount")
            .file("share/motd", b"hello\n");
        Image {
            architecture,
            layers: vec![
                Layer("python", python.finish(), Packing::Gzip),
                Layer("wheels", wheels.finish(), Packing::Zstd),
                Layer("ttyd", ttyd.finish(), Packing::Plain),
                Layer("base", base.finish(), Packing::Gzip),
            ],
        }
    };
    Images(vec![image("arm64"), image("amd64")])
}

impl Images {
    /// One platform with one layer.
    pub(crate) fn one(tar: Vec<u8>) -> Self {
        let layers = vec![Layer("python", tar, Packing::Plain)];
        Self(vec![Image {
            architecture: "amd64",
            layers,
        }])
    }

    /// Writes the images as an engine would: an index in the index, and an attestation to be passed over.
    pub(crate) fn write(&self, dir: &Path) {
        self.write_as(dir, None);
    }

    /// Writes the images as an artifact of ours, past every check that publishing would make.
    pub(crate) fn write_artifact(&self, dir: &Path) {
        self.write_as(dir, Some("application/vnd.backendai.krunner.volume.v1"));
    }

    fn write_as(&self, dir: &Path, artifact_type: Option<&str>) {
        fs::create_dir_all(dir.join("blobs/sha256")).unwrap();
        let mut manifests: Vec<Value> = self
            .0
            .iter()
            .map(|image| manifest(dir, image, artifact_type))
            .collect();
        if artifact_type.is_none() {
            let mut attestation = manifests[0].clone();
            attestation["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
            attestation["annotations"] =
                json!({ "vnd.docker.reference.type": "attestation-manifest" });
            manifests.push(attestation);
        }
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        let mut entry = blob(dir, INDEX, index.to_string().as_bytes());
        entry["annotations"] = json!({ "org.opencontainers.image.ref.name": "latest" });
        let index = json!({ "schemaVersion": 2, "manifests": [entry] });
        fs::write(dir.join("index.json"), index.to_string()).unwrap();
        fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    }
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

fn manifest(dir: &Path, image: &Image, artifact_type: Option<&str>) -> Value {
    let epoch = "2024-01-01T00:00:00Z";
    let diff_ids: Vec<String> = image
        .layers
        .iter()
        .map(|layer| Digest::of(&layer.1).to_string())
        .collect();
    let history: Vec<Value> = image
        .layers
        .iter()
        .map(|Layer(stage, ..)| json!({ "created": epoch, "created_by": format!("krunner {stage}"), "comment": stage }))
        .collect();
    let config = json!({
        "created": epoch,
        "architecture": image.architecture,
        "os": "linux",
        "config": { "Entrypoint": ["/bin/evil"], "User": "0", "Env": null, "Labels": {
            "ai.backend.krunner.version": "15",
            "ai.backend.krunner.distro": "static-gnu",
            "ai.backend.krunner.libc": "gnu",
            "ai.backend.krunner.python": "3.13.2",
            "ai.backend.krunner.prefix": "/opt/backend.ai",
        } },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": history,
    });
    let config = blob(dir, CONFIG, config.to_string().as_bytes());
    let layers: Vec<Value> = image
        .layers
        .iter()
        .map(|Layer(_, tar, packing)| {
            let (bytes, suffix) = match packing {
                Packing::Plain => (tar.clone(), ""),
                Packing::Gzip => (gzip(tar), "+gzip"),
                Packing::Zstd => (zstd::encode_all(&tar[..], 3).unwrap(), "+zstd"),
                Packing::Spoilt(suffix, spoil) => (spoil(tar), *suffix),
            };
            blob(
                dir,
                &format!("application/vnd.oci.image.layer.v1.tar{suffix}"),
                &bytes,
            )
        })
        .collect();
    let mut manifest =
        json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers });
    if let Some(kind) = artifact_type {
        manifest["artifactType"] = kind.into();
    }
    let mut descriptor = blob(dir, MANIFEST, manifest.to_string().as_bytes());
    descriptor["platform"] = json!({ "os": "linux", "architecture": image.architecture });
    descriptor
}

/// Writes a blob and returns its descriptor.
pub(crate) fn blob(dir: &Path, media_type: &str, content: &[u8]) -> Value {
    let digest = Digest::of(content);
    fs::write(dir.join("blobs/sha256").join(digest.hex()), content).unwrap();
    json!({ "mediaType": media_type, "digest": digest.to_string(), "size": content.len() })
}

/// Compresses with gzip.
pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
