//! The BuildKit frontend, and the tool that runs inside its steps.
fn main() {}
