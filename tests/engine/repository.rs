//! A Git repository that is served over HTTP by Git's own program.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::served::Asked;
use crate::workbench::succeed;

/// The repository `/repo.git` with one commit on `main`.
pub(crate) struct Repository {
    folder: TempDir,
}

impl Repository {
    /// Commits the files of a folder; `None` after printing that this machine has no Git.
    pub(crate) fn of(files: &Path) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let bare = folder.path().join("repo.git");
        if git(folder.path(), &["http-backend"]).output().is_err() {
            eprintln!("skipped: no Git on this machine");
            return None;
        }
        let work = format!("--work-tree={}", files.display());
        let git_dir = format!("--git-dir={}", bare.display());
        succeed(
            git(
                folder.path(),
                &["init", "--quiet", "--bare", "--initial-branch=main"],
            )
            .arg(&bare),
        );
        succeed(&mut git(folder.path(), &[&git_dir, &work, "add", "--all"]));
        let commit = ["commit", "--quiet", "--message", "Add a volume"];
        succeed(git(folder.path(), &[&git_dir, &work]).args(commit));
        Some(Self { folder })
    }

    /// Whether a path is that of the repository.
    pub(crate) fn is_at(path: &str) -> bool {
        path.starts_with("/repo.git/")
    }

    /// The whole answer, head and body.
    pub(crate) fn answer(&self, asked: &Asked) -> Vec<u8> {
        let header = |name: &str| asked.headers.get(name).cloned().unwrap_or_default();
        let mut child = git(self.folder.path(), &["http-backend"])
            .env("GIT_PROJECT_ROOT", self.folder.path())
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("PATH_INFO", &asked.path)
            .env("QUERY_STRING", &asked.query)
            .env("REQUEST_METHOD", &asked.method)
            .env("CONTENT_TYPE", header("content-type"))
            .env("CONTENT_LENGTH", asked.body.len().to_string())
            .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
            .env("GIT_PROTOCOL", header("git-protocol"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&asked.body).unwrap();
        let said = child.wait_with_output().unwrap().stdout;
        // The program says its status as a header of its own, and none if all is well.
        let text = String::from_utf8_lossy(&said);
        let status = text
            .strip_prefix("Status: ")
            .and_then(|rest| rest.lines().next());
        let head = format!(
            "HTTP/1.1 {}\r\nConnection: close\r\n",
            status.unwrap_or("200 OK")
        );
        [head.into_bytes(), said].concat()
    }
}

/// Git without what the machine's user has set.
fn git(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", "2024-01-01T00:00:00Z")
        .env("GIT_COMMITTER_DATE", "2024-01-01T00:00:00Z");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "A maintainer");
        command.env(format!("GIT_{role}_EMAIL"), "maintainer@example.org");
    }
    command.args(arguments);
    command
}
