//! Operations and their digests, held fast: another digest means that every user's cache is lost.

use std::sync::Arc;

use krunner::digest::Digest;
use prost::Message as _;

use super::*;

fn amd64() -> pb::Platform {
    pb::Platform {
        os: "linux".to_owned(),
        architecture: "amd64".to_owned(),
        ..pb::Platform::default()
    }
}

fn archive() -> Output {
    let digest = Digest::of(b"archive");
    http(
        "https://example.org/a.tar.gz",
        Some(digest),
        "a.tar.gz",
        Meta::default(),
    )
}

fn local() -> Output {
    let local = Local {
        name: "dockerfile".to_owned(),
        session: "s".to_owned(),
        shared_key_hint: "dockerfile".to_owned(),
        follow_paths: vec!["krunner.toml".to_owned(), "pylock.toml".to_owned()],
    };
    local.output(Meta::named("[internal] load"))
}

/// A process over three inputs, whose mounts are added in the order that `order` gives.
fn process(order: &[usize]) -> Output {
    let root = image(
        "docker.io/krunner/frontend:1",
        amd64(),
        Some("local"),
        Meta::default(),
    );
    let orders = make_file(None, "/step.json", 0o444, b"{}".to_vec(), Meta::default());
    let picked = pick(
        &local(),
        &["a".to_owned(), "b/c".to_owned()],
        Meta::default(),
    );
    let mounts = [
        ("/in/archive", Mount::Input(archive())),
        ("/in/picked", Mount::Input(picked)),
        ("/krunner", Mount::Input(orders)),
        ("/tmp", Mount::Tmpfs(None)),
        ("/root/.cache", Mount::Cache("c".to_owned())),
        ("/out", Mount::Scratch),
    ];
    let mut exec = Exec::new(root, amd64(), ["/krunner-frontend".to_owned()]);
    for index in order {
        let (dest, mount) = &mounts[*index];
        exec = exec.mount(*dest, mount.clone());
    }
    exec.outputs(Meta::named("[python] unpack")).remove(0)
}

#[test]
fn digests_of_operations_never_change() {
    let process = process(&[0, 1, 2, 3, 4, 5]);
    let merged = merge(&[archive(), process.clone()], Meta::default()).unwrap();
    let copied = copy_tree(&archive(), Some(&process), 1, Meta::default());
    let repository = Git {
        remote: "https://user@example.org/a.git".to_owned(),
        repository: "example.org/a.git".to_owned(),
        reference: "main".to_owned(),
        folder: "b".to_owned(),
        ..Git::default()
    };
    let repository = repository.output(Meta::default());
    let layout = oci_layout("a@sha256:00", "s", "store", amd64(), Meta::default());
    let digests: Vec<_> = [
        ("http", archive()),
        ("local", local()),
        ("git", repository),
        ("oci-layout", layout),
        ("process", process),
        ("merge", merged),
        ("copy", copied),
    ]
    .into_iter()
    .map(|(name, output)| format!("{name} {}", output.digest()))
    .collect();
    insta::assert_snapshot!(digests.join("\n"));
}

#[test]
fn equal_graphs_give_equal_bytes_in_whatever_order_they_were_built() {
    let expected = marshal(&process(&[0, 1, 2, 3, 4, 5])).encode_to_vec();
    let mut order = [0, 1, 2, 3, 4, 5];
    for round in 0..25 {
        order.rotate_left(1 + round % 3);
        order.swap(round % 6, (round * 5 + 2) % 6);
        assert_eq!(marshal(&process(&order)).encode_to_vec(), expected);
    }
}

