//! Options: what the command line asks for is in the graph, or the user is told why not.

use bollard_buildkit_proto::moby::buildkit::v1::frontend::result::Result as Tree;
use bollard_buildkit_proto::pb;
use pb::op::Op;

use crate::daemon::{Daemon, Profile, Record};
use crate::{IMAGE, MIRROR, daemon, graph};

/// A build with one more option or several.
fn build(daemon: Daemon, options: &[(&str, &str)]) -> Record {
    let all: Vec<_> = [IMAGE, MIRROR].iter().chain(options).copied().collect();
    daemon.build(&all)
}

/// All processes of a build, which has some.
fn processes(record: &Record) -> Vec<pb::ExecOp> {
    record.result();
    let operations = record.solved.iter().flat_map(graph::operations);
    let processes: Vec<_> = operations
        .filter_map(|(_, op)| match op.op {
            Some(Op::Exec(exec)) => Some(exec),
            _ => None,
        })
        .collect();
    assert!(!processes.is_empty());
    processes
}

fn metas(record: &Record) -> Vec<pb::Meta> {
    let processes = processes(record).into_iter();
    processes.map(|exec| exec.meta.unwrap()).collect()
}

fn warnings(record: &Record) -> Vec<String> {
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
    record
        .warnings
        .iter()
        .map(|warning| text(&warning.short))
        .collect()
}

#[test]
fn a_network_is_there_only_for_those_who_ask() {
    for (mode, network) in [
        ("none", pb::NetMode::None),
        ("sandbox", pb::NetMode::Unset),
        ("host", pb::NetMode::Host),
    ] {
        let record = build(daemon(), &[("force-network-mode", mode)]);
        for exec in processes(&record) {
            assert_eq!(exec.network(), network);
        }
    }
}

#[test]
fn hosts_and_the_host_name_come_to_every_process() {
    let options = [
        ("add-hosts", "Mirror=10.0.0.1,other=::1"),
        ("hostname", "not-this"),
        ("build-arg:BUILDKIT_SANDBOX_HOSTNAME", "builder"),
    ];
    let record = build(daemon(), &options);
    for meta in metas(&record) {
        let hosts: Vec<_> = meta
            .extra_hosts
            .iter()
            .map(|host| (host.host.as_str(), host.ip.as_str()))
            .collect();
        assert_eq!(hosts, [("mirror", "10.0.0.1"), ("other", "::1")]);
        assert_eq!(meta.hostname, "builder");
    }
    assert!(warnings(&record).is_empty());
}

const LIMITS: [(&str, &str); 3] = [
    ("shm-size", "134217728"),
    ("ulimit", "nofile=1024:2048"),
    ("cgroup-parent", "builds"),
];

#[test]
fn limits_come_to_every_process_where_the_engine_has_them() {
    let record = build(daemon().on(Profile::named("buildkit-0.10")), &LIMITS);
    assert!(warnings(&record).is_empty());
    for exec in processes(&record) {
        let meta = exec.meta.unwrap();
        assert_eq!(meta.cgroup_parent, "builds");
        assert_eq!((meta.ulimit[0].soft, meta.ulimit[0].hard), (1024, 2048));
        let shm = exec.mounts.iter().find(|mount| mount.dest == "/dev/shm");
        let shm = shm.unwrap();
        assert_eq!(shm.mount_type(), pb::MountType::Tmpfs);
        assert_eq!(shm.tmpfs_opt.unwrap().size, 134_217_728);
    }
}

#[test]
fn limits_that_an_old_engine_lacks_are_left_out_with_one_warning() {
    // No engine has a place for warnings and none of the limits; the oldest has neither.
    let odd = [
        "exec.mount.tmpfs.size",
        "exec.meta.ulimit",
        "exec.meta.cgroup.parent",
    ];
    let odd = odd
        .into_iter()
        .fold(Profile::named("newest"), Profile::without);
    let record = build(daemon().on(odd), &LIMITS);
    let warnings = warnings(&record);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for option in ["--shm-size", "--ulimit", "--cgroup-parent"] {
        assert!(warnings[0].contains(option), "{warnings:?}");
    }
    let old = build(daemon().on(Profile::named("docker-20.10")), &LIMITS);
    for exec in processes(&record).into_iter().chain(processes(&old)) {
        let meta = exec.meta.unwrap();
        assert!(meta.ulimit.is_empty() && meta.cgroup_parent.is_empty());
        assert!(exec.mounts.iter().all(|mount| mount.dest != "/dev/shm"));
    }
}

