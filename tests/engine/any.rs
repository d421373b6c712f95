//! The volume that carries its own C runtime: at work in every kind of image, deaf to what an image sets, and small.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::container::{Container, PYTHON, TTYD};
use crate::deployed::Deployed;
use crate::tree::files;
use crate::workbench::Workbench;

/// Every kind of image: glibc of three ages, glibc without libstdc++, musl, and no file at all.
const AMD64: [&str; 6] = [
    "plain",
    "glibc-2.41",
    "glibc-2.31",
    "no-libstdcxx",
    "musl",
    "empty",
];
/// Those with the least of what the volume could lean on: emulation is slow.
const ARM64: [&str; 3] = ["glibc-2.31", "musl", "empty"];

/// What an image sets for programs of its own, to a folder of broken libraries and to a home that is not there; and a
/// home with packages for a Python of the same version.
const HOSTILE: [(&str, &str); 7] = [
    ("HOME", "/hostile/home"),
    ("LD_LIBRARY_PATH", "/hostile"),
    ("LD_PRELOAD", "/hostile/preload.so"),
    ("PYTHONHOME", "/nonexistent"),
    ("PYTHONPATH", "/hostile"),
    ("PYTHONSTARTUP", "/hostile/json.py"),
    ("VIRTUAL_ENV", "/nonexistent"),
];
/// Where Python looks for packages in a home, which is below the folder.
const PACKAGES: &str = "home/.local/lib/python3.13/site-packages";
/// Libraries that the volume brings itself.
const LIBRARIES: [&str; 12] = [
    "libc.so.6",
    "libcrypto.so.3",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "libpython3.13.so.1.0",
    "libresolv.so.2",
    "libssl.so.3",
    "libstdc++.so.6",
    "libz.so.1",
    "preload.so",
];

/// Imports what the kernel runner and its clients do, looks at what the process is made of, and starts `argv[1:]`.
const PROGRAM: &str = r#"
import asyncio, ctypes, multiprocessing, os, socket, sqlite3, ssl, subprocess, sys, zlib
import attrs, janus, jupyter_client, msgpack, setproctitle, uvloop, zmq

prefix = "/opt/backend.ai"
assert sys.prefix == prefix, sys.prefix
assert sys.executable.startswith(prefix + "/bin/python"), sys.executable
assert all(entry.startswith(prefix) for entry in sys.path if entry), sys.path
for name, module in sys.modules.items():
    file = getattr(module, "__file__", None)
    assert not file or file.startswith(prefix), (name, file)
    cached = getattr(getattr(module, "__spec__", None), "cached", None)
    assert not cached or os.path.exists(cached), f"{name} was compiled here"
with open("/proc/self/maps") as maps:
    mapped = {line.split(maxsplit=5)[5].strip() for line in maps if "/" in line}
foreign = {file for file in mapped if not file.startswith(prefix + "/") and file != "/emulator"}
assert not foreign, foreign
assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
assert zlib.decompress(zlib.compress(b"zlib")) == b"zlib"
assert msgpack.unpackb(msgpack.packb([1])) == [1]
assert ctypes.CDLL(None).getpid() == os.getpid()
ssl.create_default_context()
with zmq.Context() as context, context.socket(zmq.PAIR) as one, context.socket(zmq.PAIR) as two:
    one.bind("inproc://pair")
    two.connect("inproc://pair")
    one.send(b"zmq")
    assert two.recv() == b"zmq"

async def main():
    process = await asyncio.create_subprocess_exec(*sys.argv[1:], stdout=subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0, process.returncode
    return said.decode()

said = uvloop.run(main())
assert said == subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE, text=True).stdout
print(said, end="")
"#;

