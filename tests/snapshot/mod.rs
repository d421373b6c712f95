//! The whole of what a user sees of a command: exit code, standard output, standard error.

use std::process::Command;

/// Runs `krunner` with `args` in a folder below `tests/fixtures`.
#[expect(clippy::unwrap_used, reason = "a test may panic")]
pub(crate) fn krunner(folder: &str, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_krunner"))
        .args(args)
        .current_dir(format!(
            "{}/tests/fixtures/{folder}",
            env!("CARGO_MANIFEST_DIR")
        ))
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    format!(
        "exit code: {:?}\n----- stdout -----\n{}----- stderr -----\n{}",
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}