#[test]
fn limits_are_set_where_the_engine_has_them_and_else_warned_of() {
    const CAP: &str = "exec.meta.linux.resources";
    let options = [("memory", "1073741824"), ("cpusetcpus", "0-1")];
    let needed = |record: &Record| {
        let metadata = record
            .solved
            .iter()
            .flat_map(|graph| graph.metadata.values());
        let all = metadata.filter(|one| one.caps.contains_key("exec.meta.base"));
        let needed: Vec<bool> = all.map(|one| one.caps.contains_key(CAP)).collect();
        assert!(!needed.is_empty());
        needed
    };
    let newest = build(daemon(), &options);
    assert_eq!(warnings(&newest), [""; 0]);
    assert!(needed(&newest).iter().all(|needed| *needed));

    let older = build(
        daemon().on(Profile::named("docker-28-containerd")),
        &options,
    );
    let warnings = warnings(&older);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for option in ["`--memory`", "`--cpuset-cpus`"] {
        let text = format!("{option} needs BuildKit ≥ 0.31");
        assert!(warnings[0].contains(&text), "{warnings:?}");
    }
    assert!(needed(&older).iter().all(|needed| !needed));

    let asked = [("requestid", "frontend.convertllb"), options[0], options[1]];
    let answer = build(daemon(), &asked).result();
    let graph: serde_json::Value = serde_json::from_slice(&answer.metadata["result.json"]).unwrap();
    let metadata = graph["metadata"].as_object().unwrap().values();
    let limits: Vec<_> = metadata
        .filter_map(|one| one.get("linux_resources"))
        .collect();
    assert!(!limits.is_empty());
    for limit in limits {
        let expected = serde_json::json!({ "memory": "1073741824", "cpusetCpus": "0-1" });
        assert_eq!(limit, &expected);
    }
}

#[test]
fn proxies_are_nowhere_but_in_the_engines_own_field() {
    let proxy = "http://proxy.example:3128";
    let options = [
        ("build-arg:https_proxy", proxy),
        ("build-arg:NO_PROXY", "localhost"),
    ];
    let record = build(daemon(), &options);
    assert!(warnings(&record).is_empty());
    for meta in metas(&record) {
        assert!(meta.env.iter().all(|variable| !variable.contains("proxy")));
        let proxies = meta.proxy_env.unwrap();
        assert_eq!(
            (proxies.https_proxy.as_str(), proxies.no_proxy.as_str()),
            (proxy, "localhost")
        );
    }
    for value in record.result().metadata.values() {
        assert!(!String::from_utf8_lossy(value).contains("proxy.example"));
    }
    for definition in &record.solved {
        for (_, op) in graph::operations(definition) {
            if let Some(Op::File(file)) = op.op {
                assert!(!format!("{file:?}").contains("proxy.example"));
            }
        }
    }
}

#[test]
fn stages_that_there_are_not_are_warned_of_once() {
    let options = [
        ("no-cache", "wheels,nosuch"),
        ("platform", "linux/amd64,linux/arm64"),
    ];
    let warnings = warnings(&build(daemon(), &options));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("`nosuch`") && !warnings[0].contains("`wheels`"));
}

#[test]
fn without_the_cache_every_process_runs_again() {
    let record = build(daemon(), &[("no-cache", "")]);
    record.result();
    let definition = &record.solved[1];
    for (digest, op) in graph::operations(definition) {
        if matches!(op.op, Some(Op::Exec(_) | Op::Merge(_))) {
            assert!(definition.metadata[&digest].ignore_cache, "{op:?}");
        }
    }
}

