//! The dynamic section: what a program or library tells its loader.

use object::LittleEndian as LE;
use object::elf::{
    DF_1_PIE, DT_FLAGS_1, DT_NEEDED, DT_NULL, DT_RPATH, DT_RUNPATH, DT_STRSZ, DT_STRTAB, Dyn64,
    DynamicTag, PT_DYNAMIC, PT_INTERP,
};
use object::pod::{bytes_of_slice, slice_from_bytes};
use object::{I64, U64};

use super::fault::Fault;
use super::image::{Image, slice};

/// Bytes of an entry.
pub(super) const ENTRY: usize = size_of::<Dyn64<LE>>();
/// Entries of a table; real ones have dozens.
const ENTRIES: u64 = 1 << 16;

/// The dynamic section, without what ends it.
#[derive(Clone, Debug)]
pub(super) struct Dynamic {
    pub(super) entries: Vec<(DynamicTag, u64)>,
    /// Entries for which there is room, with the one that ends the table.
    pub(super) capacity: usize,
    pub(super) address: u64,
    /// Where the names are in memory.
    pub(super) names_at: u64,
    pub(super) names: Vec<u8>,
}

impl Dynamic {
    /// Reads it; none where the file is linked statically.
    pub(super) fn read(image: &Image<'_>) -> Result<Option<Self>, Fault> {
        let Some(segment) = image.segment(PT_DYNAMIC) else {
            return Ok(None);
        };
        let raw = image
            .loaded(segment.address, segment.file_size)
            .ok_or(Fault::Damaged("its dynamic section is not loaded"))?;
        let capacity = raw.len() / ENTRY;
        if capacity as u64 > ENTRIES {
            return Err(Fault::TooMany {
                what: "dynamic entries",
                count: capacity as u64,
            });
        }
        let (raw, _) = slice_from_bytes::<Dyn64<LE>>(raw, capacity)
            .map_err(|()| Fault::Damaged("its dynamic section is not loaded"))?;
        let entries: Vec<_> = raw
            .iter()
            .map(|entry| (entry.d_tag.get(LE), entry.d_val.get(LE)))
            .take_while(|(tag, _)| *tag != DT_NULL)
            .collect();
        if entries.len() == capacity {
            return Err(Fault::Damaged("its dynamic section has no end"));
        }
        let mut dynamic = Self {
            entries,
            capacity,
            address: segment.address,
            names_at: 0,
            names: Vec::new(),
        };
        if dynamic.get(DT_FLAGS_1).unwrap_or_default() & DF_1_PIE.0 != 0
            && image.segment(PT_INTERP).is_none()
        {
            return Ok(None);
        }
        if let (Some(at), Some(size)) = (dynamic.get(DT_STRTAB), dynamic.get(DT_STRSZ)) {
            let names = image.loaded(at, size);
            let names = names.ok_or(Fault::Damaged("its names are not loaded"))?;
            dynamic.names_at = at;
            dynamic.names = names.to_vec();
        }
        Ok(Some(dynamic))
    }

    pub(super) fn get(&self, tag: DynamicTag) -> Option<u64> {
        let entry = self.entries.iter().find(|(found, _)| *found == tag)?;
        Some(entry.1)
    }

    pub(super) fn set(&mut self, tag: DynamicTag, value: u64) {
        for entry in self.entries.iter_mut().filter(|(found, _)| *found == tag) {
            entry.1 = value;
        }
    }

    /// The name that begins at this place of the table of names.
    pub(super) fn name(&self, at: u64) -> Result<&str, Fault> {
        let damaged = Fault::Damaged("a name lies outside of its table");
        let size = (self.names.len() as u64).checked_sub(at);
        let rest = size.and_then(|size| slice(&self.names, at, size));
        let rest = rest.ok_or(damaged.clone())?;
        let end = rest.iter().position(|byte| *byte == 0).ok_or(damaged)?;
        std::str::from_utf8(&rest[..end]).map_err(|_| Fault::Damaged("a name is no text"))
    }

    /// The names of all entries of this kind.
    pub(super) fn names(&self, tag: DynamicTag) -> Result<Vec<&str>, Fault> {
        let entries = self.entries.iter().filter(|(found, _)| *found == tag);
        entries.map(|(_, at)| self.name(*at)).collect()
    }

    /// The libraries that it asks for.
    pub(super) fn needed(&self) -> Result<Vec<&str>, Fault> {
        self.names(DT_NEEDED)
    }

    /// Where it has its libraries looked for: a loader that sees a RUNPATH ignores the RPATH.
    pub(super) fn search_path(&self) -> Result<Option<&str>, Fault> {
        for tag in [DT_RUNPATH, DT_RPATH] {
            if let Some(at) = self.get(tag) {
                return self.name(at).map(Some);
            }
        }
        Ok(None)
    }

    /// The table as bytes, with so many entries in all.
    pub(super) fn encode(&self, capacity: usize) -> Vec<u8> {
        let ends = std::iter::repeat((DT_NULL, 0));
        let entries: Vec<_> = self
            .entries
            .iter()
            .copied()
            .chain(ends)
            .take(capacity)
            .map(|(tag, value)| Dyn64 {
                d_tag: I64::<LE, DynamicTag>::new(LE, tag),
                d_val: U64::new(LE, value),
            })
            .collect();
        bytes_of_slice(&entries).to_vec()
    }
}
