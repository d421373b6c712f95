//! Contexts: wherever the command line says that files are, the graph takes them from there.

use bollard_buildkit_proto::pb;
use pb::op::Op;

use crate::daemon::Record;
use crate::{IMAGE, MIRROR, daemon, graph};

/// All sources of the graphs that a build which worked out had solved.
fn sources(record: &Record) -> Vec<pb::SourceOp> {
    record.result();
    let operations = record.solved.iter().flat_map(graph::operations);
    let sources = operations.filter_map(|(_, op)| match op.op {
        Some(Op::Source(source)) => Some(source),
        _ => None,
    });
    sources.collect()
}

/// The one source whose identifier begins like this, however often it is asked for.
fn source(record: &Record, prefix: &str) -> pb::SourceOp {
    let all = sources(record);
    let mut found = all
        .iter()
        .filter(|source| source.identifier.starts_with(prefix));
    let first = found.next().unwrap_or_else(|| panic!("{prefix}: {all:#?}"));
    assert!(found.all(|other| other == first), "{all:#?}");
    first.clone()
}

fn build(options: &[(&str, &str)]) -> Record {
    let all: Vec<_> = [IMAGE, MIRROR].iter().chain(options).copied().collect();
    daemon().build(&all)
}

#[test]
fn a_repository_brings_spec_locks_and_files() {
    let options = [
        ("context", "https://example.org/a.git?ref=main"),
        ("build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR", "1"),
    ];
    let record = build(&options);
    let git = source(&record, "git://");
    assert_eq!(git.identifier, "git://example.org/a.git#main");
    assert_eq!(git.attrs["git.fullurl"], "https://example.org/a.git");
    assert_eq!(git.attrs["git.keepgitdir"], "true");
    let locals = sources(&record);
    assert!(
        locals
            .iter()
            .all(|source| !source.identifier.starts_with("local:"))
    );
}

#[test]
fn a_spec_from_standard_input_is_the_clients_even_beside_a_repository() {
    let options = [
        ("context", "git@example.org:a.git"),
        ("dockerfilekey", "dockerfile"),
        ("filename", "krunner.toml"),
    ];
    let record = build(&options);
    assert_eq!(source(&record, "local://").identifier, "local://dockerfile");
    assert_eq!(
        source(&record, "git://").attrs["git.mountsshsock"],
        "default"
    );
}

#[test]
fn the_context_may_be_a_graph_that_no_option_speaks_of() {
    let repository = build(&[("context", "https://example.org/a.git")]);
    let mut given = daemon();
    for name in ["context", "dockerfile"] {
        let definition = repository.solved[0].clone();
        given.inputs.insert(name.to_owned(), definition);
    }
    let record = given.build(&[IMAGE, MIRROR]);
    let sources = sources(&record);
    assert!(
        sources
            .iter()
            .any(|source| source.identifier == "git://example.org/a.git")
    );
    assert!(
        sources
            .iter()
            .all(|source| !source.identifier.starts_with("local:"))
    );
}

#[test]
fn a_client_that_sends_no_name_means_krunner_toml() {
    // What buildx makes of no `-f`.
    let record = build(&[("filename", "Dockerfile")]);
    let local = source(&record, "local://dockerfile");
    let paths = &local.attrs["local.followpaths"];
    assert!(
        paths.starts_with(r#"["Dockerfile","krunner.toml","#),
        "{paths}"
    );
}

#[test]
fn the_platforms_own_context_comes_first() {
    let options = [
        ("target", "python"),
        ("platform", "linux/arm64"),
        (
            "context:python-arm64:latest",
            "docker-image://example.org/any",
        ),
        (
            "context:python-arm64::linux/arm64/v8",
            "docker-image://example.org/arm:1",
        ),
        ("image-resolve-mode", "pull"),
    ];
    let image = source(&build(&options), "docker-image://example.org/");
    assert_eq!(image.identifier, "docker-image://example.org/arm:1");
    assert_eq!(image.attrs["image.resolvemode"], "pull");
    let any = source(&build(&options[..3]), "docker-image://example.org/");
    assert_eq!(any.identifier, "docker-image://example.org/any:latest");
    assert!(any.attrs.is_empty());
}

#[test]
fn folders_of_the_client_have_a_session_and_a_key_of_their_own() {
    let options = [
        ("target", "python"),
        ("context:python-amd64", "local:_context"),
        ("sharedkey:localdir:python-amd64", "py"),
        ("local-sessionid:_context", "other"),
    ];
    let local = source(&build(&options), "local://_context");
    assert_eq!(local.attrs["local.session"], "other");
    assert_eq!(
        local.attrs["local.sharedkeyhint"],
        "context:python-amd64-py"
    );
}

#[test]
fn a_value_that_leads_nowhere_is_an_invalid_argument_that_names_the_context() {
    for (option, value, named) in [
        ("context:python-amd64", "python", "`python-amd64`"),
        ("context:python-amd64", "ftp://a/b", "`python-amd64`"),
        (
            "context:python-amd64",
            "oci-layout://store",
            "`python-amd64`",
        ),
        ("context:python-amd64", "input:nosuch", "`nosuch`"),
        ("context", "https://u:secret@a/b.git?nosuch=1", "`context`"),
        ("image-resolve-mode", "sometimes", "`image-resolve-mode`"),
    ] {
        let error = daemon().build(&[IMAGE, MIRROR, (option, value)]).error();
        assert_eq!(error.code, 3, "{value}: {}", error.message);
        assert!(error.message.contains(named), "{}", error.message);
        assert!(!error.message.contains("secret"), "{}", error.message);
    }
}
