//! Packages of a lock and their wheels.

use std::ops::Range;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::MarkerTree;
use toml::Spanned;

use super::wheel_name::normalize;
use super::{WheelName, marker, raw};
use crate::digest::Digest;
use crate::report::{Location, Problem, Problems};
use crate::spec::{Text, check, url};

/// A package of a lock.
#[derive(Clone, Debug)]
pub struct Package {
    /// Normalised name (PEP 503).
    pub name: String,
    /// The version. Locks may leave it out where the wheels say it.
    pub version: Option<Version>,
    /// When the package is needed; always if `None`.
    pub marker: Option<MarkerTree>,
    /// The Python versions that the package is for, and where the lock says so.
    pub requires_python: Option<(VersionSpecifiers, Location)>,
    /// The wheels on offer, in the order of the file.
    pub wheels: Vec<Wheel>,
    /// What the lock has instead of wheels.
    pub unusable: Option<Unusable>,
    /// Where the lock names the package.
    pub at: Location,
}

/// Forms of a package that are not installed, because that would run foreign code while building.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// A source archive.
    Sdist,
    /// A repository.
    Vcs,
    /// A folder.
    Directory,
    /// An archive by itself.
    Archive,
}

/// A wheel of a lock.
#[derive(Clone, Debug)]
pub struct Wheel {
    /// The file's name, which carries its tags.
    pub name: WheelName,
    /// Where it comes from.
    pub origin: WheelOrigin,
    /// The digest of the file.
    pub sha256: Digest,
    /// How many bytes it has, where the lock says so.
    pub size: Option<u64>,
    /// Where the lock says so.
    pub at: Location,
}

/// Where a wheel comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WheelOrigin {
    /// An address.
    Url(String),
    /// A file, relative to the lock.
    Path(String),
}

/// Takes a package over; notes what is wrong with it.
pub(super) fn parse(text: &Text, raw: raw::Package, problems: &mut Problems) -> Option<Package> {
    let at = text.locate(raw.name.span());
    let Some(name) = normalize(raw.name.get_ref()) else {
        let message = format!("Not the name of a package: `{}`", raw.name.get_ref());
        problems.0.push(Problem::new(Some(at), message));
        return None;
    };
    let version = raw.version.and_then(|version| {
        let parsed = Version::from_str(version.get_ref());
        parsed
            .map_err(|_| {
                let message = format!("Not a version: `{}`", version.get_ref());
                let at = text.locate(version.span());
                problems.0.push(Problem::new(Some(at), message));
            })
            .ok()
    });
    let marker = raw.marker.and_then(|marker| {
        let parsed = marker::parse(marker.get_ref());
        parsed
            .map_err(|error| {
                let at = text.locate(marker.span());
                problems.0.push(Problem::new(Some(at), error.to_string()));
            })
            .ok()
    });
    let mut wheels = Vec::with_capacity(raw.wheels.len());
    for wheel in raw.wheels {
        let span = wheel.span();
        match parse_wheel(text, wheel.into_inner(), &span, &name, version.as_ref()) {
            Ok(wheel) => wheels.push(wheel),
            Err(problem) => problems.0.push(problem),
        }
    }
    let unusable = [
        (raw.vcs, Unusable::Vcs),
        (raw.directory, Unusable::Directory),
        (raw.archive, Unusable::Archive),
        (raw.sdist, Unusable::Sdist),
    ];
    let unusable = unusable.into_iter().find(|(value, _)| value.is_some());
    Some(Package {
        name,
        version,
        marker,
        requires_python: specifiers(text, raw.requires_python, problems),
        wheels,
        unusable: unusable.map(|(_, unusable)| unusable),
        at,
    })
}

/// Reads a `requires-python`.
pub(super) fn specifiers(
    text: &Text,
    raw: Option<Spanned<String>>,
    problems: &mut Problems,
) -> Option<(VersionSpecifiers, Location)> {
    let raw = raw?;
    let at = text.locate(raw.span());
    let Ok(specifiers) = VersionSpecifiers::from_str(raw.get_ref()) else {
        let message = format!("Not a range of versions: `{}`", raw.get_ref());
        problems.0.push(Problem::new(Some(at), message));
        return None;
    };
    Some((specifiers, at))
}

fn parse_wheel(
    text: &Text,
    raw: raw::Wheel,
    span: &Range<usize>,
    package: &str,
    version: Option<&Version>,
) -> Result<Wheel, Problem> {
    let at = text.locate(span.clone());
    let problem = |message: String| Problem::new(Some(at.clone()), message);
    let (origin, file_name) = match (raw.url, raw.path) {
        (Some(url), _) => {
            let name = url::file_name(&url).map_err(|error| problem(error.to_string()))?;
            (WheelOrigin::Url(url), name)
        }
        (None, Some(path)) => {
            if let Some(why) = check::relative(&path) {
                let message = format!("Not a usable relative path ({why}): `{path}`");
                return Err(problem(message));
            }
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            (WheelOrigin::Path(path), name)
        }
        (None, None) => return Err(problem("A wheel without `url` and `path`".to_owned())),
    };
    let file_name = raw.name.unwrap_or(file_name);
    let name: WheelName = file_name
        .parse()
        .map_err(|error: super::InvalidWheelName| problem(error.to_string()))?;
    if name.package != package || version.is_some_and(|version| *version != name.version) {
        let version = version
            .map(|version| format!(" {version}"))
            .unwrap_or_default();
        return Err(problem(format!(
            "A wheel of another package than `{package}`{version}: `{name}`"
        )));
    }
    let Some(sha256) = raw.hashes.get("sha256") else {
        return Err(problem(format!("A wheel without a sha256: `{name}`"))
            .with_hint("Lock again with a tool that writes `hashes = { sha256 = \"…\" }`: every input is pinned by its digest"));
    };
    let sha256 = Digest::parse_hex(sha256).map_err(|_| {
        problem(format!(
            "Not a SHA-256 digest (expected 64 lower-case hex digits): `{sha256}`"
        ))
    })?;
    Ok(Wheel {
        name,
        origin,
        sha256,
        size: raw.size,
        at,
    })
}
