//! Archives of every format, unpacked into a folder that nothing may leave.

use krunner_frontend::tool::archive::{Options, unpack};
use krunner_frontend::tool::step::Bytes;
use krunner_frontend::tool::tree::{Links, Tree};

pub(crate) fn run(bytes: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else {
        return;
    };
    let archive = folder.path().join("archive");
    let root = folder.path().join("root");
    if std::fs::write(&archive, bytes).is_err() || std::fs::create_dir(&root).is_err() {
        return;
    }
    let input = Bytes {
        name: "input".to_owned(),
        path: archive,
        sha256: None,
    };
    let Ok(tree) = Tree::create(&root, Links::Inside) else {
        return;
    };
    if unpack(&input, &tree, &Options::default()).is_ok() {
        let _ = tree.finish();
    }
    let beside = std::fs::read_dir(folder.path()).map(Iterator::count);
    assert_eq!(
        beside.ok(),
        Some(2),
        "something was written outside of the root"
    );
}
