//! `krunner check`, as a user sees it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod snapshot;

use snapshot::krunner;

#[test]
fn a_good_spec_passes_in_one_line() {
    insta::assert_snapshot!(krunner("spec/static-gnu", &["check"]));
}

#[test]
fn every_problem_of_a_spec_is_shown_with_its_line() {
    insta::assert_snapshot!(krunner("spec/broken", &["check"]));
}

#[test]
fn problems_are_data_for_programs() {
    insta::assert_snapshot!(krunner("spec/no-wheel", &["check", "--output", "json"]));
}

#[test]
fn a_package_without_a_fitting_wheel_is_shown_in_the_lock() {
    insta::assert_snapshot!(krunner("spec", &["check", "no-wheel/krunner.toml"]));
}

#[test]
fn every_problem_of_a_lock_is_shown_with_its_line() {
    insta::assert_snapshot!(krunner("spec/bad-lock", &["check", "krunner.toml"]));
}

#[test]
fn a_spec_that_is_not_there_is_named() {
    insta::assert_snapshot!(krunner("spec", &["check", "nowhere/krunner.toml"]));
}
