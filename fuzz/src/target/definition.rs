//! Build graphs that clients give as contexts, and that the engine gives of our own image.

use krunner_frontend::llb::{self, Caps, Meta, pb};
use prost::Message as _;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(definition) = pb::Definition::decode(bytes) else {
        return;
    };
    let _ = llb::lacks(&definition, &Caps::default());
    if let Ok(output) = llb::graft(&definition) {
        // What was taken over can be gone on from again, and is the same.
        let again = llb::graft(&llb::marshal(&output));
        assert!(again.is_ok_and(|again| again.digest() == output.digest()));
    }
}

/// A graph of several operations.
pub(crate) fn example() -> Vec<u8> {
    let file = |name: &str| {
        let url = format!("https://example.org/{name}");
        llb::http(&url, None, name, Meta::named("download"))
    };
    let picked = llb::pick(&file("a"), &["b".to_owned()], Meta::default());
    let merged = llb::merge(&[picked, file("c")], Meta::named("merge"));
    merged
        .map(|output| llb::marshal(&output).encode_to_vec())
        .unwrap_or_default()
}
