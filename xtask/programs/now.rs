//! Prints the time in nanoseconds, in images whose `date` cannot: compiled alone, static, by `cargo xtask bench start`.

use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    println!("{}", since.unwrap_or_default().as_nanos());
}
