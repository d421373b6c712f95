//! Everything that CI runs, one check after the other; the last line counts them.

mod checks;
mod engines;
mod kubernetes;
mod licences;

use anyhow::{Result, bail};

use crate::console::{print, talk};
use crate::fuzz;
use crate::tree::Tree;

/// How long each fuzz target runs: enough to get past its seeds. `cargo xtask fuzz` runs them for longer.
const FUZZ_SECONDS: u32 = 4;

/// How a check went.
pub(crate) enum Outcome {
    /// As it should.
    Passed,
    /// It could not be made here, and why.
    Skipped(String),
}

/// Runs all checks, to the end even if one fails.
pub(crate) fn run(with_engines: bool) -> Result<()> {
    let tree = Tree::find()?;
    let mut count = Count::default();
    checks::run(&tree, &mut count);
    count.check("licences, bans and sources", || licences::run(&tree));
    count.check("Kubernetes examples", || kubernetes::run(&tree));
    count.check("fuzzing", || match fuzz::missing() {
        Some(why) => Ok(Outcome::Skipped(why)),
        None => fuzz::shortly(&tree, FUZZ_SECONDS).map(|()| Outcome::Passed),
    });
    if with_engines {
        engines::run(&tree, &mut count);
    } else {
        count.check("engines", || {
            Ok(Outcome::Skipped("`--no-engines` was given".to_owned()))
        });
    }
    for name in &count.failed {
        talk(&format!("failed: {name}"));
    }
    let skipped = if count.skipped == 0 {
        String::new()
    } else {
        format!(", {} skipped", count.skipped)
    };
    print(&format!(
        "{} passed, {} failed{skipped}",
        count.passed,
        count.failed.len()
    ));
    if count.failed.is_empty() {
        Ok(())
    } else {
        bail!("{} checks failed", count.failed.len())
    }
}

/// How many checks went which way.
#[derive(Debug, Default)]
pub(crate) struct Count {
    passed: usize,
    skipped: usize,
    failed: Vec<String>,
}

impl Count {
    /// Makes one check.
    pub(crate) fn check(&mut self, name: &str, work: impl FnOnce() -> Result<Outcome>) {
        talk(&format!("\n── {name}"));
        let started = std::time::Instant::now();
        let result = work();
        let took = started.elapsed().as_secs_f64();
        match result {
            Ok(Outcome::Passed) => {
                self.passed += 1;
                talk(&format!("✓ {name} ({took:.1} s)"));
            }
            Ok(Outcome::Skipped(why)) => {
                self.skipped += 1;
                talk(&format!("- {name} skipped: {why}"));
            }
            Err(error) => {
                self.failed.push(name.to_owned());
                talk(&format!("✗ {name} ({took:.1} s): {error:#}"));
            }
        }
    }
}
