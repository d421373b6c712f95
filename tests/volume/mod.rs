//! Small volumes that pass every gate, to be spoilt by tests.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use krunner::audit::{Libc, Profile, audit};
use krunner::platform::Architecture;

use crate::common::elf::{Elf, library, program};
use crate::snapshot::krunner_in;

/// The dynamic linker of a volume for any image.
pub(crate) const LOADER: &str = "/opt/backend.ai/lib/glibc/ld-linux-x86-64.so.2";

/// A volume in a temporary folder.
pub(crate) struct Volume(tempfile::TempDir);

impl Default for Volume {
    fn default() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("volume")).unwrap();
        Self(dir)
    }
}

impl Volume {
    /// The folder that the volume lies in, under the name `volume`.
    pub(crate) fn dir(&self) -> &Path {
        self.0.path()
    }

    /// The volume's folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("volume")
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, content: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Writes a program or library.
    pub(crate) fn elf(&self, name: &str, elf: &Elf) {
        self.file(name, &elf.bytes());
    }
}

/// A volume that brings all it needs.
pub(crate) fn any() -> Volume {
    let volume = Volume::default();
    let python = program(LOADER, &["libpython3.13.so.1.0", "libc.so.6"]);
    volume.elf("python3.13", &python.rpath("$ORIGIN/lib:$ORIGIN/lib/glibc"));
    fs::create_dir_all(volume.path().join("bin")).unwrap();
    fs::create_dir_all(volume.path().join("lib/python3.13/site-packages")).unwrap();
    symlink("../python3.13", volume.path().join("bin/python3.13")).unwrap();
    symlink("python3.13", volume.path().join("bin/python3")).unwrap();
    let own = library(&["libm.so.6", "libc.so.6", "ld-linux-x86-64.so.2"]);
    volume.elf(
        "lib/libpython3.13.so.1.0",
        &own.soname("libpython3.13.so.1.0"),
    );
    // The C library can be run, and names a dynamic linker that nobody starts.
    let c = program("/lib64/ld-linux-x86-64.so.2", &["ld-linux-x86-64.so.2"]);
    let c = c
        .soname("libc.so.6")
        .provides("GLIBC_2.17")
        .provides("GLIBC_2.41");
    volume.elf("lib/glibc/libc.so.6", &c);
    volume.elf(
        "lib/glibc/libm.so.6",
        &library(&["libc.so.6"]).rpath("$ORIGIN"),
    );
    let loader = Elf::default().soname("ld-linux-x86-64.so.2");
    volume.elf("lib/glibc/ld-linux-x86-64.so.2", &loader);
    volume.file("licenses/python/LICENSE.txt", b"PSF");
    volume.file("licenses/runtime/libc6/copyright", b"LGPL");
    volume
}

/// A volume that uses the C library of glibc images.
pub(crate) fn gnu() -> Volume {
    let volume = Volume::default();
    let python = program(
        "/lib64/ld-linux-x86-64.so.2",
        &["libpython3.13.so.1.0", "libc.so.6"],
    );
    volume.elf("bin/python3.13", &python.rpath("$ORIGIN/../lib"));
    symlink("python3.13", volume.path().join("bin/python3")).unwrap();
    let own = library(&["libm.so.6", "libc.so.6", "ld-linux-x86-64.so.2"]);
    volume.elf(
        "lib/libpython3.13.so.1.0",
        &own.soname("libpython3.13.so.1.0"),
    );
    fs::create_dir_all(volume.path().join("lib/python3.13/site-packages")).unwrap();
    volume.file("lib/python3.13/LICENSE.txt", b"PSF");
    volume
}

/// What the gates find, one finding a line.
pub(crate) fn findings(volume: &Volume, libc: Libc) -> String {
    let profile = Profile::new(libc, Architecture::Amd64);
    let found = audit(&[&volume.path()], &profile).unwrap();
    let lines = found
        .iter()
        .map(|found| format!("{} {} {found}\n", found.severity, found.gate));
    lines.collect()
}

/// Runs `krunner` beside the folder `volume`, and shows all that a user would see.
pub(crate) fn krunner(volume: &Volume, args: &[&str]) -> String {
    let seen = krunner_in(volume.dir(), args);
    format!("$ krunner {}\n{seen}", args.join(" "))
}
