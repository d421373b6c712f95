//! Changes what a program or library tells its loader.

use object::LittleEndian as LE;
use object::U32;
use object::elf::{DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_VERNEED, DT_VERNEEDNUM, PT_INTERP, Verneed};
use object::pod::{bytes_of, from_bytes};

use super::dynamic::Dynamic;
use super::fault::Fault;
use super::image::Image;
use super::place::Change;
use super::room::{self, Fresh};
use super::{layout, stack, strip};

/// Libraries whose versions a file asks for; real ones have a dozen.
const VERSIONED: u64 = 1 << 12;

/// The file after a change; none where there is nothing to change, for a static program, and for
/// what is no program or library.
///
/// All that the file has loaded stays at its addresses, byte for byte, but for the dynamic section
/// and the names changed by [`Change::plain_needed`].
pub fn rewrite(bytes: &[u8], change: &Change) -> Result<Option<Vec<u8>>, Fault> {
    let Some(mut image) = Image::parse(bytes)? else {
        return Ok(None);
    };
    let Some(mut dynamic) = Dynamic::read(&image)? else {
        return Ok(None);
    };
    let mut fresh = Fresh::default();
    let mut changed = false;
    if change.plain_needed {
        changed |= name_plainly(&mut image, &mut dynamic)?;
    }
    if let Some(wanted) = &change.rpath {
        match search(&mut dynamic, wanted)? {
            Search::AsBefore => {}
            Search::OldName => changed = true,
            Search::NewName => fresh.rpath = Some(wanted),
        }
    }
    if let Some(wanted) = &change.interpreter
        && image.segment(PT_INTERP).is_some()
        && image.interpreter()? != Some(wanted)
    {
        fresh.interpreter = Some(wanted);
    }
    let said = change.interpreter.is_some() && stack::say(&mut image);
    let dropped = if change.strip {
        strip::dropped(&image)
    } else {
        Vec::new()
    };
    let fresh_names = fresh.rpath.is_some() || fresh.interpreter.is_some();
    if !changed && !fresh_names && !said && !dropped.contains(&true) {
        return Ok(None);
    }
    let growth = if changed || fresh_names {
        room::make(&mut image, dynamic, &fresh)?
    } else {
        None
    };
    let written = layout::write(&image, growth.as_ref(), &dropped)?;
    confirm(&written, change)?;
    Ok(Some(written))
}

/// Reads what was written as a loader would: in a file whose tables overlap, one change may have undone another.
fn confirm(written: &[u8], change: &Change) -> Result<(), Fault> {
    let lost = Fault::Damaged("its tables overlap, so that it cannot be changed");
    let image = Image::parse(written)?.ok_or(lost.clone())?;
    let dynamic = Dynamic::read(&image)?.ok_or(lost.clone())?;
    let plain = !change.plain_needed || dynamic.needed()?.iter().all(|name| !name.contains('/'));
    let path = change.rpath.as_deref().filter(|path| !path.is_empty());
    let found = path.is_none() || dynamic.search_path()? == path;
    let interpreter = image.interpreter()?;
    let loader = interpreter.is_none()
        || change.interpreter.is_none()
        || interpreter == change.interpreter.as_deref();
    if plain && found && loader {
        Ok(())
    } else {
        Err(lost)
    }
}

/// How a search path came about.
enum Search {
    AsBefore,
    /// Its text is in the file already.
    OldName,
    /// Its text must be added; the entry has no value yet.
    NewName,
}

/// Makes `wanted` the one RPATH, without a RUNPATH; takes both away where it is empty.
fn search(dynamic: &mut Dynamic, wanted: &str) -> Result<Search, Fault> {
    let is_path = |tag| tag == DT_RPATH || tag == DT_RUNPATH;
    let mut paths = Vec::new();
    for (index, (tag, at)) in dynamic.entries.iter().enumerate() {
        if is_path(*tag) {
            paths.push((index, *tag, *at, dynamic.name(*at)? == wanted));
        }
    }
    match paths[..] {
        [] if wanted.is_empty() => return Ok(Search::AsBefore),
        [(_, DT_RPATH, _, true)] if !wanted.is_empty() => return Ok(Search::AsBefore),
        _ => {}
    }
    let same = paths.iter().find(|(.., same)| *same);
    let index = paths.first().map(|(index, ..)| *index);
    let index = index.unwrap_or(dynamic.entries.len());
    dynamic.entries.retain(|(tag, _)| !is_path(*tag));
    if wanted.is_empty() {
        return Ok(Search::OldName);
    }
    let at = same.map(|(_, _, at, _)| *at);
    let entry = (DT_RPATH, at.unwrap_or_default());
    dynamic.entries.insert(index, entry);
    Ok(match at {
        Some(_) => Search::OldName,
        None => Search::NewName,
    })
}

/// Asks for libraries by their name alone: the end of a path is a name in the table already.
fn name_plainly(image: &mut Image<'_>, dynamic: &mut Dynamic) -> Result<bool, Fault> {
    let mut renamed = Vec::new();
    for (index, (tag, at)) in dynamic.entries.iter().enumerate() {
        if *tag == DT_NEEDED
            && let Some(slash) = dynamic.name(*at)?.rfind('/')
        {
            renamed.push((index, *at, *at + slash as u64 + 1));
        }
    }
    for (index, _, plain) in &renamed {
        dynamic.entries[*index].1 = *plain;
    }
    if !renamed.is_empty() {
        name_versions(image, dynamic, |at| {
            let mut renamed = renamed.iter();
            renamed
                .find(|(_, path, _)| *path == at)
                .map(|found| found.2)
        })?;
    }
    Ok(!renamed.is_empty())
}

/// Renames the libraries whose versions are asked for: the loader compares them with those above.
fn name_versions(
    image: &mut Image<'_>,
    dynamic: &Dynamic,
    plain: impl Fn(u64) -> Option<u64>,
) -> Result<(), Fault> {
    let (Some(mut address), Some(count)) = (dynamic.get(DT_VERNEED), dynamic.get(DT_VERNEEDNUM))
    else {
        return Ok(());
    };
    if count > VERSIONED {
        let what = "versioned libraries";
        return Err(Fault::TooMany { what, count });
    }
    for _ in 0..count {
        let damaged = Fault::Damaged("its needed versions are not loaded");
        let size = size_of::<Verneed<LE>>() as u64;
        let offset = image.offset(address, size).ok_or(damaged.clone())?;
        let raw = image.loaded(address, size).unwrap_or_default();
        let (need, _) = from_bytes::<Verneed<LE>>(raw).map_err(|()| damaged.clone())?;
        let mut need = *need;
        if let Some(at) = plain(need.vn_file.get(LE).into()) {
            need.vn_file = U32::new(LE, u32::try_from(at).map_err(|_| damaged.clone())?);
            image.patch(offset, bytes_of(&need));
        }
        let next = need.vn_next.get(LE).into();
        if next == 0 {
            break;
        }
        address = address.checked_add(next).ok_or(damaged)?;
    }
    Ok(())
}
