//! What is left out of a tree, by globs.
//!
//! What is left out is never written, so that no layer carries it, and no record of a package lists it.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::archive;
use super::path::EntryPath;
use super::step;

/// Bytecode that an archive brings: it is bound to the times of the files beside it, which we change.
const BYTECODE: &str = "**/__pycache__/**";

/// Which paths are left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Slim {
    drop: GlobSet,
    keep: GlobSet,
}

impl Slim {
    /// Reads the globs. With `compiled`, bytecode goes as well, because it is made anew.
    pub(super) fn new(slim: &step::Slim, compiled: bool) -> Result<Self, globset::Error> {
        let bytecode = compiled.then_some(BYTECODE);
        let drop = slim.drop.iter().map(String::as_str).chain(bytecode);
        Ok(Self {
            drop: globs(drop)?,
            keep: globs(slim.keep.iter().map(String::as_str))?,
        })
    }

    /// Whether a path of the volume is left out.
    pub(super) fn leaves_out(&self, path: &EntryPath) -> bool {
        self.drop.is_match(path.as_str()) && !self.keep.is_match(path.as_str())
    }

    /// To unpack an archive by.
    pub(super) fn options(self, strip: archive::Strip) -> archive::Options {
        archive::Options {
            strip,
            drop: self.drop,
            keep: self.keep,
        }
    }
}

/// The globs as one. As in every shell, `*` stays within a folder and `**` does not.
pub(super) fn globs<'a>(globs: impl Iterator<Item = &'a str>) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(GlobBuilder::new(glob).literal_separator(true).build()?);
    }
    set.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slim(drop: &[&str], keep: &[&str], compiled: bool) -> Slim {
        let texts = |globs: &[&str]| globs.iter().copied().map(str::to_owned).collect();
        let slim = step::Slim {
            drop: texts(drop),
            keep: texts(keep),
            strip_symbols: false,
        };
        Slim::new(&slim, compiled).unwrap()
    }

    fn leaves_out(slim: &Slim, path: &str) -> bool {
        slim.leaves_out(&EntryPath::parse(path.as_bytes()).unwrap())
    }

    #[test]
    fn what_is_kept_stays_though_it_is_dropped() {
        let slim = slim(&["share/terminfo/**"], &["share/terminfo/x/xterm"], false);
        assert!(leaves_out(&slim, "share/terminfo/x/xtalk"));
        assert!(!leaves_out(&slim, "share/terminfo/x/xterm"));
        assert!(!leaves_out(&slim, "share/terminfo"));
    }

    #[test]
    fn bytecode_of_the_archive_goes_where_it_is_made_anew() {
        let path = "lib/python3.13/__pycache__/os.cpython-313.pyc";
        assert!(leaves_out(&slim(&[], &[], true), path));
        assert!(!leaves_out(&slim(&[], &[], false), path));
    }

    #[test]
    fn a_star_stays_within_its_folder() {
        let slim = slim(&["bin/pip*"], &[], false);
        assert!(leaves_out(&slim, "bin/pip3"));
        assert!(!leaves_out(&slim, "bin/pipes/x"));
    }
}