#[test]
fn everything_runs_in_every_kind_of_image_whatever_it_sets() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let deployed = Deployed::new(&workbench, "any");
    for (platform, images) in [("linux/amd64", &AMD64[..]), ("linux/arm64", &ARM64[..])] {
        let volume = deployed.path(platform);
        for image in images {
            let hostile = hostile();
            let mount = format!("{}:/hostile:ro", hostile.path().display());
            let Some(mut container) = Container::new(&workbench, image, platform, &volume) else {
                continue;
            };
            container = container
                .with(["--user", "12345:12345", "--hostname", "node"])
                .with(["--volume", &mount, "--env", "OWN=the image's"]);
            for (name, value) in HOSTILE {
                container = container.with(["--env", &format!("{name}={value}")]);
            }
            // The child is the image's own program where it has one, and tells its environment.
            let program: &[&str] = match *image {
                "empty" => &[
                    PYTHON,
                    "-c",
                    "import os\nfor pair in os.environ.items(): print(*pair, sep='=')",
                ],
                _ => &["/bin/busybox", "env"],
            };
            let child: Vec<&str> = container
                .first()
                .into_iter()
                .chain(program.iter().copied())
                .collect();
            let words: Vec<&str> = [PYTHON, "-c", PROGRAM].into_iter().chain(child).collect();
            let inherited = sorted(&container.run(&words));
            // Nothing of the image's is lost, and nothing of ours is added.
            assert_eq!(
                inherited,
                sorted(&container.run(program)),
                "{image} {platform}"
            );
            for (name, value) in HOSTILE {
                assert!(
                    inherited.contains(&format!("{name}={value}")),
                    "{name}: {inherited:?}"
                );
            }
            let said = container.run(&[TTYD, "--version"]);
            assert!(
                said.starts_with("ttyd version 1.7.7"),
                "{image} {platform}: {said}"
            );
        }
    }
}

/// A folder of files that every loader refuses, and of modules that fail when they are imported; the same in a home.
fn hostile() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in LIBRARIES {
        fs::write(folder.path().join(name), "not a library\n").unwrap();
    }
    let home = folder.path().join(PACKAGES);
    fs::create_dir_all(&home).unwrap();
    let exit = "raise SystemExit('the image\\'s')\n";
    for name in ["asyncio.py", "json.py", "sitecustomize.py", "zmq.py"] {
        fs::write(folder.path().join(name), exit).unwrap();
        fs::write(home.join(name), exit).unwrap();
    }
    fs::write(home.join("usercustomize.py"), exit).unwrap();
    fs::write(home.join("adds.pth"), "import usercustomize\n").unwrap();
    readable(folder.path());
    folder
}

/// Lets everybody read a folder: containers run as somebody else.
fn readable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

fn sorted(lines: &str) -> Vec<String> {
    let mut lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Bytes of all files, their number, and bytes of all layers as a release has them.
const LIMITS: (u64, usize, u64) = (62_000_000, 1_600, 16_800_000);

#[test]
fn the_volume_is_small() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let deployed = Deployed::new(&workbench, "any");
    let inspected = deployed.inspect();
    for branch in inspected["manifests"].as_array().unwrap() {
        let architecture = branch["descriptor"]["platform"]["architecture"]
            .as_str()
            .unwrap();
        let layers = branch["manifest"]["layers"].as_array().unwrap();
        let compressed: u64 = layers
            .iter()
            .map(|layer| layer["size"].as_u64().unwrap())
            .sum();
        let volume = deployed.path(&format!("linux/{architecture}"));
        let mut files = files(&volume);
        files.retain(|file| !file.is_symlink());
        let unpacked: u64 = files
            .iter()
            .map(|file| file.metadata().unwrap().len())
            .sum();
        let (bytes, number, packed) = LIMITS;
        eprintln!(
            "{architecture}: {unpacked} bytes in {} files, {compressed} bytes packed",
            files.len()
        );
        assert!(unpacked <= bytes, "{architecture}: {unpacked} bytes");
        assert!(
            files.len() <= number,
            "{architecture}: {} files",
            files.len()
        );
        assert!(
            compressed <= packed,
            "{architecture}: {compressed} bytes packed"
        );
    }
}
