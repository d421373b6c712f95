//! Runs a program and says on standard error how long it took and how much memory it had: compiled alone, static, by
//! `cargo xtask bench frontend`, and put before a frontend in its image.

use std::env::args_os;
use std::process::{Command, exit};
use std::time::Instant;

unsafe extern "C" {
    fn getrusage(who: i32, usage: *mut [i64; 18]) -> i32;
}

/// Of the children that have ended.
const CHILDREN: i32 = -1;
/// Where the largest resident size is, in KiB: behind two times of two words each.
const LARGEST: usize = 4;

fn main() {
    let mut words = args_os().skip(1);
    let program = words.next().expect("stopwatch PROGRAM [ARGUMENT...]");
    let started = Instant::now();
    let status = Command::new(program).args(words).status();
    let took = started.elapsed();
    let mut usage = [0; 18];
    // SAFETY: the kernel's `struct rusage` has 18 words on 64-bit machines.
    unsafe { getrusage(CHILDREN, &raw mut usage) };
    eprintln!("stopwatch {} {}", took.as_nanos(), usage[LARGEST]);
    exit(status.ok().and_then(|status| status.code()).unwrap_or(2));
}
