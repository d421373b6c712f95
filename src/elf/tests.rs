use super::*;

/// The test's own program, which is one that a dynamic linker completes.
fn own() -> Vec<u8> {
    std::fs::read(std::env::current_exe().unwrap()).unwrap()
}

#[test]
fn a_real_program_tells_what_it_needs() {
    let facts = parse(&own()).unwrap().unwrap();
    assert!(matches!(facts.machine, Machine::Known(_)));
    assert!(facts.is_program() && facts.dynamic && facts.symbol_table);
    assert!(
        facts.needed.iter().any(|name| name == "libc.so.6"),
        "{facts:?}"
    );
    assert!(
        facts.requires["libc.so.6"]
            .iter()
            .any(|version| version.starts_with("GLIBC_2."))
    );
    assert_eq!(facts.stack, Stack::Plain);
    assert!(!facts.text_relocations);
}

#[test]
fn a_file_is_read_as_its_bytes_are() {
    let file = File::open(std::env::current_exe().unwrap()).unwrap();
    assert_eq!(read(file).unwrap(), parse(&own()));
}

#[test]
fn what_is_no_elf_file_has_no_facts() {
    for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fEL"] {
        assert_eq!(parse(bytes), Ok(None));
    }
}

#[test]
fn other_machines_are_named() {
    let with = |class: u8, data: u8, number: [u8; 2]| {
        let mut head = [0; 64];
        head[..4].copy_from_slice(b"\x7fELF");
        (head[4], head[5]) = (class, data);
        (head[18], head[19]) = (number[0], number[1]);
        machine(&head).unwrap().to_string()
    };
    assert_eq!(with(2, 1, [62, 0]), "x86_64");
    assert_eq!(with(2, 1, [183, 0]), "aarch64");
    assert_eq!(with(2, 2, [0, 183]), "ELF machine 183");
    assert_eq!(with(1, 1, [3, 0]), "a 32-bit machine (ELF machine 3)");
    assert_eq!(with(2, 1, [243, 0]), "ELF machine 243");
    assert_eq!(
        machine(b"\x7fELF").unwrap().to_string(),
        "no machine (its ELF header is damaged)"
    );
}

#[test]
fn a_cut_off_program_is_damaged_at_every_length() {
    let own = own();
    for length in [20, 63, 64, 100, 4096] {
        assert!(
            matches!(parse(&own[..length]), Err(Fault::Damaged(_))),
            "{length}"
        );
    }
}

#[test]
fn members_of_an_archive_have_their_machines() {
    let mut library = ARCHIVE_MAGIC.to_vec();
    let mut add = |name: &str, content: &[u8]| {
        library.extend(
            format!(
                "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
                0,
                0,
                0,
                644,
                content.len()
            )
            .bytes(),
        );
        library.extend(content);
        library.resize(library.len().next_multiple_of(2), b'\n');
    };
    let mut head = [0; 64];
    head[..6].copy_from_slice(b"\x7fELF\x02\x01");
    head[18] = 183;
    add("a.o/", &head);
    add("readme/", b"text!");
    head[18] = 62;
    add("b.o/", &head[..33]);
    let members = archive::read(&*library).unwrap();
    let shown: Vec<_> = members
        .iter()
        .map(|member| format!("{} {}", member.name, member.machine))
        .collect();
    assert_eq!(shown, ["a.o aarch64", "b.o x86_64"]);
    assert_eq!(
        archive::read(&library[..70]),
        Err(Fault::Damaged("archive"))
    );
}

mod hostile {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    /// The first pages of a real program, where its tables are.
    fn start() -> Vec<u8> {
        let mut bytes = Vec::new();
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        file.take(64 << 10).read_to_end(&mut bytes).unwrap();
        bytes
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
            elf.extend(&bytes);
            if elf.len() > 20 {
                elf[18..20].copy_from_slice(&[62, 0]);
            }
            let _ = parse(&elf);
            let mut library = ARCHIVE_MAGIC.to_vec();
            library.extend(bytes);
            let _ = archive::read(&*library);
        }

        #[test]
        fn no_damage_makes_it_panic(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u64>()), 1..8)) {
            let mut bytes = start();
            for (place, value) in damage {
                // Most of what matters is in the first pages, and in words.
                let place = place.index(bytes.len().min(8192) / 8) * 8;
                bytes[place..place + 8].copy_from_slice(&value.to_le_bytes());
            }
            let _ = parse(&bytes);
        }
    }
}
