//! Every target over its seeds, and over seeds that something happened to: where the fuzzer cannot run, this still does.

use krunner_fuzz::{TARGETS, seeds};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How many changed inputs each target gets. Few: the fuzzer is for more.
const CASES: u32 = 40;

#[test]
fn every_target_has_seeds_and_takes_them() {
    for target in TARGETS {
        let seeds = seeds(target.name);
        assert!(!seeds.is_empty(), "`{}` has no seeds", target.name);
        for seed in seeds {
            (target.run)(&seed.bytes);
        }
    }
}

#[test]
fn every_target_takes_what_became_of_its_seeds() {
    for target in TARGETS {
        let seeds: Vec<_> = seeds(target.name)
            .into_iter()
            .map(|seed| seed.bytes)
            .collect();
        let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
        let input = (
            prop::sample::select(seeds),
            changes,
            any::<prop::sample::Index>(),
        );
        // The same in every run: what is new is the fuzzer's part.
        let config = Config {
            cases: CASES,
            failure_persistence: None,
            ..Config::default()
        };
        let mut runner =
            TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let result = runner.run(&input, |(mut bytes, changes, end)| {
            for (index, value) in changes {
                let at = index.index(bytes.len());
                bytes[at] = value;
            }
            bytes.truncate(end.index(bytes.len() * 2));
            (target.run)(&bytes);
            Ok(())
        });
        assert!(result.is_ok(), "{}: {result:?}", target.name);
    }
}
