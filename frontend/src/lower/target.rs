//! Targets: what `--target` may name.

use std::fmt;
use std::str::FromStr;

/// What is built: one stage, or all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The C runtime.
    Runtime,
    /// The Python distribution.
    Python,
    /// The installed packages.
    Wheels,
    /// The web terminal.
    Ttyd,
    /// Mount points, further files and licences.
    Base,
    /// The bill of materials of the volume.
    Sbom,
    /// Everything: a layer for each stage, and for each package.
    #[default]
    Volume,
}

impl Target {
    /// All of them, in the order of their layers, the whole last.
    pub const ALL: [Self; 7] = [
        Self::Runtime,
        Self::Python,
        Self::Wheels,
        Self::Ttyd,
        Self::Base,
        Self::Sbom,
        Self::Volume,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::Python => "python",
            Self::Wheels => "wheels",
            Self::Ttyd => "ttyd",
            Self::Base => "base",
            Self::Sbom => "sbom",
            Self::Volume => "volume",
        }
    }

    /// What it is, for people.
    pub fn description(self) -> &'static str {
        match self {
            Self::Runtime => "The C runtime",
            Self::Python => "The Python distribution",
            Self::Wheels => "The installed packages",
            Self::Ttyd => "The web terminal",
            Self::Base => "Mount points, further files and licences",
            Self::Sbom => "The bill of materials of the volume",
            Self::Volume => "Everything: a layer for each stage, and for each package",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTarget {
    name: String,
    nearest: Option<Target>,
}

impl UnknownTarget {
    /// What to do about it.
    pub fn hint(&self) -> String {
        let names = Target::ALL.map(Target::name).join(", ");
        match self.nearest {
            Some(nearest) => format!("did you mean `{nearest}`? The targets are {names}"),
            None => format!("the targets are {names}"),
        }
    }
}

impl fmt::Display for UnknownTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unknown target: `{}`", self.name)
    }
}

impl std::error::Error for UnknownTarget {}

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let lower = name.to_lowercase();
        if let Some(target) = Self::ALL.into_iter().find(|target| target.name() == lower) {
            return Ok(target);
        }
        let distance = |target: &Self| strsim::damerau_levenshtein(target.name(), &lower);
        Err(UnknownTarget {
            name: name.to_owned(),
            nearest: Self::ALL
                .into_iter()
                .min_by_key(distance)
                .filter(|target| distance(target) <= 2),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_reads_back_what_it_writes() {
        for target in Target::ALL {
            assert_eq!(target.to_string().parse(), Ok(target));
        }
    }

    #[test]
    fn the_nearest_target_is_offered() {
        let near = "wheel".parse::<Target>().unwrap_err();
        assert!(near.hint().starts_with("did you mean `wheels`?"));
        let far = "everything".parse::<Target>().unwrap_err();
        assert_eq!(
            far.hint(),
            "the targets are runtime, python, wheels, ttyd, base, sbom, volume"
        );
    }
}
