use std::sync::LazyLock;

use krunner::platform::Architecture;

use super::*;

static TARGET: LazyLock<Target> = LazyLock::new(|| Target {
    version: "1.7.7".to_owned(),
    ping: 20,
    hangup: 30,
    architecture: Architecture::Arm64,
    build_architecture: Architecture::Amd64,
});

/// An ELF file for `machine` with one loaded segment that holds `data`, and one more of `kind`.
fn elf_file(machine: u16, kind: u32, more: &[u8], data: &[u8]) -> Vec<u8> {
    const HEADER: u64 = 64 + 2 * 56;
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend(2_u16.to_le_bytes());
    file.extend(machine.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    for word in [0_u64, 64, 0] {
        file.extend(word.to_le_bytes());
    }
    file.extend(0_u32.to_le_bytes());
    for half in [64_u16, 56, 2, 0, 0, 0] {
        file.extend(half.to_le_bytes());
    }
    let (data_size, more_size) = (data.len() as u64, more.len() as u64);
    for (kind, offset, size) in [
        (1, HEADER, data_size),
        (kind, HEADER + data_size, more_size),
    ] {
        file.extend(kind.to_le_bytes());
        file.extend(4_u32.to_le_bytes());
        for word in [offset, offset, offset, size, size, 8] {
            file.extend(word.to_le_bytes());
        }
    }
    file.extend(data);
    file.extend(more);
    file
}

const AARCH64: u16 = 183;
const NOTE: u32 = 4;
const INTERPRETER: u32 = 3;
const DYNAMIC: u32 = 2;

/// What a ttyd has in its data: its version, ttyd's own policy, and what libwebsockets' code writes.
fn data(own: (u16, u16), default: (u16, u16)) -> Vec<u8> {
    let own = super::own(own);
    [
        b"ttyd version %s\n\x001.7.7\0",
        &own[..],
        &[0, 0],
        &packed(default),
    ]
    .concat()
}

fn static_file(own: (u16, u16), default: (u16, u16)) -> Vec<u8> {
    elf_file(AARCH64, NOTE, b"note", &data(own, default))
}

#[test]
fn a_static_binary_with_the_seconds_in_both_places_passes() {
    check_built(&static_file((20, 30), (20, 30)), &TARGET).unwrap();
}

#[test]
fn a_binary_for_another_machine_is_refused() {
    let file = elf_file(62, NOTE, b"", &data((20, 30), (20, 30)));
    let fault = check_built(&file, &TARGET).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "It is for x86_64, and the target is aarch64"
    );
}

#[test]
fn a_binary_that_asks_for_an_interpreter_is_refused_and_the_interpreter_named() {
    let name = b"/lib/ld-musl-aarch64.so.1\0";
    let file = elf_file(AARCH64, INTERPRETER, name, &data((20, 30), (20, 30)));
    let fault = check_built(&file, &TARGET).unwrap_err();
    assert!(
        fault
            .to_string()
            .ends_with("interpreter `/lib/ld-musl-aarch64.so.1`"),
        "{fault}"
    );
}

#[test]
fn a_binary_that_needs_libraries_is_refused_and_a_static_pie_is_not() {
    let entry = |tag: u64| [tag.to_le_bytes(), 1_u64.to_le_bytes()].concat();
    let dynamic = |tags: &[u64]| {
        let entries: Vec<u8> = tags.iter().flat_map(|tag| entry(*tag)).collect();
        elf_file(AARCH64, DYNAMIC, &entries, &data((20, 30), (20, 30)))
    };
    let fault = check_built(&dynamic(&[1, 1, 0]), &TARGET).unwrap_err();
    assert!(matches!(fault, Fault::Needed(2)), "{fault}");
    check_built(&dynamic(&[5, 0]), &TARGET).unwrap();
}

#[test]
fn a_binary_with_the_seconds_in_one_place_only_passes_as_given_but_not_as_built() {
    let file = static_file((5, 10), (20, 30));
    check_given(&file, &TARGET).unwrap();
    assert!(matches!(
        check_built(&file, &TARGET),
        Err(Fault::Constants { .. })
    ));
    assert_eq!(overriding(&file, &TARGET), Some((5, 10)));
    assert_eq!(overriding(&static_file((20, 30), (20, 30)), &TARGET), None);
}

#[test]
fn defaults_that_are_left_in_the_binary_are_found() {
    let fault = check_given(&static_file((20, 30), (300, 310)), &TARGET).unwrap_err();
    assert!(matches!(fault, Fault::Unpatched(300, 310)), "{fault}");
    let both = [data((20, 30), (20, 30)), own((5, 10))].concat();
    let fault = check_built(&elf_file(AARCH64, NOTE, b"", &both), &TARGET).unwrap_err();
    assert!(matches!(fault, Fault::Unpatched(5, 10)), "{fault}");
}

#[test]
fn the_defaults_may_be_what_was_asked_for() {
    let target = Target {
        ping: 5,
        hangup: 10,
        ..TARGET.clone()
    };
    check_built(&static_file((5, 10), (5, 10)), &target).unwrap();
    assert_eq!(overriding(&static_file((5, 10), (5, 10)), &target), None);
}

#[test]
fn seconds_outside_of_what_is_loaded_do_not_count() {
    let mut file = elf_file(AARCH64, NOTE, b"", b"1.7.7\0");
    file.extend(own((20, 30)));
    assert!(matches!(
        check_given(&file, &TARGET),
        Err(Fault::Constants { .. })
    ));
}

#[test]
fn a_foreign_binary_of_another_version_is_refused() {
    let target = Target {
        version: "1.7.8".to_owned(),
        ..TARGET.clone()
    };
    let fault = check_built(&static_file((20, 30), (20, 30)), &target).unwrap_err();
    assert!(matches!(fault, Fault::NoVersion(_)), "{fault}");
}

#[test]
fn a_file_that_is_cut_short_or_no_program_is_damaged_and_nothing_panics() {
    let file = static_file((20, 30), (20, 30));
    assert!(matches!(
        check_built(b"#!/bin/sh", &TARGET),
        Err(Fault::Damaged(_))
    ));
    for length in 0..file.len() - 4 {
        assert!(check_built(&file[..length], &TARGET).is_err(), "{length}");
    }
}

fn says(text: &str) -> Result<(), Fault> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ttyd");
    std::fs::write(&path, format!("#!/bin/sh\necho '{text}'\n")).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let target = Target {
        build_architecture: TARGET.architecture,
        ..TARGET.clone()
    };
    check_version(&path, &target)
}

#[test]
fn the_version_that_it_says_must_be_the_one_in_the_spec() {
    says("ttyd version 1.7.7").unwrap();
    says("ttyd version 1.7.7-eccebc6").unwrap();
    for wrong in ["ttyd version 1.7.71", "ttyd version 1.6.3-80c6f66", ""] {
        let fault = says(wrong).unwrap_err();
        assert!(matches!(fault, Fault::Version { .. }), "{wrong}");
    }
}

#[test]
fn a_binary_for_a_foreign_machine_is_not_run() {
    check_version(Path::new("/no/such/file"), &TARGET).unwrap();
}
