//! The stand-in itself: what it must refuse, it refuses.

use bollard_buildkit_proto::moby::buildkit::v1::frontend as proto;
use bollard_buildkit_proto::pb;
use pb::op::Op;
use prost::Message as _;

use super::{Profile, definition, outcome, pipes};
use crate::{IMAGE, MIRROR, daemon, graph};

/// The graph of the fixture's volume.
fn volume() -> pb::Definition {
    daemon().build(&[IMAGE, MIRROR]).solved.remove(1)
}

fn refusal(definition: &pb::Definition) -> String {
    definition::check(definition, &Profile::named("newest")).unwrap_err()
}

/// The graph without what follows its first operation of a kind, which is changed.
fn changed<T>(
    kind: impl Fn(&mut pb::op::Op) -> Option<&mut T>,
    change: impl Fn(&mut T),
) -> pb::Definition {
    let mut definition = volume();
    let all = graph::operations(&definition);
    let is_it =
        |(_, op): &(String, pb::Op)| op.op.clone().is_some_and(|mut op| kind(&mut op).is_some());
    let at = all.iter().position(is_it).unwrap();
    let (before, mut op) = all[at].clone();
    change(kind(op.op.as_mut().unwrap()).unwrap());
    let bytes = op.encode_to_vec();
    let digest = krunner::digest::Digest::of(&bytes).to_string();
    let metadata = definition.metadata[&before].clone();
    definition.metadata.insert(digest.clone(), metadata);
    definition.def.truncate(at);
    definition.def.push(bytes);
    let input = pb::Input { digest, index: 0 };
    let inputs = vec![input];
    let last = pb::Op {
        inputs,
        ..pb::Op::default()
    };
    definition.def.push(last.encode_to_vec());
    definition
}

fn exec(change: impl Fn(&mut pb::ExecOp)) -> String {
    fn kind(op: &mut Op) -> Option<&mut pb::ExecOp> {
        match op {
            Op::Exec(exec) => Some(exec),
            _ => None,
        }
    }
    refusal(&changed(kind, change))
}

fn file(change: impl Fn(&mut pb::FileOp)) -> String {
    fn kind(op: &mut Op) -> Option<&mut pb::FileOp> {
        match op {
            Op::File(file) => Some(file),
            _ => None,
        }
    }
    refusal(&changed(kind, change))
}

#[test]
fn operations_that_the_engine_refuses_are_refused() {
    assert_eq!(
        exec(|exec| exec.meta = None),
        "invalid exec op with no meta"
    );
    let meta = |change: fn(&mut pb::Meta)| exec(move |exec| change(exec.meta.as_mut().unwrap()));
    assert_eq!(
        meta(|meta| meta.args.clear()),
        "invalid exec op with no args"
    );
    assert_eq!(meta(|meta| meta.cwd.clear()), "invalid exec op with no cwd");
    assert_eq!(
        exec(|exec| exec.mounts.clear()),
        "invalid exec op with no mounts"
    );
    let no_root = exec(|exec| exec.mounts.retain(|mount| mount.dest != "/"));
    assert_eq!(no_root, "invalid exec op with no rootfs");
    let far = exec(|exec| exec.mounts[0].input = 99);
    assert_eq!(far, "input index 99 out of range");
    let fewer = exec(|exec| exec.mounts.retain(|mount| mount.output < 0));
    assert_eq!(
        fewer,
        "invalid response from exec need 0 index but 0 results received"
    );
    assert_eq!(
        file(|file| file.actions.clear()),
        "invalid file op with no actions"
    );
    let unheard = exec(|exec| exec.security = 1);
    assert!(
        unheard.ends_with("needs exec.meta.security and does not say so"),
        "{unheard}"
    );
}

#[test]
fn graphs_that_the_engine_refuses_are_refused() {
    assert_eq!(
        refusal(&pb::Definition::default()),
        "invalid empty definition"
    );
    let mut short = volume();
    short.def.truncate(1);
    assert_eq!(refusal(&short), "invalid LLB with 1 vertexes");
    let mut open = volume();
    open.def.pop();
    assert_eq!(refusal(&open), "the last operation is more than a mark");
    let mut loose = volume();
    loose.def.remove(0);
    assert!(refusal(&loose).starts_with("invalid missing input digest sha256:"));
    let old = Profile::named("docker-20.10");
    let error = definition::check(&volume(), &old).unwrap_err();
    assert_eq!(error, "unknown API capability mergeop");
    let off = Profile::named("docker-28-graph-drivers");
    let error = definition::check(&volume(), &off).unwrap_err();
    let reason = "only enabled with containerd image store backend";
    let text = "requested experimental feature mergeop  has been disabled on the build server";
    assert_eq!(error, format!("{text}: {reason}"));
}

#[test]
fn results_that_the_engine_refuses_are_refused() {
    let returned = |options: &[(&str, &str)]| daemon().build(options).returned.unwrap();
    let both = [IMAGE, MIRROR, ("platform", "linux/amd64,linux/arm64")];
    let good = returned(&both);
    assert_eq!(outcome::accept(&good, 3, None), Ok(()));
    let refused = |request: &proto::ReturnRequest| outcome::accept(request, 3, None).unwrap_err();
    let neither = proto::ReturnRequest::default();
    assert_eq!(
        refused(&neither),
        "gateway return must be either result or err"
    );
    let twice = outcome::accept(&good, 3, Some(&good)).unwrap_err();
    assert_eq!(twice, "gateway result is already set");
    let unknown = outcome::accept(&good, 2, None).unwrap_err();
    assert_eq!(unknown, "return reference ref3 not found");

    let newest = Profile::named("newest");
    let exported = |change: fn(&mut proto::Result)| {
        let mut result = good.result.clone().unwrap();
        change(&mut result);
        outcome::export(&result, &newest)
    };
    assert_eq!(exported(|_| {}), Ok(()));
    let unmapped = exported(|result| drop(result.metadata.remove("refs.platforms")));
    let text = "unable to export multiple refs, missing platforms mapping";
    assert_eq!(unmapped, Err(text.to_owned()));
    let bare = exported(|result| {
        let key = "containerimage.config/linux/arm64".to_owned();
        result.metadata.insert(key, b"{}".to_vec());
    });
    assert_eq!(
        bare,
        Err("image config does not specify a platform".to_owned())
    );
}

#[test]
fn what_is_printed_between_frames_is_seen() {
    let frame = [0, 0, 1, 0, 0, 0, 0, 0, 1, b'x'];
    let mut stream = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    stream.extend(frame);
    assert!(pipes::is_http2(&stream, false));
    assert!(!pipes::is_http2(&stream[..stream.len() - 1], false));
    assert!(pipes::is_http2(&stream[..stream.len() - 1], true));
    stream.extend(b"thread 'main' panicked");
    stream.extend(frame);
    assert!(!pipes::is_http2(&stream, true));
    assert!(!pipes::is_http2(b"hello", true));
}
