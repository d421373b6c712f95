//! Archives of all formats, made here, good and hostile.

use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use globset::{Glob, GlobSetBuilder};
use krunner::digest::Digest;
use proptest::prelude::*;
use tar::{EntryType, Header};
use tempfile::TempDir;

use super::*;
use crate::tool::tree::Links;

/// A tar with whatever names and types: the crate's builder would refuse most of them.
#[derive(Default)]
struct Tar(Vec<u8>);

impl Tar {
    fn entry(mut self, kind: EntryType, name: &str, link: &str, data: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        let bytes = header.as_mut_bytes();
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        bytes[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_mode(0o4755);
        header.set_size(data.len() as u64);
        header.set_entry_type(kind);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, name: &str, data: &str) -> Self {
        self.entry(EntryType::Regular, name, "", data.as_bytes())
    }

    fn folder(self, name: &str) -> Self {
        self.entry(EntryType::Directory, name, "", b"")
    }

    fn link(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Symlink, name, target, b"")
    }

    fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Link, name, target, b"")
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

fn extract(archive: &[u8], folder: &Path, options: &Options) -> Result<(), String> {
    let path = folder.join("archive");
    std::fs::write(&path, archive).unwrap();
    let bytes = Bytes {
        name: "demo (krunner.toml:1)".to_owned(),
        path,
        sha256: None,
    };
    extract_bytes(&bytes, &folder.join("out"), options)
}

