//! Contexts: wherever the command line says that files are, the graph takes them from there.

use bollard_buildkit_proto::moby::buildkit::v1::frontend as proto;
use bollard_buildkit_proto::pb;
use pb::op::Op;

use crate::daemon::{Daemon, Profile, Record};
use crate::{IMAGE, MIRROR, daemon, edit, graph, quoted};

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
    build_on(daemon(), options)
}

fn build_on(daemon: Daemon, options: &[(&str, &str)]) -> Record {
    let all: Vec<_> = [IMAGE, MIRROR].iter().chain(options).copied().collect();
    daemon.build(&all)
}

/// That no file is asked of the client.
fn nothing_is_with_the_client(record: &Record) {
    let locals = sources(record).into_iter().map(|source| source.identifier);
    let locals: Vec<_> = locals.filter(|name| name.starts_with("local:")).collect();
    assert_eq!(locals, [""; 0]);
}

/// The fixture as a tar archive, below a folder.
fn archive(daemon: &Daemon, folder: &str) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, data) in &daemon.files {
        let mut header = tar::Header::new_gnu();
        header.set_size(data.len() as u64);
        archive
            .append_data(&mut header, format!("{folder}{name}"), data.as_slice())
            .unwrap();
    }
    archive.into_inner().unwrap()
}

const ADDRESS: &str = "https://example.org/volume";

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
    nothing_is_with_the_client(&record);
}

#[test]
fn an_engine_that_knows_no_folders_of_repositories_gets_them_cut_out() {
    let options = [("context", "https://example.org/a.git#main:sub/folder")];
    let mut old = daemon().on(Profile::named("docker-20.10"));
    let files = std::mem::take(&mut old.files).into_iter();
    old.files = files
        .map(|(name, data)| (format!("sub/folder/{name}"), data))
        .collect();
    let record = build_on(old, &options);
    let git = source(&record, "git://");
    assert_eq!(git.identifier, "git://example.org/a.git#main");
    let git = source(&build(&options), "git://");
    assert_eq!(git.identifier, "git://example.org/a.git#main:sub/folder");
}

#[test]
fn an_archive_at_an_address_is_unpacked() {
    let mut remote = daemon();
    let data = archive(&remote, "");
    remote.downloads.insert(ADDRESS.to_owned(), data);
    remote.files.clear();
    let record = build_on(remote, &[("context", ADDRESS)]);
    nothing_is_with_the_client(&record);
    let spec = &record.solved[1];
    let unpacks = graph::operations(spec).into_iter().any(|(_, op)| {
        let Some(Op::File(file)) = op.op else {
            return false;
        };
        format!("{file:?}").contains("attempt_unpack_docker_compatibility: true")
    });
    assert!(unpacks, "{}", graph::describe(spec));
}

#[test]
fn the_spec_may_be_deep_in_a_context_with_its_locks_beside_it() {
    let mut remote = daemon();
    let data = archive(&remote, "deep/er/");
    remote.downloads.insert(ADDRESS.to_owned(), data);
    remote.files.clear();
    let options = [
        ("context", ADDRESS),
        ("filename", "deep/er/krunner.toml"),
        ("contextsubdir", "deep/er"),
    ];
    nothing_is_with_the_client(&build_on(remote, &options));
}

#[test]
fn a_single_file_at_an_address_is_the_spec() {
    let mut remote = daemon();
    let spec = remote.files["krunner.toml"].clone();
    remote.downloads.insert(ADDRESS.to_owned(), spec);
    remote.files.clear();
    let error = build_on(remote, &[("context", ADDRESS)]).error();
    // It was read; what it lacks is the locks that would lie beside it.
    assert!(error.message.contains("`pylock.toml`"), "{}", error.message);
    assert_eq!(quoted(&error)[0].0, "context");
}

#[test]
fn a_spec_from_standard_input_finds_its_locks_in_the_context() {
    let split = || {
        let mut split = daemon();
        let spec = split.files["krunner.toml"].clone();
        let folder = [("Dockerfile".to_owned(), spec)].into();
        split.folders.insert("dockerfile".to_owned(), folder);
        split
    };
    // What buildx makes of `-f -`.
    let options = [("filename", "Dockerfile"), ("dockerfilekey", "dockerfile")];
    build_on(split(), &options).result();
    // Without saying so, the spec is beside its locks.
    let error = build_on(split(), &options[..1]).error();
    assert!(error.message.contains("`pylock.toml`"), "{}", error.message);
}

#[test]
fn the_time_of_a_build_may_be_that_of_its_repository() {
    let options = [
        ("context", "https://example.org/a.git"),
        ("build-arg:SOURCE_DATE_EPOCH", "context"),
    ];
    let mut knowing = daemon();
    let object = b"tree 00\ncommitter A <a@b> 1700000000 +0100\n\nText\n";
    knowing.known.git = Some(proto::ResolveSourceGitResponse {
        commit_object: object.to_vec(),
        ..proto::ResolveSourceGitResponse::default()
    });
    let result = build_on(knowing, &options).result();
    assert_eq!(result.metadata["source.date.epoch"], b"1700000000");
    // An engine that says nothing of repositories, and a folder, which has no time of its own.
    let old = daemon().on(Profile::named("docker-20.10"));
    let error = build_on(old, &options).error();
    assert!(
        error.message.contains("`SOURCE_DATE_EPOCH`"),
        "{}",
        error.message
    );
    assert_eq!(error.code, 3);
    let local = build(&options[1..]).result();
    assert_eq!(local.metadata["source.date.epoch"], b"1704067200");
}

#[test]
fn a_private_host_is_asked_with_the_clients_secret() {
    let private = || {
        let mut private = daemon();
        let auth = "[auth]\n\"python.example\" = \"index\"\n\n[args]";
        edit(&mut private, "[args]", auth);
        private
    };
    let options = [("target", "python")];
    let record = build_on(private(), &options);
    let python = source(&record, "https://python.example/");
    assert_eq!(python.attrs["http.authheadersecret"], "index");
    let wheels = build_on(private(), &[("target", "wheels")]);
    for source in sources(&wheels) {
        let asked = source.attrs.contains_key("http.authheadersecret");
        assert_eq!(
            asked,
            source.identifier.starts_with("https://python.example/")
        );
    }
    // An older engine would ask without it, and be refused for no visible reason.
    let old = private().on(Profile::named("docker-20.10"));
    let error = build_on(old, &options).error();
    assert!(
        error.message.contains("BuildKit ≥ 0.21"),
        "{}",
        error.message
    );
    let line = edit(&mut private(), "amd64 = {", "amd64 = {");
    assert_eq!(quoted(&error), [("krunner.toml".to_owned(), line as u64)]);
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
    assert_eq!(
        source(&record, "git://").identifier,
        "git://example.org/a.git"
    );
    nothing_is_with_the_client(&record);
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
