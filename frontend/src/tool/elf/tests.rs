//! What comes out is read by another reader than the one under test.

use object::elf::{DT_NEEDED, DT_RPATH, DT_RUNPATH, FileHeader64};
use object::read::elf::{ElfFile64, FileHeader};
use object::{LittleEndian as LE, Object, ObjectSection, ObjectSegment};
use proptest::prelude::*;

use super::fixture::{DATA, Fixture, OWN};
use super::{Change, Fault, rewrite};
use crate::tool::step::Portable;

const LOADER: &str = "/opt/backend.ai/lib/glibc/ld-linux-x86-64.so.2";

fn portable() -> Portable {
    Portable {
        prefix: "/opt/backend.ai".to_owned(),
        folder: "lib/glibc".to_owned(),
        loader: "ld-linux-x86-64.so.2".to_owned(),
    }
}

fn file(bytes: &[u8]) -> ElfFile64<'_, LE> {
    ElfFile64::parse(bytes).expect("a file that can be read")
}

/// Names by their tag, as section headers tell where they are.
fn names(bytes: &[u8], tag: object::elf::DynamicTag) -> Vec<String> {
    let file = file(bytes);
    let (entries, link) = file
        .elf_section_table()
        .dynamic(LE, bytes)
        .expect("a readable section")
        .expect("a dynamic section");
    let strings = file
        .elf_section_table()
        .strings(LE, bytes, link)
        .expect("names");
    let found = entries.iter().filter(|entry| entry.d_tag.get(LE) == tag);
    let found = found.map(|entry| {
        let at = u32::try_from(entry.d_val.get(LE)).expect("a short table");
        String::from_utf8(strings.get(at).expect("a name").to_vec()).expect("text")
    });
    found.collect()
}