#[test]
fn parents_come_first_and_the_result_last() {
    let merged = merge(&[archive(), process(&[0, 1, 5])], Meta::default()).unwrap();
    let definition = marshal(&merged);
    let mut known = Vec::new();
    for bytes in &definition.def {
        let op = pb::Op::decode(bytes.as_slice()).unwrap();
        for input in &op.inputs {
            assert!(known.contains(&input.digest), "{op:?}");
        }
        known.push(Digest::of(bytes).to_string());
    }
    let last = pb::Op::decode(definition.def.last().unwrap().as_slice()).unwrap();
    assert_eq!(last.op, None);
    assert_eq!(last.inputs[0].digest, merged.digest());
    assert_eq!(definition.metadata.len(), definition.def.len());
    // The archive is an input of both, and is there once.
    let distinct: std::collections::BTreeSet<_> = known.iter().collect();
    assert_eq!(distinct.len(), known.len());
}

#[test]
fn a_process_has_no_network_and_a_root_that_it_cannot_change() {
    let definition = marshal(&process(&[5]));
    let op = definition
        .def
        .iter()
        .find_map(|bytes| match pb::Op::decode(bytes.as_slice()).unwrap().op {
            Some(pb::op::Op::Exec(exec)) => Some(exec),
            _ => None,
        })
        .unwrap();
    assert_eq!(op.network(), pb::NetMode::None);
    assert!(op.mounts[0].readonly && op.mounts[0].dest == "/" && op.mounts[0].output == -1);
}

#[test]
fn files_are_taken_by_actions_that_go_on_from_each_other() {
    let paths = ["a", "b", "c"].map(str::to_owned);
    let definition = marshal(&pick(&archive(), &paths, Meta::default()));
    let op = pb::Op::decode(definition.def[1].as_slice()).unwrap();
    let Some(pb::op::Op::File(file)) = op.op else {
        panic!("{op:?}")
    };
    let chain: Vec<_> = file
        .actions
        .iter()
        .map(|action| (action.input, action.output))
        .collect();
    assert_eq!(chain, [(-1, -1), (1, -1), (2, 0)]);
}

#[test]
fn names_groups_and_places_stay_out_of_the_digest() {
    let file = Arc::new(SourceFile {
        name: "krunner.toml".to_owned(),
        data: b"a = 1\n".to_vec(),
        definition: None,
    });
    let place = Place {
        file,
        start: (1, 0),
        end: (1, 5),
    };
    let meta = Meta::named("download")
        .at(Some(place))
        .without_cache(true)
        .in_group(Group {
            id: "g".to_owned(),
            name: "downloads".to_owned(),
        });
    let digest = Digest::of(b"archive");
    let named = http(
        "https://example.org/a.tar.gz",
        Some(digest),
        "a.tar.gz",
        meta,
    );
    assert_eq!(named.digest(), archive().digest());
    let definition = marshal(&named);
    let metadata = &definition.metadata[named.digest()];
    assert!(metadata.ignore_cache && metadata.caps.contains_key("meta.ignorecache"));
    assert_eq!(metadata.description["llb.customname"], "download");
    let source = definition.source.unwrap();
    assert_eq!(source.infos[0].language, "TOML");
    assert_eq!(
        source.locations[named.digest()].locations[0].source_index,
        0
    );
}

#[test]
fn a_definition_of_others_is_gone_on_from_with_its_digests() {
    let ours = process(&[0, 1, 2, 3, 4, 5]);
    let definition = marshal(&ours);
    let grafted = graft(&definition).unwrap();
    assert_eq!(grafted.digest(), ours.digest());
    assert_eq!(marshal(&grafted).def, definition.def);
}

#[test]
fn a_broken_definition_is_refused() {
    assert!(matches!(
        graft(&pb::Definition::default()),
        Err(GraftError::Empty)
    ));
    let mut definition = marshal(&process(&[0, 5]));
    definition.def.remove(0);
    assert!(matches!(graft(&definition), Err(GraftError::Order(_))));
    definition.def[0] = vec![0xff; 9];
    assert!(matches!(graft(&definition), Err(GraftError::Decode(_))));
}

#[test]
fn merging_one_tree_is_that_tree() {
    let one = merge(&[archive()], Meta::default()).unwrap();
    assert_eq!(one.digest(), archive().digest());
    assert!(merge(&[], Meta::default()).is_none());
}
