//! The BuildKit frontend.
fn main() {}
