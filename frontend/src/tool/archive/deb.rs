//! Unpacks a Debian package: an `ar` archive whose member `data.tar.*` holds the files.

use std::fs::File;
use std::io::{BufReader, Read};

use super::format::{Format, HEAD};
use super::{Refusal, Unpacker, tarball};

pub(super) fn unpack(file: File, unpacker: &mut Unpacker<'_>) -> Result<(), Refusal> {
    let mut archive = ar::Archive::new(BufReader::with_capacity(256 << 10, file));
    while let Some(member) = archive.next_entry() {
        let mut member = member.map_err(|error| Refusal::Damaged(error.to_string()))?;
        if !member.header().identifier().starts_with(b"data.tar") {
            continue;
        }
        let mut head = Vec::with_capacity(HEAD);
        (&mut member).take(HEAD as u64).read_to_end(&mut head)?;
        let format = Format::detect(&head);
        if !matches!(
            format,
            Format::Tar | Format::Gzip | Format::Xz | Format::Zstd
        ) {
            unpacker.at(member.header().identifier());
            return Err(Refusal::Format("of no format that is known"));
        }
        let whole = head.as_slice().chain(member);
        return tarball::unpack(&mut *format.decompress(whole), unpacker);
    }
    Err(Refusal::Format(
        "an ar archive without a `data.tar`, so no Debian package",
    ))
}
