//! What runs *inside* the exec steps of a build: it unpacks, installs, checks and normalises.
//!
//! A step has the frontend's own image as its root, no network, its inputs read-only, and one folder
//! to write for each tree that it makes. It is told what to do by one JSON document ([`step`]), and does nothing else. What it
//! reads was made by others, so every reader here is bounded, and no name leaves the folder.

pub mod archive;
mod base;
mod bytecode;
pub mod elf;
mod error;
mod gates;
pub mod installed;
pub mod normalise;
pub mod path;
mod portable;
mod program;
mod python;
mod refusal;
mod runtime;
mod sbom;
mod scratch;
mod slim;
pub mod step;
pub mod toolchain;
pub mod tree;
pub mod ttyd;
pub mod wheel;

use std::path::Path;

pub use self::error::Error;
pub use self::refusal::Refusal;
use self::step::Step;

/// Reads a step's document and does what it says.
pub fn run(document: &Path) -> Result<(), Error> {
    let text = std::fs::read(document).map_err(|source| Error::ReadStep {
        path: document.to_owned(),
        source,
    })?;
    let step = serde_json::from_slice(&text).map_err(|source| Error::ParseStep {
        path: document.to_owned(),
        source,
    })?;
    perform(&step)
}

/// Does what a step says.
#[expect(clippy::too_many_lines, reason = "one arm for each kind of step")]
pub fn perform(step: &Step) -> Result<(), Error> {
    match step {
        Step::Runtime {
            archives,
            folder,
            architecture,
            epoch,
            out,
        } => {
            let step = runtime::Runtime {
                archives,
                folder,
                architecture: *architecture,
                epoch: *epoch,
            };
            runtime::run(&step, out)
        }
        Step::Python {
            source,
            strip,
            slim,
            portable,
            compiler,
            architecture,
            epoch,
            out,
        } => {
            let step = python::Python {
                source,
                strip,
                slim,
                portable: portable.as_ref(),
                compiler: compiler.as_ref(),
                architecture: *architecture,
                epoch: *epoch,
            };
            python::run(&step, out)
        }
        Step::Wheels {
            parts,
            site_packages,
            interpreter,
            slim,
            portable,
            compiler,
            architecture,
            epoch,
        } => {
            let step = wheel::Wheels {
                parts,
                site_packages,
                interpreter,
                slim,
                portable: portable.as_ref(),
                compiler: compiler.as_ref(),
                architecture: *architecture,
                epoch: *epoch,
            };
            wheel::run(&step)
        }
        Step::Base {
            mount_points,
            files,
            python,
            gates,
            epoch,
            out,
        } => {
            let step = base::Base {
                mount_points,
                files,
                python,
                gates: gates.as_ref(),
                epoch: *epoch,
            };
            base::run(&step, out)
        }
        Step::Sbom {
            parts,
            trees,
            unpinned,
            epoch,
            out,
        } => {
            let step = sbom::Sbom {
                parts,
                trees,
                unpinned,
                epoch: *epoch,
            };
            sbom::run(&step, out)
        }
        Step::Toolchain {
            wheels,
            archives,
            epoch,
            out,
        } => toolchain::run(wheels, archives, *epoch, out),
        Step::Ttyd {
            sources,
            target,
            epoch,
            out,
        } => ttyd::build(sources, target, *epoch, out),
        Step::TtydBinary {
            binary,
            target,
            epoch,
            out,
        } => ttyd::take(binary, target, *epoch, out),
    }
}
