//! `krunner plan`, as a user sees it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod snapshot;

use snapshot::krunner;

#[test]
fn a_plan_is_printed_as_json() {
    insta::assert_snapshot!(krunner(
        "spec/minimal",
        &[
            "plan",
            "--platform",
            "linux/arm64",
            "--build-platform",
            "linux/amd64"
        ]
    ));
}

#[test]
fn an_argument_that_is_not_given_is_shown_where_it_is_used() {
    insta::assert_snapshot!(krunner(
        "spec/no-wheel",
        &[
            "plan",
            "krunner.toml",
            "--platform",
            "linux/amd64",
            "--build-context",
            "wheel-legacy"
        ]
    ));
}

#[test]
fn an_unknown_argument_is_a_warning_and_a_foreign_platform_an_error() {
    insta::assert_snapshot!(krunner(
        "spec/minimal",
        &[
            "plan",
            "--platform",
            "linux/amd64",
            "--build-arg",
            "MIROR=x"
        ]
    ));
}

#[test]
fn a_lock_that_is_not_there_is_shown_where_it_is_named() {
    insta::assert_snapshot!(krunner(
        "spec/no-lock",
        &["plan", "--platform", "linux/arm64"]
    ));
}

#[test]
fn a_build_argument_without_a_value_is_wrong_usage() {
    insta::assert_snapshot!(krunner(
        "spec/minimal",
        &["plan", "--platform", "linux/arm64", "--build-arg", "X"]
    ));
}
