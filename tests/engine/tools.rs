//! More of other people's tools: what signs, unpacks and discovers accepts what we publish, plain clients pass over EROFS twins, and
//! what such tools made is read by us. A small hand-made volume is enough for all of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::small::Small;
use crate::workbench::{Workbench, krunner, said, succeed};

/// A volume of one file, packed for both platforms into a repository of its own.
struct Volume {
    folder: tempfile::TempDir,
    reference: String,
}

impl Volume {
    /// Packs it; with twins, if there is a `mkfs.erofs`.
    fn new(workbench: &Workbench, name: &str, mkfs: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("tree")).unwrap();
        fs::write(folder.path().join("tree/hello"), "hello\n").unwrap();
        let run = std::process::id();
        let volume = Self {
            reference: format!("{}/witness-{name}-{run}:15", workbench.registry),
            folder,
        };
        for platform in ["linux/amd64", "linux/arm64"] {
            let mut pack = volume.krunner(&["pack", "tree", &volume.reference]);
            pack.args(["--platform", platform]);
            pack.args(["--annotation", "ai.backend.krunner.version=15"]);
            if let Some(mkfs) = mkfs {
                let others = std::env::var("PATH").unwrap_or_default();
                let path = format!("{}:{others}", mkfs.parent().unwrap().display());
                pack.arg("--erofs").env("PATH", path);
            }
            succeed(&mut pack);
        }
        volume
    }

    /// Our command, in the volume's folder and with a store there.
    fn krunner(&self, arguments: &[&str]) -> Command {
        let mut krunner = krunner(&self.path("store"), arguments);
        krunner.current_dir(self.folder.path());
        krunner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `inspect` says of something.
    fn inspect(&self, reference: &str) -> Value {
        let said = succeed(&mut self.krunner(&["inspect", reference, "--output", "json"]));
        serde_json::from_str(&said).unwrap()
    }
}

/// A key pair that cosign made, and its password.
fn key(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cosign");
    folder.join(name).display().to_string()
}
const PASSWORD: (&str, &str) = ("COSIGN_PASSWORD", "s3cret");

#[test]
fn plain_clients_pass_over_erofs_twins() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(mkfs) = workbench.tool("mkfs.erofs") else {
        return;
    };
    let volume = Volume::new(&workbench, "twins", Some(Path::new(mkfs.get_program())));
    let reference = &volume.reference;
    succeed(&mut volume.krunner(&["verify", reference]));
    let tree = volume.inspect(reference);
    let list = tree["manifests"].as_array().unwrap();
    assert_eq!(list.len(), 4, "{tree:#}");
    let plain = list[0]["manifest"]["layers"][0]["digest"].as_str().unwrap();

    if let Some(mut crane) = workbench.tool("crane") {
        let arguments = ["manifest", "--insecure", "--platform", "linux/amd64"];
        assert!(succeed(crane.args(arguments).arg(reference)).contains(plain));
    }
    if let Some(mut oras) = workbench.tool("oras") {
        let arguments = [
            "manifest",
            "fetch",
            "--plain-http",
            "--platform",
            "linux/amd64",
        ];
        assert!(succeed(oras.args(arguments).arg(reference)).contains(plain));
    }
    let copy = volume.path("skopeo");
    if let Some(mut skopeo) = workbench.tool("skopeo") {
        skopeo.args([
            "copy",
            "-q",
            "--src-tls-verify=false",
            "--override-arch=amd64",
        ]);
        skopeo.arg(format!("docker://{reference}"));
        succeed(skopeo.arg(format!("oci:{}:15", copy.display())));
        assert!(copy.join("blobs/sha256").join(&plain[7..]).is_file());
    }
    for (version, engine) in &workbench.engines {
        // Docker 20.10 knows no zstd.
        if version == "20.10" {
            continue;
        }
        // It unpacks what it pulls, which it could not do with an EROFS image.
        succeed(&mut engine.docker(&["pull", "--quiet", reference]));
        succeed(&mut engine.docker(&["rmi", reference]));
    }
}

