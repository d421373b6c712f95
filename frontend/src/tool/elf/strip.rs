//! Says which sections no loader reads.

use object::LittleEndian as LE;
use object::elf::{
    SHT_GROUP, SHT_NULL, SHT_REL, SHT_RELA, SHT_STRTAB, SHT_SYMTAB, SHT_SYMTAB_SHNDX,
};

use super::image::{Image, slice};

/// How the names of sections begin that are for debuggers, profilers, linkers and people.
///
/// Others stay: programs find their own data in sections of their own names.
const NAMES: [&str; 11] = [
    ".comment",
    ".debug_",
    ".gdb_index",
    ".gnu_debug",
    ".gnu.build.attributes",
    ".gnu.debuglto_",
    ".gnu.lto_",
    ".gnu.warning.",
    ".llvm",
    ".stab",
    ".zdebug_",
];

/// For every section, whether it can be left out.
///
/// Those are tables of symbols with their names, relocations that are applied already (as left behind
/// for BOLT, which moves functions after linking), and what [`NAMES`] names; never what is loaded.
pub(super) fn dropped(image: &Image<'_>) -> Vec<bool> {
    let sections = &image.sections;
    let own_names = usize::from(image.header.e_shstrndx.get(LE).0);
    let mut dropped: Vec<bool> = sections
        .iter()
        .enumerate()
        .map(|(index, section)| {
            let kind = section.kind;
            let of_symbols = [SHT_GROUP, SHT_REL, SHT_RELA, SHT_SYMTAB, SHT_SYMTAB_SHNDX];
            let for_people = || {
                NAMES
                    .iter()
                    .any(|start| name(image, section.name).starts_with(start.as_bytes()))
            };
            !section.is_alloc()
                && index != own_names
                && (of_symbols.contains(&kind)
                    || (kind != SHT_NULL && kind != SHT_STRTAB && for_people()))
        })
        .collect();
    // Names go where only what went had them.
    let mut users = vec![(false, false); sections.len()];
    for (section, gone) in sections.iter().zip(&dropped) {
        if let Some(user) = users.get_mut(section.link as usize) {
            if *gone {
                user.0 = true;
            } else {
                user.1 = true;
            }
        }
    }
    for (index, section) in sections.iter().enumerate() {
        if section.kind == SHT_STRTAB && !section.is_alloc() && index != own_names {
            dropped[index] = users[index] == (true, false);
        }
    }
    dropped
}

fn name<'a>(image: &'a Image<'_>, at: u32) -> &'a [u8] {
    let names = image.header.e_shstrndx.get(LE);
    let names = image.sections.get(usize::from(names.0));
    let names = names.filter(|names| names.kind == SHT_STRTAB);
    let names = names.and_then(|names| slice(&image.bytes, names.offset, names.size));
    let rest = names.unwrap_or_default().get(at as usize..);
    let rest = rest.unwrap_or_default();
    rest.split(|byte| *byte == 0).next().unwrap_or_default()
}
