//! `agent.toml`: what a node keeps deployed, and where its agent is spoken to. Parsed from text; the caller reads files.

mod document;
mod duration;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use document::Document;

use crate::platform::Platform;
use crate::reference::Reference;
use crate::report::{Location, Problem, Problems};
use crate::store::Mode;

/// More references than any node follows; each has a thread of its own.
const MAX_REFERENCES: usize = 256;
/// How often a reference is asked for unless told otherwise: soon enough for people, rare enough for a registry with
/// ten thousand nodes (some thirty questions a second).
const INTERVAL: Duration = Duration::from_mins(5);
/// How often what nobody wants is taken away.
const COLLECT_EVERY: Duration = Duration::from_hours(1);
/// How long a name stays that was only asked for on demand.
const FORGET_AFTER: Duration = Duration::from_hours(24);
/// As for `krunner gc`: the current version and the one before it.
const KEEP_LAST: usize = 2;

/// What an agent is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The store, if it is named here.
    pub store: Option<PathBuf>,
    /// The form in which volumes come into it.
    pub mode: Mode,
    /// What is kept deployed, sorted by name.
    pub references: Vec<Followed>,
    /// How many versions of each name stay, the current one among them.
    pub keep_last: usize,
    /// How often what nobody wants is taken away.
    pub collect_every: Duration,
    /// How long a name stays that nobody follows, uses or asks for any more.
    pub forget_after: Duration,
    /// The socket of the HTTP API.
    pub api: Option<PathBuf>,
    /// The socket of the Docker volume plugin.
    pub plugin: Option<PathBuf>,
    /// The Docker engine in which plain volumes are made.
    pub engine: Option<PathBuf>,
    /// Where metrics and health are told by TCP.
    pub metrics: Option<SocketAddr>,
}

/// A reference that is kept deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// What people, metrics and containers call it.
    pub name: String,
    /// Where it is.
    pub reference: Reference,
    /// For which platforms.
    pub platforms: Vec<Platform>,
    /// How long after one look the next one comes.
    pub interval: Duration,
    /// At most so much longer, by chance, so that a fleet does not ask in one moment.
    pub jitter: Duration,
    /// Whether the engine has a plain volume of each of its versions.
    pub docker_volume: bool,
}

impl Config {
    /// Reads a configuration; `file` is its place, for messages and for relative paths. `host` is the platform that is
    /// meant where none is named. All that is wrong comes at once, as far as the text can be read.
    pub fn parse(text: &str, file: &Path, host: Platform) -> Result<Self, Problems> {
        let document: Document = toml::from_str(text).map_err(|error| {
            let at = error.span().map(|span| locate(text, file, &span));
            Problems::from(Problem::new(at, error.message().trim().to_owned()))
        })?;
        let mut problems = Problems::default();
        let folder = file.parent().unwrap_or(Path::new("."));
        let place = |path: PathBuf| folder.join(path);
        let document = Placed {
            text,
            file,
            document,
        };
        let references = document.references(host, &place, &mut problems);
        let document = document.document;
        if document.docker.is_none() && references.iter().any(|one| one.docker_volume) {
            problems.0.push(
                Problem::new(None, "`docker-volume` without an engine to make volumes in")
                    .with_hint(
                        "Name the engine's socket: `[docker]` with `socket = \"/run/docker.sock\"`",
                    ),
            );
        }
        problems.into_result(Self {
            store: document.store.map(place),
            mode: document.mode,
            references,
            keep_last: document
                .keep_last
                .map_or(KEEP_LAST, |keep| keep.get().into()),
            collect_every: document.collect_every.unwrap_or(COLLECT_EVERY),
            forget_after: document.forget_after.unwrap_or(FORGET_AFTER),
            api: document.api.map(|api| place(api.socket)),
            plugin: document.plugin.map(|plugin| place(plugin.socket)),
            engine: document.docker.map(|docker| place(docker.socket)),
            metrics: document.metrics.map(|metrics| metrics.listen),
        })
    }
}

/// A document and where it stands.
struct Placed<'a> {
    text: &'a str,
    file: &'a Path,
    document: Document,
}

impl Placed<'_> {
    fn references(
        &self,
        host: Platform,
        place: &dyn Fn(PathBuf) -> PathBuf,
        problems: &mut Problems,
    ) -> Vec<Followed> {
        let document = &self.document;
        let mut found: Vec<Followed> = Vec::new();
        let mut wrong = |span: &std::ops::Range<usize>, message: String| {
            let at = locate(self.text, self.file, span);
            problems.0.push(Problem::new(Some(at), message));
        };
        for (name, one) in &document.references {
            let span = one.reference.span();
            if !is_name(name) {
                wrong(
                    &span,
                    format!(
                        "Not a name (letters, digits, `-`, `_` and `.`): `{}`",
                        name.escape_debug()
                    ),
                );
            }
            let reference = match one.reference.get_ref().parse::<Reference>() {
                Ok(Reference::DockerArchive { .. }) => {
                    wrong(
                        &span,
                        "A `docker-archive` holds an image and no artifact".to_owned(),
                    );
                    continue;
                }
                Ok(reference) => in_folder(reference, place),
                Err(error) => {
                    wrong(&span, error.to_string());
                    continue;
                }
            };
            if let Some(other) = found.iter().find(|other| other.reference == reference) {
                wrong(
                    &span,
                    format!("Followed as `{}` already: `{reference}`", other.name),
                );
            }
            let interval = one.interval.or(document.interval).unwrap_or(INTERVAL);
            if interval.is_zero() {
                wrong(&span, "`interval` must be one second or more".to_owned());
            }
            let mut platforms = one.platforms.clone().unwrap_or_else(|| vec![host]);
            platforms.sort();
            platforms.dedup();
            if platforms.is_empty() {
                wrong(&span, "`platforms` names none".to_owned());
            }
            found.push(Followed {
                name: name.clone(),
                reference,
                platforms,
                interval,
                jitter: one.jitter.or(document.jitter).unwrap_or(interval / 10),
                docker_volume: one.docker_volume,
            });
        }
        if found.len() > MAX_REFERENCES {
            problems.0.push(Problem::new(
                None,
                format!(
                    "{} references, and an agent follows {MAX_REFERENCES} at most",
                    found.len()
                ),
            ));
        }
        found
    }
}

/// Whether a text can be a name: a label of metrics, and an option of `docker run`.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// A layout's folder is beside the configuration, whatever the working directory.
fn in_folder(reference: Reference, place: &dyn Fn(PathBuf) -> PathBuf) -> Reference {
    match reference {
        Reference::Layout { dir, tag } => Reference::Layout {
            dir: place(dir),
            tag,
        },
        Reference::Archive { file, tag } => Reference::Archive {
            file: place(file),
            tag,
        },
        other => other,
    }
}

/// Where a range of bytes is, in lines and characters.
fn locate(text: &str, file: &Path, span: &std::ops::Range<usize>) -> Location {
    let point = |offset: usize| {
        let before = text.get(..offset.min(text.len())).unwrap_or_default();
        let line = before.matches('\n').count();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before[start..].chars().count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        (count(line) + 1, count(column))
    };
    let ((line, column), (end_line, end_column)) = (point(span.start), point(span.end));
    Location {
        file: file.display().to_string(),
        line,
        column,
        end_line,
        end_column,
    }
}

#[cfg(test)]
mod tests;
