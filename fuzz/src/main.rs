//! The fuzzer: libFuzzer's own command line, over the target that `KRUNNER_FUZZ` names.
//!
//! It writes the target's seeds into the folder that `KRUNNER_FUZZ_SEEDS` names, before libFuzzer reads that folder.

#![no_main]

use std::sync::LazyLock;

use krunner_fuzz::{TARGETS, Target, seeds};

#[expect(clippy::expect_used, reason = "whoever starts it gives a name")]
static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("KRUNNER_FUZZ").expect("`KRUNNER_FUZZ` names no target");
    let mut targets = TARGETS.into_iter();
    let found = targets.find(|target| target.name == name);
    found.expect("`KRUNNER_FUZZ` names no target that there is")
});

#[expect(clippy::expect_used, reason = "nothing can be tried without seeds")]
fn write_seeds() {
    let Some(folder) = std::env::var_os("KRUNNER_FUZZ_SEEDS") else {
        return;
    };
    for seed in seeds(TARGET.name) {
        let path = std::path::Path::new(&folder).join(seed.name);
        std::fs::write(path, seed.bytes).expect("the seeds cannot be written");
    }
}

libfuzzer_sys::fuzz_target!(
    init: write_seeds(),
    |bytes: &[u8]| if bytes.len() <= TARGET.longest { (TARGET.run)(bytes) }
);
