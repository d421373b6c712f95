//! The canonical form of marshalled code.
//!
//! An object that comes a second time is written as a reference to the first, which is flagged. Python flags by
//! reference count, so an object that merely *something else* in the process holds is flagged as well, and the same
//! module comes out differently from another process. Here the flags that no reference needs are taken off.
//! Nothing else changes, not even a length.

/// Bit of a type's byte: references may name this object.
const FLAG: u8 = 0x80;
/// Bytes of a reference's number, and of every other length and number of the format.
const NUMBER: usize = 4;

/// What is to be read next.
#[derive(Clone, Copy)]
enum Next {
    Objects(u64),
    Numbers(u64),
}

/// How a version writes code: numbers, objects, the first line's number, objects.
struct Layout {
    numbers: u64,
    objects: u64,
    last: u64,
}

impl Layout {
    fn of(minor: u32) -> Self {
        let (numbers, last) = if minor < 11 { (6, 1) } else { (5, 2) };
        Self {
            numbers,
            objects: 8,
            last,
        }
    }
}

/// Rewrites the code of Python 3.`minor` in place and says whether anything changed; none, and nothing changed, if
/// the form is not known.
pub(super) fn canonicalise(bytes: &mut [u8], minor: u32) -> Option<bool> {
    let scan = Scan::run(bytes, &Layout::of(minor))?;
    let mut used = vec![false; scan.flagged.len()];
    for at in &scan.references {
        *used.get_mut(number(bytes, *at)?)? = true;
    }
    if used.iter().all(|used| *used) {
        return Some(false);
    }
    let mut numbers = Vec::with_capacity(used.len());
    let mut next = 0_u32;
    for used in &used {
        numbers.push(next);
        next += u32::from(*used);
    }
    for at in &scan.references {
        let new = numbers.get(number(bytes, *at)?)?.to_le_bytes();
        bytes.get_mut(*at..*at + NUMBER)?.copy_from_slice(&new);
    }
    for (at, used) in scan.flagged.iter().zip(used) {
        if !used {
            *bytes.get_mut(*at)? &= !FLAG;
        }
    }
    Some(true)
}

/// The number at `at`.
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(NUMBER)?)?;
    usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
}

/// Where flagged objects and references are, in order.
#[derive(Default)]
struct Scan {
    flagged: Vec<usize>,
    references: Vec<usize>,
}

impl Scan {
    /// Reads one object, which must be all there is. Nesting costs an entry on the heap, and no stack.
    fn run(bytes: &[u8], layout: &Layout) -> Option<Self> {
        let mut scan = Self::default();
        let mut todo = vec![Next::Objects(1)];
        let mut at = 0;
        while let Some(next) = todo.pop() {
            match next {
                Next::Objects(0) => {}
                Next::Numbers(count) => at += usize::try_from(count).ok()? * NUMBER,
                Next::Objects(count) => {
                    todo.push(Next::Objects(count - 1));
                    at = scan.object(bytes, at, layout, &mut todo)?;
                }
            }
        }
        (at == bytes.len()).then_some(scan)
    }

    /// Reads the object at `at` without those in it, and returns where it ends.
    fn object(
        &mut self,
        bytes: &[u8],
        at: usize,
        layout: &Layout,
        todo: &mut Vec<Next>,
    ) -> Option<usize> {
        let kind = *bytes.get(at)?;
        if kind & FLAG != 0 {
            self.flagged.push(at);
        }
        let at = at + 1;
        let long = || number(bytes, at);
        let short = || bytes.get(at).map(|length| usize::from(*length));
        let mut objects = |count: usize| todo.push(Next::Objects(count as u64));
        let size = match kind & !FLAG {
            b'N' | b'F' | b'T' | b'S' | b'.' => 0,
            b'i' => 4,
            b'g' => 8,
            b'y' => 16,
            b'l' => {
                let digits = i32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
                NUMBER + usize::try_from(digits.unsigned_abs()).ok()? * 2
            }
            b's' | b't' | b'u' | b'a' | b'A' => NUMBER + long()?,
            b'z' | b'Z' => 1 + short()?,
            b')' => {
                objects(short()?);
                1
            }
            b'(' | b'[' | b'<' | b'>' => {
                objects(long()?);
                NUMBER
            }
            b':' => {
                objects(3);
                0
            }
            b'r' => {
                self.references.push(at);
                NUMBER
            }
            b'c' => {
                // The last is read first.
                todo.push(Next::Objects(layout.last));
                todo.push(Next::Numbers(1));
                todo.push(Next::Objects(layout.objects));
                todo.push(Next::Numbers(layout.numbers));
                0
            }
            _ => return None,
        };
        at.checked_add(size).filter(|end| *end <= bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A tuple of an unshared string, a shared one, and a reference to it.
    const FLAGGED: &[u8] = b"\xa9\x03\xda\x01a\xda\x01br\x02\0\0\0";

    #[test]
    fn flags_that_nothing_refers_to_are_taken_off_and_references_renumbered() {
        let mut bytes = FLAGGED.to_vec();
        assert_eq!(canonicalise(&mut bytes, 13), Some(true));
        assert_eq!(bytes, b")\x03Z\x01a\xda\x01br\0\0\0\0");
        assert_eq!(canonicalise(&mut bytes, 13), Some(false));
    }

    #[test]
    fn a_reference_to_nothing_and_bytes_after_the_end_are_no_known_form() {
        for bytes in [&b"r\0\0\0\0"[..], b"NN", b")\x02N", b"{0", b"\xe3\0\0"] {
            assert_eq!(canonicalise(&mut bytes.to_vec(), 13), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            mut bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b')'), Just(2), Just(b'N'), Just(b'r')], 0..64)
        ) {
            let before = bytes.clone();
            if canonicalise(&mut bytes, 13) == Some(true) {
                prop_assert_eq!(canonicalise(&mut bytes, 13), Some(false));
            } else {
                prop_assert_eq!(bytes, before);
            }
        }
    }
}
