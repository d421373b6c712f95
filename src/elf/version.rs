//! Symbol versions: chains of records, each of which says how far away the next one is.

use std::collections::{BTreeMap, BTreeSet};

use object::elf::{VER_FLG_BASE, VER_FLG_WEAK};
use object::read::ReadRef;

use super::Fault;
use super::dynamic::Strings;

/// More bytes than the tables of any library have.
const TABLE: u64 = 1 << 20;
/// More versions than any library has.
const VERSIONS: usize = 8192;
/// What is said of a chain that leads out of its table.
const DAMAGED: Fault = Fault::Damaged("table of symbol versions");

/// The bytes from a place in the file on.
pub(super) fn table<'data, R: ReadRef<'data>>(
    data: R,
    place: Option<(u64, u64)>,
) -> Result<&'data [u8], Fault> {
    let (offset, room) = place.ok_or(DAMAGED)?;
    let whole = data.len().map_err(|()| DAMAGED)?;
    let size = room.min(TABLE).min(whole.saturating_sub(offset));
    data.read_bytes_at(offset, size).map_err(|()| DAMAGED)
}

/// The versions that are needed, by library.
pub(super) fn needed<'data, R: ReadRef<'data>>(
    table: &[u8],
    count: u64,
    strings: &Strings<R>,
) -> Result<BTreeMap<String, BTreeSet<String>>, Fault> {
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    let mut budget = VERSIONS;
    let mut at = 0;
    for _ in 0..count {
        let versions = found
            .entry(strings.get(long(table, at + 4)?.into())?)
            .or_default();
        let mut next = at + offset(table, at + 8)?;
        for _ in 0..short(table, at + 2)? {
            spend(&mut budget)?;
            let flags = short(table, next + 4)?;
            if flags & VER_FLG_WEAK.0 == 0 {
                versions.insert(strings.get(long(table, next + 8)?.into())?);
            }
            match offset(table, next + 12)? {
                0 => break,
                step => next += step,
            }
        }
        match offset(table, at + 12)? {
            0 => break,
            step => at += step,
        }
        spend(&mut budget)?;
    }
    Ok(found)
}

/// The versions that are there, without the one that stands for the library itself.
pub(super) fn defined<'data, R: ReadRef<'data>>(
    table: &[u8],
    count: u64,
    strings: &Strings<R>,
) -> Result<BTreeSet<String>, Fault> {
    let mut found = BTreeSet::new();
    let mut budget = VERSIONS;
    let mut at = 0;
    for _ in 0..count {
        spend(&mut budget)?;
        // The first name is the version; others are those that it extends.
        if short(table, at + 2)? & VER_FLG_BASE.0 == 0 && short(table, at + 6)? > 0 {
            let name = at + offset(table, at + 12)?;
            found.insert(strings.get(long(table, name)?.into())?);
        }
        match offset(table, at + 16)? {
            0 => break,
            step => at += step,
        }
    }
    Ok(found)
}

fn spend(budget: &mut usize) -> Result<(), Fault> {
    *budget = budget
        .checked_sub(1)
        .ok_or(Fault::TooMany("symbol versions"))?;
    Ok(())
}

fn short(table: &[u8], at: usize) -> Result<u16, Fault> {
    let bytes = table.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map(|bytes| u16::from_le_bytes(*bytes)).ok_or(DAMAGED)
}

fn long(table: &[u8], at: usize) -> Result<u32, Fault> {
    let bytes = table.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map(|bytes| u32::from_le_bytes(*bytes)).ok_or(DAMAGED)
}

/// A distance to another record. The table is small, so that sums of these stay far from overflowing.
fn offset(table: &[u8], at: usize) -> Result<usize, Fault> {
    usize::try_from(long(table, at)?)
        .ok()
        .filter(|offset| *offset <= table.len())
        .ok_or(DAMAGED)
}
