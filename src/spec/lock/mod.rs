//! PEP 751 locks (`pylock.toml`), as far as wheels are concerned.
//!
//! Unknown keys are passed over, as the standard asks of readers; what we do read must be right.
//! Nothing here knows a target: markers are parsed, and evaluated by [`crate::plan`].

mod marker;
mod package;
mod raw;
mod wheel_name;

use pep440_rs::VersionSpecifiers;
use pep508_rs::MarkerTree;

use super::Text;
use crate::report::{Location, Problem, Problems};

pub use marker::{InvalidMarker, parse as parse_marker};
pub use package::{Package, Unusable, Wheel, WheelOrigin};
pub use wheel_name::{InvalidWheelName, WheelName, normalize};

/// The longest lock that is read. One of 15 packages has a hundred kilobytes.
pub const MAX_LOCK_BYTES: usize = 8 << 20;

/// A lock that was read and found right.
#[derive(Clone, Debug)]
pub struct Lock {
    /// The Python versions that the lock is for.
    pub requires_python: Option<(VersionSpecifiers, Location)>,
    /// The environments that the lock is for; any if empty.
    pub environments: Vec<(MarkerTree, Location)>,
    /// Packages, in the order of the file.
    pub packages: Vec<Package>,
}

impl Lock {
    /// Reads a lock. `file_name` is what problems call it, such as `pylock.toml`.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Problems> {
        let text = Text::new(file_name, text, MAX_LOCK_BYTES)?;
        let lock: raw::Lock = toml::from_str(text.as_str()).map_err(|error| text.syntax(&error))?;
        let mut problems = Problems::default();
        // Minor versions add what may be passed over; another major version means something else.
        let version = lock.format.get_ref();
        if !version.starts_with("1.") {
            let at = text.locate(lock.format.span());
            let message = format!("A lock of an unknown version (known is `1.0`): `{version}`");
            problems.0.push(Problem::new(Some(at), message));
        }
        let requires_python = package::specifiers(&text, lock.requires_python, &mut problems);
        let mut environments = Vec::new();
        for environment in lock.environments {
            let at = text.locate(environment.span());
            match marker::parse(environment.get_ref()) {
                Ok(marker) => environments.push((marker, at)),
                Err(error) => problems.0.push(Problem::new(Some(at), error.to_string())),
            }
        }
        let packages = lock
            .packages
            .into_iter()
            .filter_map(|raw| package::parse(&text, raw, &mut problems))
            .collect();
        problems.into_result(Self {
            requires_python,
            environments,
            packages,
        })
    }
}

#[cfg(test)]
mod tests;