fn extract_bytes(bytes: &Bytes, out: &Path, options: &Options) -> Result<(), String> {
    let tree = Tree::create(out, Links::Inside).unwrap();
    unpack(bytes, &tree, options).map_err(|error| error.to_string())?;
    tree.finish()
        .map_err(|(entry, refusal)| format!("`{entry}`: {refusal}"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn deb(data: &[u8]) -> Vec<u8> {
    let mut builder = ar::Builder::new(Vec::new());
    let members = [
        ("debian-binary", b"2.0\n".as_slice()),
        ("control.tar.xz", b"x"),
        ("data.tar.xz", data),
    ];
    for (name, data) in members {
        let header = ar::Header::new(name.into(), data.len() as u64);
        builder.append(&header, data).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zip(entries: &[(&str, &str, u32)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, data, mode) in entries {
        let options = zip::write::SimpleFileOptions::default().unix_permissions(*mode);
        writer.start_file(*name, options).unwrap();
        writer.write_all(data.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn good() -> Tar {
    Tar::default()
        .folder("./top/")
        .folder("./top/empty/")
        .file("./top/bin/run", "run")
        .hard_link("./top/bin/same", "./top/bin/run")
        .link("./top/bin/link", "../lib/absent")
}

fn stripped() -> Options {
    Options {
        strip: Strip::Folder(EntryPath::parse(b"top").unwrap()),
        ..Options::default()
    }
}

fn assert_good(out: &Path) {
    assert_eq!(std::fs::read(out.join("bin/run")).unwrap(), b"run");
    assert!(out.join("empty").is_dir());
    let run = out.join("bin/run").metadata().unwrap();
    assert_eq!(run.ino(), out.join("bin/same").metadata().unwrap().ino());
    assert_eq!(run.permissions().mode() & 0o7777, 0o755);
    let target = std::fs::read_link(out.join("bin/link")).unwrap();
    assert_eq!(target, Path::new("../lib/absent"));
}

#[test]
fn every_format_gives_the_same_tree() {
    let tar = good().finish();
    // Two frames and two members: some compressors make several.
    let mut frames = zstd(&tar[..1000]);
    frames.extend(b"\x50\x2a\x4d\x18\x03\0\0\0abc");
    frames.extend(zstd(&tar[1000..]));
    let mut members = gzip(&tar[..1000]);
    members.extend(gzip(&tar[1000..]));
    for (name, archive) in [
        ("gzip", gzip(&tar)),
        ("two members", members),
        ("xz", xz(&tar)),
        ("zstd", zstd(&tar)),
        ("two frames", frames),
        ("deb with tar", deb(&tar)),
        ("deb with xz", deb(&xz(&tar))),
        ("deb with zstd", deb(&zstd(&tar))),
        ("tar", tar),
    ] {
        let temp = TempDir::new().unwrap();
        extract(&archive, temp.path(), &stripped()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_good(&temp.path().join("out"));
    }
}

#[test]
fn a_folder_is_an_archive_or_the_tree_with_or_without_its_leading_folder() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("any.name"), gzip(&good().finish())).unwrap();
    let bytes = |path: &Path| Bytes {
        name: "demo".to_owned(),
        path: path.to_owned(),
        sha256: None,
    };
    let first = temp.path().join("first");
    extract_bytes(&bytes(&folder), &first, &stripped()).unwrap();
    assert_good(&first);
    let second = temp.path().join("second");
    extract_bytes(&bytes(&first), &second, &stripped()).unwrap();
    assert!(second.join("bin/run").is_file());
    let whole = temp.path().join("whole");
    std::fs::create_dir(&whole).unwrap();
    std::fs::rename(&second, whole.join("top")).unwrap();
    let third = temp.path().join("third");
    extract_bytes(&bytes(&whole), &third, &stripped()).unwrap();
    assert!(third.join("bin/run").is_file());
}

#[test]
fn what_is_dropped_takes_its_folders_along() {
    let temp = TempDir::new().unwrap();
    let archive = Tar::default()
        .folder("lib/test/")
        .folder("lib/test/data/")
        .file("lib/test/data/x", "")
        .file("lib/test/y", "")
        .folder("lib/kept/")
        .file("lib/z", "")
        .finish();
    let drop = GlobSetBuilder::new()
        .add(Glob::new("lib/**/test/**").unwrap())
        .build()
        .unwrap();
    let options = Options {
        drop,
        ..Options::default()
    };
    extract(&archive, temp.path(), &options).unwrap();
    let lib = temp.path().join("out/lib");
    assert!(lib.join("z").is_file() && lib.join("kept").is_dir());
    assert!(!lib.join("test").exists());
}

#[test]
fn the_first_folder_can_be_stripped_whatever_its_name() {
    let temp = TempDir::new().unwrap();
    let options = Options {
        strip: Strip::First,
        ..Options::default()
    };
    let global = b"52 comment=0123456789012345678901234567890123456789\n";
    let archive = Tar::default()
        .entry(EntryType::XGlobalHeader, "pax_global_header", "", global)
        .file("ttyd-1.7.7/src/x.c", "x")
        .finish();
    extract(&archive, temp.path(), &options).unwrap();
    assert!(temp.path().join("out/src/x.c").is_file());
}

#[test]
fn a_wrong_sha256_is_refused_before_anything_is_unpacked() {
    let temp = TempDir::new().unwrap();
    let path = temp.path().join("archive");
    std::fs::write(&path, good().finish()).unwrap();
    let bytes = Bytes {
        name: "python-amd64 (krunner.toml:14)".to_owned(),
        path,
        sha256: Some(Digest::of(b"other")),
    };
    let out = temp.path().join("out");
    let error = extract_bytes(&bytes, &out, &stripped()).unwrap_err();
    assert!(error.starts_with("python-amd64 (krunner.toml:14): SHA-256 differs: wanted `d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa`"), "{error}");
    assert_eq!(out.read_dir().unwrap().count(), 0);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, one line a case")]
fn every_hostile_archive_is_refused_with_its_entry_named() {
    let long = "x".repeat(100);
    let global = b"17 path=/etc/pwn\n";
    let tar = Tar::default;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "climbing",
            tar().file("../esc", "").finish(),
            "`../esc`: The name climbs",
        ),
        (
            "climbing later",
            tar().file("a/../../esc", "").finish(),
            "`a/../../esc`: The name climbs",
        ),
        (
            "absolute",
            tar().file("/tmp/esc", "").finish(),
            "`/tmp/esc`: The name is absolute",
        ),
        (
            "two slashes",
            tar().file("a//b", "").finish(),
            "`a//b`: The name has an empty",
        ),
        ("dot within", tar().file("a/./b", "").finish(), "`a/./b`"),
        ("file without a name", tar().file("./", "").finish(), "`./`"),
        ("link as root", tar().link("./", "/").finish(), "`./`"),
        (
            "control",
            tar().file("a\rb", "").finish(),
            "The name has a character",
        ),
        (
            "character device",
            tar().entry(EntryType::Char, "null", "", b"").finish(),
            "`null`: Entry is a device",
        ),
        (
            "block device",
            tar().entry(EntryType::Block, "sda", "", b"").finish(),
            "`sda`: Entry is a device",
        ),
        (
            "FIFO",
            tar().entry(EntryType::Fifo, "pipe", "", b"").finish(),
            "`pipe`: Entry is a FIFO",
        ),
        (
            "unknown type",
            tar().entry(EntryType::new(b'Q'), "what", "", b"").finish(),
            "`what`: Entry has the unknown type",
        ),
        (
            "global path",
            tar()
                .entry(EntryType::XGlobalHeader, "g", "", global)
                .finish(),
            "`g`: A global pax header sets `path`",
        ),
        (
            "duplicate",
            tar().file("a", "1").file("a", "2").finish(),
            "`a`: The path exists twice",
        ),
        (
            "duplicate with dot",
            tar().file("a", "1").file("./a", "2").finish(),
            "`./a`: The path exists twice",
        ),
        (
            "link over file",
            tar().file("a", "1").link("a", "b").finish(),
            "`a`: The path exists twice",
        ),
        (
            "file over link",
            tar().link("a", "b").file("a", "1").finish(),
            "`a`: The path exists twice",
        ),
        (
            "file over folder",
            tar().file("a/b", "1").file("a", "2").finish(),
            "`a`: The path exists twice",
        ),
        (
            "folder over file",
            tar().file("a", "1").folder("a").finish(),
            "`a`: A folder of the path is a file",
        ),
        (
            "below a file",
            tar().file("a", "1").file("a/b", "2").finish(),
            "`a/b`: A folder of the path is a file",
        ),
        (
            "through a link",
            tar().link("d", "/tmp").file("d/esc", "").finish(),
            "`d/esc`: A folder of the path is a file or a link",
        ),
        (
            "link to absolute",
            tar().link("a", "/etc/passwd").finish(),
            "`a`: The link leads out",
        ),
        (
            "link out",
            tar().link("a/b", "../../esc").finish(),
            "`a/b`: The link leads out",
        ),
        (
            "link out by a chain",
            tar()
                .file("x/y/z", "")
                .link("x/y/up", "../..")
                .link("x/y/out", "up/..")
                .finish(),
            "`x/y/out`: The link leads out",
        ),
        (
            "link in a circle",
            tar().link("a", "b").link("b", "a").finish(),
            "`a`: The link leads out",
        ),
        (
            "link to nothing",
            tar().link("a", "").finish(),
            "`a`: The link leads out",
        ),
        (
            "hard link out",
            tar().hard_link("a", "../../etc/passwd").finish(),
            "`a`: The name climbs",
        ),
        (
            "hard link absolute",
            tar().hard_link("a", "/etc/passwd").finish(),
            "`a`: The name is absolute",
        ),
        (
            "hard link to nothing",
            tar().hard_link("a", "b").finish(),
            "`a`: The hard link's target",
        ),
        (
            "hard link to a link",
            tar().link("l", "/etc").hard_link("a", "l").finish(),
            "`a`: The hard link's target",
        ),
        (
            "hard link to a folder",
            tar().folder("d").hard_link("a", "d").finish(),
            "`a`: The hard link's target",
        ),
        (
            "zip climbing",
            zip(&[("../esc", "", 0o644)]),
            "`../esc`: The name climbs",
        ),
        (
            "zip absolute",
            zip(&[("/esc", "", 0o644)]),
            "`/esc`: The name is absolute",
        ),
        (
            "zip backslash",
            zip(&[("a\\..\\b", "", 0o644)]),
            "The name has a character",
        ),
        ("no archive", b"hello".to_vec(), "no format that is known"),
        ("program", b"\x7fELF\x02\x01".to_vec(), "no archive"),
        (
            "ar without data",
            ar::Builder::new(Vec::new()).into_inner().unwrap(),
            "",
        ),
        ("cut tar", good().finish()[..3 * 512 + 100].to_vec(), ""),
        (
            "cut gzip",
            gzip(&tar().file("a", &long).finish())[..40].to_vec(),
            "damaged",
        ),
        (
            "cut xz",
            xz(&tar().file("a", &long).finish())[..80].to_vec(),
            "",
        ),
        ("garbage in gzip", gzip(b"no tar in here"), "damaged"),
    ];
    let mut refused = 0;
    for (name, archive, wanted) in cases {
        let temp = TempDir::new().unwrap();
        let result = extract(&archive, temp.path(), &Options::default());
        assert!(!temp.path().join("esc").exists(), "{name}");
        match result {
            Ok(()) => panic!("{name} was unpacked"),
            Err(error) => {
                refused += 1;
                assert!(error.contains(wanted), "{name}: {error}");
            }
        }
    }
    assert!(refused >= 40, "{refused}");
}

#[test]
fn a_flipped_bit_in_compressed_bytes_is_noticed() {
    let tar = good().file("top/more", &"text ".repeat(2000)).finish();
    for (name, archive) in [("gzip", gzip(&tar)), ("xz", xz(&tar)), ("zstd", zstd(&tar))] {
        for at in [archive.len() / 2, archive.len() - 7] {
            let mut archive = archive.clone();
            archive[at] ^= 0x10;
            let temp = TempDir::new().unwrap();
            let result = extract(&archive, temp.path(), &stripped());
            assert!(result.is_err(), "{name} at {at}");
        }
    }
}

fn kind() -> impl Strategy<Value = EntryType> {
    any::<u8>().prop_map(|byte| EntryType::new(b"0125LKxg\0S"[usize::from(byte) % 10]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_of_any_entries_stays_within_its_folder(
        entries in prop::collection::vec(
            (kind(), "(\\.\\./|/|a/|b/|\\./){0,3}[ab]", "(\\.\\./|/|a/|b/){0,3}[ab]?", "[a-z]{0,9}"),
            0..12,
        ),
    ) {
        let temp = TempDir::new().unwrap();
        let mut tar = Tar::default();
        for (kind, name, link, data) in &entries {
            tar = tar.entry(*kind, name, link, data.as_bytes());
        }
        let done = extract(&tar.finish(), temp.path(), &Options::default());
        let mut names: Vec<_> = temp.path().read_dir().unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        prop_assert_eq!(names, ["archive", "out"]);
        if done.is_ok() {
            assert_links_stay(&temp.path().join("out"), &temp.path().join("out"));
        }
    }

    #[test]
    fn any_bytes_are_unpacked_or_refused(
        magic in prop::sample::select(vec![&b"\x1f\x8b\x08\0"[..], b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"!<arch>\n", b""]),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let temp = TempDir::new().unwrap();
        let archive = [magic, &bytes].concat();
        let _ = extract(&archive, temp.path(), &Options::default());
    }
}

fn assert_links_stay(root: &Path, folder: &Path) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            if let Ok(target) = path.canonicalize() {
                assert!(
                    target.starts_with(root.canonicalize().unwrap()),
                    "{path:?} {target:?}"
                );
            }
        } else if path.is_dir() {
            assert_links_stay(root, &path);
        }
    }
}
