//! Says that a program needs no stack that can be executed, where it says nothing.
//!
//! Without the word, glibc gives every thread a stack that can be executed. The optimiser that made
//! some distributions' Python leaves the word out.

use object::elf::{PF_R, PF_W, PT_GNU_STACK, PT_NOTE};

use super::image::Image;
use super::segment::Segment;

/// Bytes that both architectures align stacks to.
const ALIGN: u64 = 16;

/// Says it in place of the first note, which no loader needs of a program: the table of program
/// headers cannot grow. Says whether there was anything to change.
pub(super) fn say(image: &mut Image<'_>) -> bool {
    if image.segment(PT_GNU_STACK).is_some() {
        return false;
    }
    let Some(note) = image.segment_mut(PT_NOTE) else {
        return false;
    };
    *note = Segment {
        kind: PT_GNU_STACK,
        flags: PF_R | PF_W,
        offset: 0,
        address: 0,
        physical: 0,
        file_size: 0,
        memory_size: 0,
        align: ALIGN,
        moved: false,
    };
    true
}
