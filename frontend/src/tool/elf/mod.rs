//! Programs and libraries: which machine they are for, and what their loader is told.
//!
//! [`check()`] lets no file of a foreign machine into a volume. [`rewrite()`] makes a file use the C
//! library that lies in the volume, whatever the image around it has, and drops from it what no
//! loader reads; [`Change`] says what a file needs for that, by where it lies.
//!
//! The rewriter never grows the table of program headers, and never moves a loaded byte to another
//! address: new strings, and a dynamic section that has no free entry, lie behind a segment that is
//! there already. So an address in a file means the same before and after, for the loader, the kernel
//! and a debugger.

mod check;
mod chunk;
mod dynamic;
mod fault;
#[cfg(test)]
mod fixture;
mod image;
mod layout;
mod place;
mod rewrite;
mod room;
mod section;
mod segment;
mod stack;
mod strip;
#[cfg(test)]
mod tests;

pub use self::check::{Error, check, machine};
pub use self::fault::Fault;
pub use self::place::Change;
pub use self::rewrite::rewrite;