#[test]
fn an_erofs_twin_is_the_same_every_time_and_mounts() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(mkfs) = workbench.tool("mkfs.erofs") else {
        return;
    };
    let mkfs = Path::new(mkfs.get_program());
    let volumes = ["one", "two"].map(|name| Volume::new(&workbench, name, Some(mkfs)));
    let trees = volumes
        .each_ref()
        .map(|volume| volume.inspect(&volume.reference));
    assert_eq!(trees[0]["digest"], trees[1]["digest"]);

    let [volume, _] = &volumes;
    let digest = trees[0]["manifests"][2]["manifest"]["layers"][0]["digest"]
        .as_str()
        .unwrap();
    let place = format!("oci:{}:15", volume.path("out").display());
    succeed(&mut volume.krunner(&["copy", &volume.reference, &place]));
    let image = volume.path("out/blobs/sha256").join(&digest[7..]);
    let target = volume.path("mounted");
    fs::create_dir(&target).unwrap();
    let mut mount = Command::new("mount");
    mount
        .args(["-t", "erofs", "-o", "ro,loop"])
        .arg(image)
        .arg(&target);
    let output = mount.output().unwrap();
    if !output.status.success() {
        eprintln!(
            "skipped: no EROFS with zstd is mounted here: {}",
            said(&output)
        );
        return;
    }
    let read = fs::read_to_string(target.join("hello"));
    succeed(Command::new("umount").arg(&target));
    assert_eq!(read.unwrap(), "hello\n");
}

#[test]
fn umoci_unpacks_it() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let (Some(mut umoci), Some(mut skopeo)) = (workbench.tool("umoci"), workbench.tool("skopeo"))
    else {
        return;
    };
    let volume = Volume::new(&workbench, "umoci", None);
    // umoci knows folders only, and one platform in each.
    let layout = volume.path("layout");
    skopeo.args([
        "copy",
        "-q",
        "--src-tls-verify=false",
        "--override-arch=amd64",
    ]);
    skopeo.arg(format!("docker://{}", volume.reference));
    succeed(skopeo.arg(format!("oci:{}:15", layout.display())));
    umoci.args(["unpack", "--rootless", "--image"]);
    umoci.arg(format!("{}:15", layout.display()));
    succeed(umoci.arg(volume.path("bundle")));
    let hello = volume.path("bundle/rootfs/hello");
    assert_eq!(fs::read_to_string(hello).unwrap(), "hello\n");
}

#[test]
fn skopeo_shows_the_index_as_it_is() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(mut skopeo) = workbench.tool("skopeo") else {
        return;
    };
    let volume = Volume::new(&workbench, "raw", None);
    skopeo.args(["inspect", "--raw", "--tls-verify=false"]);
    let raw = succeed(skopeo.arg(format!("docker://{}", volume.reference)));
    let digest = krunner::digest::Digest::of(raw.as_bytes()).to_string();
    assert_eq!(volume.inspect(&volume.reference)["digest"], digest);
}

#[test]
fn cosign_verifies_our_signature_and_we_verify_cosigns() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let cosign = |arguments: &[&str]| {
        let mut cosign = workbench.tool("cosign")?;
        cosign.args(arguments).env(PASSWORD.0, PASSWORD.1);
        Some(cosign)
    };
    let volume = Volume::new(&workbench, "cosign", None);
    let digest = volume.inspect(&volume.reference)["digest"].clone();
    let (name, _) = volume.reference.rsplit_once(':').unwrap();
    let pinned = format!("{name}@{}", digest.as_str().unwrap());
    let offline = [
        "--insecure-ignore-tlog=true",
        "--private-infrastructure=true",
    ];

    let ours = ["sign", &volume.reference, "--key", &key("test.key")];
    succeed(volume.krunner(&ours).env(PASSWORD.0, PASSWORD.1));
    let verify = [
        "verify",
        "--key",
        &key("test.pub"),
        offline[0],
        offline[1],
        &pinned,
    ];
    let Some(mut verify) = cosign(&verify) else {
        return;
    };
    succeed(&mut verify);
    let shown = cosign(&["tree", &pinned]).map(|mut tree| succeed(&mut tree));
    assert!(shown.unwrap().contains(".sig"));

    // The other way, on a volume that nobody has signed yet.
    let volume = Volume::new(&workbench, "cosigned", None);
    let pull = |with: &str| {
        let key = key(with);
        let mut pull = volume.krunner(&["pull", &volume.reference, "--verify-key", &key]);
        pull.output().unwrap().status.success()
    };
    assert!(!pull("test.pub"));
    let sign = [
        "sign",
        "--yes",
        "--tlog-upload=false",
        "--key",
        &key("test.key"),
        &volume.reference,
    ];
    succeed(&mut cosign(&sign).unwrap());
    assert!(pull("test.pub"));
}

