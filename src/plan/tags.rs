//! Compatibility tags (PEP 425, 600, 656) of a target, from the most to the least specific.

use std::collections::BTreeMap;

use super::target::Level;
use crate::spec::lock::WheelName;

/// The first Python with a stable ABI.
const FIRST_ABI3: u64 = 2;

/// The tags that fit a target, each with its rank; 0 fits best.
#[derive(Clone, Debug)]
pub(super) struct Tags {
    ranks: BTreeMap<(String, String, String), usize>,
}

impl Tags {
    /// The tags of CPython 3.`minor` on Linux.
    pub(super) fn new(minor: u64, level: Level, machine: &str) -> Self {
        let platforms = platforms(level, machine);
        // A number beyond any Python, which no lock will ever fit, must not cost memory.
        let minor = minor.min(99);
        let mut tags = Self {
            ranks: BTreeMap::new(),
        };
        let own = format!("cp3{minor}");
        tags.add_all(&own, &own, &platforms);
        tags.add_all(&own, "abi3", &platforms);
        tags.add_all(&own, "none", &platforms);
        for older in (FIRST_ABI3..minor).rev() {
            tags.add_all(&format!("cp3{older}"), "abi3", &platforms);
        }
        let generic = generic(minor);
        for python in &generic {
            tags.add_all(python, "none", &platforms);
        }
        tags.add(&own, "none", "any");
        for python in &generic {
            tags.add(python, "none", "any");
        }
        tags
    }

    /// How well a wheel fits; `None` if it does not. Less is better.
    pub(super) fn rank(&self, wheel: &WheelName) -> Option<usize> {
        let mut best = None;
        for python in &wheel.pythons {
            for abi in &wheel.abis {
                for platform in &wheel.platforms {
                    let tag = (python.clone(), abi.clone(), platform.clone());
                    if let Some(&rank) = self.ranks.get(&tag) {
                        best = Some(best.map_or(rank, |best: usize| best.min(rank)));
                    }
                }
            }
        }
        best
    }

    fn add_all(&mut self, python: &str, abi: &str, platforms: &[String]) {
        for platform in platforms {
            self.add(python, abi, platform);
        }
    }

    fn add(&mut self, python: &str, abi: &str, platform: &str) {
        let rank = self.ranks.len();
        let tag = (python.to_owned(), abi.to_owned(), platform.to_owned());
        self.ranks.entry(tag).or_insert(rank);
    }
}

/// The Python tags that promise no implementation: this version, any 3, then older ones.
fn generic(minor: u64) -> Vec<String> {
    let older = (0..minor).rev().map(|older| format!("py3{older}"));
    [format!("py3{minor}"), "py3".to_owned()]
        .into_iter()
        .chain(older)
        .collect()
}

/// Platform tags from the newest to the oldest C library.
///
/// Bare `linux_x86_64` is left out: it promises nothing about what the wheel links.
fn platforms(level: Level, machine: &str) -> Vec<String> {
    let mut platforms = Vec::new();
    match level {
        Level::Glibc(glibc) => {
            // The first glibc of each machine that wheels were ever made for.
            let first = if machine == "x86_64" { 5 } else { 17 };
            for minor in (first..=glibc.minor()).rev() {
                platforms.push(format!("manylinux_2_{minor}_{machine}"));
                // The names that these levels had before PEP 600.
                let old = match minor {
                    17 => "manylinux2014",
                    12 => "manylinux2010",
                    5 => "manylinux1",
                    _ => continue,
                };
                platforms.push(format!("{old}_{machine}"));
            }
        }
        Level::Musl(musl) => {
            let minors = (0..=musl.minor()).rev();
            platforms.extend(minors.map(|minor| format!("musllinux_1_{minor}_{machine}")));
        }
    }
    platforms
}
