//! The `krunner` command.
fn main() {}
