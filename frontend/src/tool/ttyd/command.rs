//! Runs a tool: quiet while it works, and with the end of what it said when it fails.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Fault;

/// Bytes of a failed tool's output that are shown.
const SHOWN: u64 = 8 << 10;

/// What a tool is run for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    /// What is being compiled.
    pub(super) component: &'static str,
    /// `configure`, `compile` or `install`.
    pub(super) name: &'static str,
}

/// How tools are run: with this environment and no other, their words going to `logs`.
#[derive(Debug)]
pub(super) struct Runner {
    /// The environment, which is all that tools see of it.
    pub(super) environment: BTreeMap<&'static str, OsString>,
    /// A folder for what they say.
    pub(super) logs: PathBuf,
}

impl Runner {
    /// Runs `program` to its end. What it says is shown only if it fails.
    pub(super) fn run<A: AsRef<std::ffi::OsStr>>(
        &self,
        stage: Stage,
        program: &Path,
        arguments: &[A],
    ) -> Result<(), Fault> {
        let Stage { component, name } = stage;
        // Progress for the build's log; nothing can be done about a standard error that is closed.
        let _ = writeln!(io::stderr(), "{component}: {name}");
        let path = self.logs.join(format!("{component}-{name}.log"));
        let log = File::create_new(&path).map_err(Fault::file(&path))?;
        let output = || log.try_clone().map(Stdio::from).map_err(Fault::file(&path));
        let status = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(output()?)
            .stderr(output()?)
            .status()
            .map_err(|source| Fault::Start {
                path: program.to_owned(),
                source,
            })?;
        if status.success() {
            return Ok(());
        }
        Err(Fault::Tool {
            component,
            stage: name,
            status: status.to_string(),
            output: tail(&path)?,
        })
    }
}

/// The last lines of a log.
fn tail(path: &Path) -> Result<String, Fault> {
    let read = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(SHOWN)))?;
        let mut bytes = Vec::new();
        file.take(SHOWN).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let whole = if length > SHOWN {
            text.split_once('\n').map_or(&*text, |(_, rest)| rest)
        } else {
            &text
        };
        Ok(whole.trim_end().to_owned())
    };
    read().map_err(Fault::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGE: Stage = Stage {
        component: "zlib",
        name: "compile",
    };

    fn run(script: &str) -> Result<(), Fault> {
        let logs = tempfile::tempdir().unwrap();
        let runner = Runner {
            environment: BTreeMap::from([("LEFT", "alone".into())]),
            logs: logs.path().to_owned(),
        };
        runner.run(STAGE, Path::new("/bin/sh"), &["-c", script])
    }

    #[test]
    fn a_tool_sees_the_given_environment_and_no_other() {
        run("test \"$LEFT\" = alone && test -z \"$CARGO_MANIFEST_DIR\"").unwrap();
    }

    #[test]
    fn a_failed_tool_is_quoted_with_its_stage_and_status() {
        let fault = run("echo first; echo 'error: no such thing' >&2; exit 3").unwrap_err();
        insta::assert_snapshot!(fault, @r"
        zlib: compile failed (exit status: 3); the end of what it said:
        first
        error: no such thing
        ");
    }

    #[test]
    fn of_much_output_only_the_last_whole_lines_are_quoted() {
        let fault = run("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exit 1");
        let text = fault.unwrap_err().to_string();
        assert!(text.len() < 9000, "{}", text.len());
        assert!(text.ends_with("\nline 2999"));
        assert!(text.lines().skip(1).all(|line| line.starts_with("line ")));
    }

    #[test]
    fn a_tool_that_is_not_there_is_named() {
        let logs = tempfile::tempdir().unwrap();
        let runner = Runner {
            environment: BTreeMap::new(),
            logs: logs.path().to_owned(),
        };
        let fault = runner.run(STAGE, Path::new("/no/cmake"), &["x"]);
        assert!(
            fault
                .unwrap_err()
                .to_string()
                .starts_with("Cannot start `/no/cmake`")
        );
    }
}
