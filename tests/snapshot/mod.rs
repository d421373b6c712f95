//! The whole of what a user sees of a command: exit code, standard output, standard error.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::Path;
use std::process::Command;

/// Runs `krunner` with `args` in a folder below `tests/fixtures`.
pub(crate) fn krunner(folder: &str, args: &[&str]) -> String {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    seen(command(&fixtures.join(folder), args))
}

/// Runs `krunner` with `args` in a temporary folder, whose name is left out, with a store there and nothing of our
/// own environment.
pub(crate) fn krunner_in(dir: &Path, args: &[&str]) -> String {
    let mut command = command(dir, args);
    command
        .env_clear()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env("KRUNNER_STORE", dir.join("store"));
    seen(command).replace(&dir.display().to_string(), "[DIR]")
}

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_krunner"));
    command.args(args).current_dir(dir).env("NO_COLOR", "1");
    command
}

#[expect(clippy::unwrap_used, reason = "a test may panic")]
fn seen(mut command: Command) -> String {
    let output = command.output().unwrap();
    format!(
        "exit code: {:?}\n----- stdout -----\n{}----- stderr -----\n{}",
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}