#[test]
fn arguments_that_engines_and_clients_set_are_never_unknown() {
    let options = [
        ("build-arg:BUILDKIT_INLINE_CACHE", "1"),
        ("build-arg:BUILDKIT_BUILD_NAME", "volume"),
        ("build-arg:BUILDKIT_SYNTAX", "krunner/frontend:1"),
        ("build-arg:TARGETPLATFORM", "linux/amd64"),
        ("build-arg:BUILDARCH", "amd64"),
        ("build-arg:All_Proxy", "http://proxy.example"),
        ("build-arg:SOURCE_DATE_EPOCH", "1"),
    ];
    assert!(warnings(&build(daemon(), &options)).is_empty());
}

#[test]
fn a_wrong_value_is_an_invalid_argument_that_names_its_option() {
    for (option, value) in [
        ("platform", "windows/amd64"),
        ("multi-platform", "maybe"),
        ("force-network-mode", "bridge"),
        ("add-hosts", "here"),
        ("shm-size", "big"),
        ("ulimit", "nofile"),
        ("memory", "0"),
        ("cache-imports", "["),
        ("build-arg:SOURCE_DATE_EPOCH", "today"),
    ] {
        let error = build(daemon(), &[(option, value)]).error();
        assert_eq!(error.code, 3, "{option}: {}", error.message);
        let name = option.trim_start_matches("build-arg:");
        assert!(
            error.message.contains(&format!("`{name}`")),
            "{}",
            error.message
        );
    }
}

#[test]
fn every_solve_looks_into_the_caches() {
    let json = r#"[{"Type":"registry","Attrs":{"ref":"example.org/a"}}]"#;
    let options = [("cache-imports", json), ("cache-from", "example.org/b")];
    let record = build(daemon(), &options);
    assert!(matches!(record.result().result, Some(Tree::Ref(_))));
    let references: Vec<_> = record
        .cache_imports
        .iter()
        .map(|entry| entry.attrs["ref"].as_str())
        .collect();
    assert_eq!(references, ["example.org/a", "example.org/b"]);
}

#[test]
fn labels_of_the_command_line_win_and_annotations_go_to_what_there_is() {
    let options = [
        ("label:org.opencontainers.image.title", "mine"),
        ("label:vendor", "a=b"),
    ];
    let single = build(daemon(), &options).result().metadata;
    let config: serde_json::Value =
        serde_json::from_slice(&single["containerimage.config"]).unwrap();
    let labels = &config["config"]["Labels"];
    assert_eq!(labels["org.opencontainers.image.title"], "mine");
    assert_eq!(labels["vendor"], "a=b");
    let scopes = |metadata: &std::collections::HashMap<String, Vec<u8>>| {
        let keys = metadata.keys().filter_map(|key| {
            key.strip_suffix(".ai.backend.krunner.python")
                .map(str::to_owned)
        });
        let mut keys: Vec<_> = keys.collect();
        keys.sort();
        keys
    };
    assert_eq!(scopes(&single), ["annotation-manifest"]);
    let both = [("platform", "linux/amd64,linux/arm64")];
    assert_eq!(
        scopes(&build(daemon(), &both).result().metadata),
        [
            "annotation-index",
            "annotation-manifest[linux/amd64]",
            "annotation-manifest[linux/arm64]"
        ]
    );
}

#[test]
fn cache_folders_of_a_namespace_are_its_own() {
    let caches = |options: &[(&str, &str)]| {
        let processes = processes(&build(daemon(), options));
        let mounts = processes.into_iter().flat_map(|exec| exec.mounts);
        let caches = mounts.filter_map(|mount| mount.cache_opt);
        caches.map(|cache| cache.id).collect::<Vec<_>>()
    };
    assert_eq!(caches(&[]), ["krunner-ttyd-amd64"]);
    let own = [("build-arg:BUILDKIT_CACHE_MOUNT_NS", "ci")];
    assert_eq!(caches(&own), ["ci/krunner-ttyd-amd64"]);
}