fn sections(bytes: &[u8]) -> Vec<String> {
    let file = file(bytes);
    let names = file
        .sections()
        .map(|section| section.name().expect("a name").to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

fn section(bytes: &[u8], name: &str) -> Vec<u8> {
    let file = file(bytes);
    let section = file.section_by_name(name).expect("the section");
    section.data().expect("its data").to_vec()
}

/// Asserts that a loader maps the same bytes as before, but for the dynamic section.
fn assert_same_memory(before: &[u8], after: &[u8]) {
    let (old, new) = (file(before), file(after));
    let dynamic = old.section_by_name(".dynamic").map(|section| {
        let start = usize::try_from(section.address()).expect("a small address");
        start..start + usize::try_from(section.size()).expect("a small section")
    });
    for (old, new) in old.segments().zip(new.segments()) {
        assert_eq!(old.address(), new.address());
        assert!(new.size() >= old.size());
        let start = usize::try_from(old.address()).expect("a small address");
        let (old, new) = (old.data().expect("data"), new.data().expect("data"));
        for (index, byte) in old.iter().enumerate() {
            // Headers say where the file's parts are, and those moved.
            let ours = start == 0 && index < 64 + 56 * 5;
            let is_dynamic = dynamic
                .as_ref()
                .is_some_and(|range| range.contains(&(start + index)));
            assert!(
                ours || is_dynamic || new[index] == *byte,
                "byte {index:#x} of {start:#x}"
            );
        }
    }
}

fn change(path: &str, bytes: &[u8]) -> Change {
    Change::for_file(path, bytes, &portable()).expect("a change")
}

fn rewritten(fixture: &Fixture, change: &Change) -> Vec<u8> {
    let bytes = fixture.build();
    let after = rewrite(&bytes, change)
        .expect("no fault")
        .expect("a change");
    assert_same_memory(&bytes, &after);
    assert_eq!(rewrite(&after, change), Ok(None), "once is enough");
    assert_eq!(
        rewrite(&bytes, change),
        Ok(Some(after.clone())),
        "the same again"
    );
    after
}

fn interpreter(bytes: &[u8]) -> String {
    let header = FileHeader64::<LE>::parse(bytes).expect("a header");
    let mut segments = header.program_headers(LE, bytes).expect("segments").iter();
    let segment = segments.find(|segment| segment.p_type.get(LE) == object::elf::PT_INTERP);
    let at = usize::try_from(segment.expect("an interpreter").p_offset.get(LE)).expect("small");
    let end = bytes[at..]
        .iter()
        .position(|byte| *byte == 0)
        .expect("an end");
    String::from_utf8(bytes[at..at + end].to_vec()).expect("text")
}

#[test]
fn a_program_is_told_the_loader_and_both_folders() {
    let fixture = Fixture {
        needed: vec!["$ORIGIN/../lib/libpython3.13.so.1.0", "libc.so.6"],
        ..Fixture::program()
    };
    for (path, rpath) in [
        ("python3.13", "$ORIGIN/lib:$ORIGIN/lib/glibc"),
        ("bin/python3.13", "$ORIGIN/../lib:$ORIGIN/../lib/glibc"),
    ] {
        let after = rewritten(&fixture, &change(path, &fixture.build()));
        assert_eq!(interpreter(&after), LOADER);
        assert_eq!(section(&after, ".interp"), format!("{LOADER}\0").as_bytes());
        assert_eq!(names(&after, DT_RPATH), [rpath]);
        assert_eq!(
            names(&after, DT_NEEDED),
            ["libpython3.13.so.1.0", "libc.so.6"]
        );
    }
}

#[test]
fn a_library_keeps_its_paths_inside_of_the_volume() {
    let path = "lib/python3.13/site-packages/zmq/_zmq.so";
    for (old, new) in [
        ("$ORIGIN/../pyzmq.libs", "$ORIGIN/../pyzmq.libs:"),
        ("${ORIGIN}/./a//b:$ORIGIN", "$ORIGIN/a/b:$ORIGIN:"),
        (
            "/usr/lib:$ORIGIN/../../../../../usr/lib::lib:$LIB:$ORIGIN/$LIB:$ORIGINAL",
            "",
        ),
        ("$ORIGIN/../../../glibc", ""),
    ] {
        let fixture = Fixture {
            runpath: Some(old),
            ..Fixture::library()
        };
        let after = rewritten(&fixture, &change(path, &fixture.build()));
        assert_eq!(
            names(&after, DT_RPATH),
            [format!("{new}$ORIGIN/../../../glibc")]
        );
        assert_eq!(names(&after, DT_RUNPATH), [""; 0]);
    }
}

#[test]
fn a_runpath_wins_over_an_rpath_as_it_did_for_the_loader() {
    let fixture = Fixture {
        rpath: Some("$ORIGIN/one"),
        runpath: Some("$ORIGIN/two"),
        ..Fixture::library()
    };
    let after = rewritten(&fixture, &change("lib/it.so", &fixture.build()));
    assert_eq!(names(&after, DT_RPATH), ["$ORIGIN/two:$ORIGIN/glibc"]);
}

#[test]
fn a_library_looks_where_it_named_a_file() {
    let fixture = Fixture {
        needed: vec!["$ORIGIN/../lib/libpython3.13.so.1.0"],
        ..Fixture::library()
    };
    let change = change("lib/libpython3.so", &fixture.build());
    assert_eq!(change.rpath.as_deref(), Some("$ORIGIN:$ORIGIN/glibc"));
    assert_eq!(change.interpreter, None);
}

#[test]
fn the_c_library_finds_its_own_and_the_loader_stays_as_it_is() {
    let fixture = Fixture {
        runpath: Some("$ORIGIN/elsewhere"),
        ..Fixture::program()
    };
    let libc = change("lib/glibc/libc.so.6", &fixture.build());
    assert_eq!(libc.rpath.as_deref(), Some("$ORIGIN"));
    let loader = change("lib/glibc/ld-linux-x86-64.so.2", &fixture.build());
    assert_eq!(loader, Change::default());
}

#[test]
fn what_has_no_use_for_a_search_path_gets_none() {
    let fixture = Fixture {
        needed: vec![],
        runpath: Some("/usr/lib"),
        ..Fixture::library()
    };
    let after = rewritten(&fixture, &change("lib/it.so", &fixture.build()));
    assert_eq!(names(&after, DT_RPATH), [""; 0]);
    assert_eq!(names(&after, DT_RUNPATH), [""; 0]);
}

#[test]
fn static_programs_and_other_files_stay_as_they_are() {
    let fixture = Fixture {
        needed: vec![],
        flags: object::elf::DF_1_PIE.0,
        ..Fixture::library()
    };
    let mut object = Fixture::library().build();
    object[16] = 1;
    for bytes in [
        &fixture.build(),
        &object,
        &b"#!/bin/sh\n".to_vec(),
        &b"\x7fEL".to_vec(),
    ] {
        assert_eq!(change("bin/it", bytes), Change::default());
        let wanted = Change {
            rpath: Some("$ORIGIN".to_owned()),
            strip: true,
            ..Change::default()
        };
        assert_eq!(rewrite(bytes, &wanted), Ok(None));
    }
}

#[test]
fn there_is_room_wherever_linkers_leave_none() {
    for (full, spare, edited, zeroed) in layouts(&[0, 8, 70_000]) {
        let fixture = Fixture {
            full,
            spare,
            edited,
            zeroed,
            appended: b"and a zip",
            ..Fixture::program()
        };
        let bytes = fixture.build();
        let mut wanted = change("bin/it", &bytes);
        for strip in [false, true] {
            wanted.strip = strip;
            let after = rewritten(&fixture, &wanted);
            assert_eq!(
                names(&after, DT_RPATH),
                ["$ORIGIN/../lib:$ORIGIN/../lib/glibc"]
            );
            assert_eq!(names(&after, DT_NEEDED), ["libc.so.6"]);
            assert_eq!(interpreter(&after), LOADER);
            assert_eq!(section(&after, ".data"), DATA);
            assert_eq!(section(&after, ".own"), OWN);
            assert_eq!(sections(&after).contains(&".symtab".to_owned()), !strip);
            assert!(after.ends_with(b"and a zip"));
            let size = bytes.len() + usize::try_from(zeroed).expect("small") + 2 * 4096;
            assert!(after.len() <= size, "{fixture:?}: {}", after.len());
        }
    }
}

/// Every combination of how a file can be laid out.
fn layouts(zeroed: &[u64]) -> Vec<(bool, usize, bool, u64)> {
    let mut all = Vec::new();
    for full in [false, true] {
        for spare in [0, 5] {
            for edited in [false, true] {
                all.extend(zeroed.iter().map(|zeroed| (full, spare, edited, *zeroed)));
            }
        }
    }
    all
}

#[test]
fn stripping_leaves_out_what_no_loader_reads_and_nothing_else() {
    let strip = Change {
        strip: true,
        ..Change::default()
    };
    for edited in [false, true] {
        let fixture = Fixture {
            edited,
            ..Fixture::library()
        };
        let after = rewritten(&fixture, &strip);
        let kept = [
            ".dynstr",
            ".dynamic",
            ".data",
            ".bss",
            ".own",
            ".interp",
            ".shstrtab",
        ];
        assert_eq!(sections(&after), kept);
        assert!(after.len() + 8000 < fixture.build().len());
        assert_eq!(section(&after, ".own"), OWN);
    }
}

#[test]
fn program_headers_behind_the_first_segment_stay_in_their_place() {
    let fixture = Fixture {
        edited: true,
        ..Fixture::program()
    };
    let mut bytes = fixture.build();
    let data = bytes.windows(DATA.len()).position(|range| range == DATA);
    let at = data.expect("the data");
    bytes.copy_within(64..64 + 5 * 56, at);
    bytes[32..40].copy_from_slice(&(at as u64).to_le_bytes());
    let wanted = Change {
        strip: true,
        ..change("bin/it", &bytes)
    };
    let after = rewrite(&bytes, &wanted)
        .expect("no fault")
        .expect("a change");
    assert_eq!(after[32..40], bytes[32..40]);
    assert_eq!(interpreter(&after), LOADER);
    assert_eq!(
        names(&after, DT_RPATH),
        ["$ORIGIN/../lib:$ORIGIN/../lib/glibc"]
    );
}

#[test]
fn other_kinds_of_files_are_refused_by_name() {
    for (index, wanted) in [(4, "it is not of 64 bits"), (5, "it is not little-endian")] {
        let mut bytes = Fixture::library().build();
        bytes[index] = 3 - bytes[index];
        assert_eq!(
            rewrite(&bytes, &Change::default()),
            Err(Fault::Kind(wanted))
        );
    }
}

#[test]
fn a_program_that_says_nothing_of_its_stack_says_that_it_is_plain() {
    let mut bytes = Fixture::program().build();
    // A note, in the place of the word.
    let word = object::elf::PT_GNU_STACK.0.to_le_bytes();
    let at = bytes.windows(4).position(|four| four == word);
    let at = at.expect("the fixture says it");
    bytes[at..at + 4].copy_from_slice(&object::elf::PT_NOTE.0.to_le_bytes());
    let stack = |bytes: &[u8]| {
        let facts = krunner::elf::parse(bytes).expect("no fault");
        facts.expect("a program").stack
    };
    assert_eq!(stack(&bytes), krunner::elf::Stack::Unsaid);
    let change = change("bin/python3.13", &bytes);
    let after = rewrite(&bytes, &change)
        .expect("no fault")
        .expect("a change");
    assert_eq!(stack(&after), krunner::elf::Stack::Plain);
    assert_eq!(rewrite(&after, &change), Ok(None), "once is enough");
}

#[test]
#[cfg(target_os = "linux")]
fn a_real_program_still_runs() {
    use std::os::unix::fs::PermissionsExt;
    let bytes = std::fs::read("/bin/sh").expect("every Linux has a shell");
    let wanted = Change {
        rpath: Some("$ORIGIN/a/folder:$ORIGIN/another".to_owned()),
        strip: true,
        plain_needed: true,
        interpreter: None,
    };
    // A static shell has nothing to change.
    if let Some(after) = rewrite(&bytes, &wanted).expect("no fault") {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sh");
        std::fs::write(&path, after).expect("a program");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        let status = std::process::Command::new(&path)
            .args(["-c", "exit 7"])
            .status();
        assert_eq!(status.expect("it starts").code(), Some(7));
    }
}

fn any_fixture() -> impl Strategy<Value = Fixture> {
    let zeroed = prop_oneof![Just(0), Just(8), Just(70_000_u64)];
    (any::<[bool; 4]>(), 0..3_usize, zeroed).prop_map(|(bits, spare, zeroed)| Fixture {
        full: bits[0],
        edited: bits[1],
        spare,
        zeroed,
        needed: vec!["$ORIGIN/../lib/libit.so", "libc.so.6"],
        runpath: bits[2].then_some("$ORIGIN/one:/two"),
        ..if bits[3] {
            Fixture::program()
        } else {
            Fixture::library()
        }
    })
}

fn word() -> impl Strategy<Value = u64> {
    let edge = prop_oneof![
        Just(0),
        Just(1),
        Just(u64::MAX),
        Just(u64::MAX - 4095),
        Just(1 << 63)
    ];
    prop_oneof![edge, 0..20_000_u64, any::<u64>()]
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_grow_without_bounds(
        fixture in any_fixture(),
        words in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, word()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
        strip: bool,
    ) {
        let mut bytes = fixture.build();
        // Headers are in the first and last bytes, and the dynamic section begins at a page.
        let size = bytes.len();
        let places = [0..400, 4096..4300, 16_384.min(size - 300)..size - 8, size - 704..size - 8];
        for (index, place, word) in words {
            let place = places[place].clone();
            let at = (place.start + index.index(place.len())) & !3;
            bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let change = Change::for_file("bin/it", &bytes, &portable());
        let change = Change { strip, ..change.unwrap_or_default() };
        if let Ok(Some(after)) = rewrite(&bytes, &change) {
            prop_assert!(after.len() <= bytes.len() + (128 << 20));
            let _ = rewrite(&after, &change);
        }
    }
}
