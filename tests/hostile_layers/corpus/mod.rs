//! Layers that were crafted to do harm, by what is wrong with them.

mod clashes;
mod forms;
mod kinds;
mod links;
mod paths;
mod rights;
mod spoilt;

pub(crate) use spoilt::spoilt;

/// What it is, the archive, and a word of its refusal.
pub(crate) type Crafted = (&'static str, Vec<u8>, &'static str);

/// All archives.
pub(crate) fn hostile() -> Vec<Crafted> {
    let parts = [
        paths::all(),
        links::all(),
        clashes::all(),
        kinds::all(),
        rights::all(),
        forms::all(),
    ];
    parts.into_iter().flatten().collect()
}