#[test]
fn what_oras_attached_and_pushed_is_read() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let oras = |arguments: &[&str]| {
        let mut oras = workbench.tool("oras")?;
        oras.args(arguments);
        Some(oras)
    };
    let volume = Volume::new(&workbench, "oras", None);
    fs::write(volume.path("sbom.json"), "{}").unwrap();
    let kind = "application/spdx+json";
    let attach = [
        "attach",
        "--plain-http",
        "--artifact-type",
        kind,
        &volume.reference,
    ];
    let Some(mut attach) = oras(&attach) else {
        return;
    };
    attach.arg("sbom.json:application/json");
    succeed(attach.current_dir(volume.folder.path()));
    assert_eq!(
        volume.inspect(&volume.reference)["referrers"][0]["kind"],
        kind
    );
    let found = oras(&[
        "discover",
        "--plain-http",
        "--format",
        "json",
        &volume.reference,
    ]);
    assert!(succeed(&mut found.unwrap()).contains(kind));

    // What was copied by us is discovered too.
    let copy = format!("{}-copy:15", volume.reference.rsplit_once(':').unwrap().0);
    succeed(&mut volume.krunner(&["copy", &volume.reference, &copy]));
    let found = oras(&["discover", "--plain-http", "--format", "json", &copy]);
    assert!(succeed(&mut found.unwrap()).contains(kind));

    // And an artifact of somebody else is shown and carried, though it is no volume.
    let other = format!("{}-other:1", volume.reference.rsplit_once(':').unwrap().0);
    let push = [
        "push",
        "--plain-http",
        "--artifact-type",
        "text/example",
        &other,
        "sbom.json",
    ];
    succeed(oras(&push).unwrap().current_dir(volume.folder.path()));
    assert_eq!(volume.inspect(&other)["artifactType"], "text/example");
    succeed(&mut volume.krunner(&["copy", &other, "oci:carried"]));
}

#[test]
fn what_buildx_pushed_is_published() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let volume = Volume::new(&workbench, "buildx", None);
    let name = volume.reference.rsplit_once(':').unwrap().0;
    for (version, engine) in workbench.engines.iter().filter(|(it, _)| *it != "20.10") {
        let small = Small::new();
        let pushed = format!("{name}-{version}:1");
        let build = small.build(&workbench, engine);
        succeed(&mut build.command(&format!("type=image,name={pushed},push=true")));
        succeed(&mut volume.krunner(&["publish", &pushed, &format!("oci:from-{version}:15")]));
        succeed(&mut volume.krunner(&["verify", &format!("oci:from-{version}:15")]));
    }
}

/// podman needs a newer libc than the oldest machine has, and a helper for each container; where it is installed it is asked.
#[test]
fn podman_mounts_it_where_podman_is() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let version = Command::new("podman").arg("--version").output();
    let Some(version) = version.ok().filter(|output| output.status.success()) else {
        eprintln!(
            "skipped: no podman is installed (trixie's needs glibc 2.38, conmon, crun and netavark beside it)"
        );
        return;
    };
    if !said(&version).contains("version 5") {
        eprintln!(
            "skipped: image mounts of older podmans are others: {}",
            said(&version)
        );
        return;
    }
    let volume = Volume::new(&workbench, "podman", None);
    let mut pull = Command::new("podman");
    succeed(pull.args(["pull", "--tls-verify=false", &volume.reference]));
    let mount = format!(
        "type=image,source={},destination=/krunner",
        volume.reference
    );
    let mut run = Command::new("podman");
    run.args(["run", "--rm", "--network=none", "--mount", &mount]);
    run.args(["--rootfs", "/:O", "cat", "/krunner/hello"]);
    assert_eq!(succeed(&mut run), "hello\n");
}
