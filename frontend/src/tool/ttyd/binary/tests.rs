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

/// The header of a program for `machine`, which is enough to be found.
fn program(machine: u16) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(64, 0);
    file[18..20].copy_from_slice(&machine.to_le_bytes());
    file
}

fn unpack_from(files: &[(&str, Vec<u8>)]) -> Result<String, Error> {
    let temp = tempfile::tempdir().unwrap();
    let (source, work) = (temp.path().join("in"), temp.path().join("work"));
    for (name, bytes) in files {
        let path = source.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let bytes = Bytes {
        name: "ttyd-binary-arm64 (krunner.toml:9)".to_owned(),
        path: source,
        sha256: None,
    };
    let path = unpack(&bytes, &TARGET, &work)?;
    Ok(path.strip_prefix(&work).unwrap().display().to_string())
}

#[test]
fn the_one_ttyd_of_the_targets_machine_is_found() {
    let path = unpack_from(&[
        ("runner/ttyd_linux.x86_64.bin", program(62)),
        ("runner/ttyd_linux.aarch64.bin", program(183)),
        ("runner/ttyd.1", b"a manual".to_vec()),
        ("runner/tmux.aarch64.bin", program(183)),
    ]);
    assert_eq!(path.unwrap(), "runner/ttyd_linux.aarch64.bin");
}

#[test]
fn an_archive_without_one_is_refused_with_the_inputs_name() {
    let fault = unpack_from(&[("ttyd", program(62)), ("README", Vec::new())]).unwrap_err();
    insta::assert_snapshot!(fault, @r"
    ttyd-binary-arm64 (krunner.toml:9): Expected one program `ttyd*` for aarch64, and found 0
    hint: give the binary itself, or an archive with one
    ");
}

#[test]
fn an_archive_with_two_is_refused() {
    let fault = unpack_from(&[("a/ttyd", program(183)), ("b/ttyd", program(183))]).unwrap_err();
    assert!(fault.to_string().contains("found 2"), "{fault}");
}

#[test]
fn the_binary_is_written_executable() {
    let out = tempfile::tempdir().unwrap();
    let path = write(b"bytes", out.path()).unwrap();
    assert_eq!(path, out.path().join("bin/ttyd"));
    assert_eq!(
        path.metadata().unwrap().permissions().mode() & 0o7777,
        0o755
    );
}
