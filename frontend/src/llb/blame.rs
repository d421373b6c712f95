//! Blame: which lines asked for an operation that cannot be, or that failed.

use std::collections::BTreeSet;
use std::sync::Arc;

use krunner::digest::Digest;
use prost::Message as _;

use super::definition::marshal;
use super::pb;
use super::place::{Place, SourceFile};
use super::vertex::Output;

/// The lines that asked for the sources of `output` which are `meant`, each once, in the order of the graph.
///
/// Engines change operations when they load them, so what fails may go by a digest that we never computed: the
/// source itself says more.
pub fn blame(output: &Output, meant: impl Fn(&pb::SourceOp) -> bool) -> Vec<Place> {
    let definition = marshal(output);
    let mut places: Vec<Place> = Vec::new();
    for bytes in &definition.def {
        let Ok(pb::Op {
            op: Some(pb::op::Op::Source(source)),
            ..
        }) = pb::Op::decode(bytes.as_slice())
        else {
            continue;
        };
        if !meant(&source) {
            continue;
        }
        let place = place(&definition, &Digest::of(bytes).to_string());
        places.extend(place.filter(|place| !places.contains(place)));
    }
    places
}

/// The lines that asked for an operation; if none did, as with a context that the command line names, those that
/// asked for what is made from it.
pub(super) fn place(definition: &pb::Definition, digest: &str) -> Option<Place> {
    let mut from = BTreeSet::from([digest.to_owned()]);
    for bytes in &definition.def {
        let this = Digest::of(bytes).to_string();
        let op = pb::Op::decode(bytes.as_slice()).ok()?;
        if from.contains(&this) || op.inputs.iter().any(|input| from.contains(&input.digest)) {
            if let Some(place) = own_place(definition, &this) {
                return Some(place);
            }
            from.insert(this);
        }
    }
    None
}

fn own_place(definition: &pb::Definition, digest: &str) -> Option<Place> {
    let source = definition.source.as_ref()?;
    let location = source.locations.get(digest)?.locations.first()?;
    let info = source
        .infos
        .get(usize::try_from(location.source_index).ok()?)?;
    let range = location.ranges.first()?;
    let position = |position: Option<pb::Position>| {
        let position = position.unwrap_or_default();
        let number = |number: i32| u32::try_from(number).unwrap_or_default();
        (number(position.line), number(position.character))
    };
    Some(Place {
        file: Arc::new(SourceFile {
            name: info.filename.clone(),
            data: info.data.clone(),
            definition: info.definition.clone(),
        }),
        start: position(range.start),
        end: position(range.end),
    })
}
