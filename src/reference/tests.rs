use proptest::prelude::*;

use super::*;

#[test]
fn a_reference_reads_back_what_it_writes() {
    let digest = Digest::of(b"x");
    for text in [
        "localhost/krunner".to_owned(),
        "127.0.0.1:5000/krunner:15".to_owned(),
        "[::1]:5000/a/b-c/d__e.f:15-gnu".to_owned(),
        format!("registry.example.com/team/krunner:15@{digest}"),
        format!("registry.example.com:443/krunner@{digest}"),
        "oci:out".to_owned(),
        "oci:/tmp/a:b/out:15".to_owned(),
        "oci-archive:out.tar:latest".to_owned(),
        "docker-archive:save.tar".to_owned(),
    ] {
        let reference: Reference = text.parse().unwrap();
        assert_eq!(reference.to_string(), text);
    }
}

#[test]
fn what_is_no_reference_is_refused() {
    for text in [
        "",
        "krunner",
        "krunner:15",
        "library/krunner",
        "/krunner",
        "host.example/",
        "host.example/Upper",
        "host.example/a//b",
        "host.example/a/../b",
        "host.example/-a",
        "host.example/a_-b",
        "host.example/a___b",
        "host.example:0/a",
        "host.example:99999/a",
        "host.example:+5/a",
        "ho_st.example/a",
        "[::g]:5000/a",
        "host.example/a:",
        "host.example/a:.x",
        "host.example/a:b:c",
        "host.example/a@sha256:12",
        "oci:",
        "oci::tag",
        "oci:dir:",
        "oci-archive:",
        "docker-archive:",
        "https://host.example/a",
    ] {
        assert!(text.parse::<Reference>().is_err(), "{text}");
    }
}

#[test]
fn credentials_are_refused_and_not_repeated() {
    for text in [
        "user:s3cret@host.example/a",
        "https://user:s3cret@host.example/a",
        "user:s3cret@host.example/a@sha256:00",
    ] {
        let error = text.parse::<Reference>().unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn loopback_registries_are_known() {
    for (text, loopback) in [
        ("localhost:5000/a", true),
        ("127.8.9.1:5000/a", true),
        ("[::1]:5000/a", true),
        ("10.0.0.1:5000/a", false),
        ("localhost.example/a", false),
        ("127.0.0.1.example/a", false),
    ] {
        assert_eq!(
            text.parse::<Repository>().unwrap().is_loopback(),
            loopback,
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic_and_what_it_takes_it_writes_back(text in "\\PC*") {
        if let Ok(reference) = text.parse::<Reference>() {
            prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
        }
    }

    #[test]
    fn near_misses_never_panic(text in "[a-z0-9.:/@_\\[\\]-]{0,40}") {
        if let Ok(reference) = text.parse::<Reference>() {
            prop_assert_eq!(reference.to_string(), text);
        }
    }
}
