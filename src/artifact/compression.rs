//! Compression of layers: every kind that engines write is read, one is written.

use std::io::{self, BufRead, Read, Write};

/// The largest zstd window that is written or read, as a power of two: 8 MiB, what every reader must be able to hold.
const WINDOW_LOG: u32 = 23;
const READ_BUFFER: usize = 256 << 10;

/// The tar inside a layer, whatever it is compressed with. The media type is not asked: exports of some engines
/// have none, and the bytes themselves say it.
pub fn decompress<'a>(reader: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut head = [0; 4];
    let mut reader = io::BufReader::with_capacity(READ_BUFFER, reader);
    let mut filled = 0;
    // A short first read says nothing about the rest.
    while filled < head.len() {
        let count = reader.read(&mut head[filled..])?;
        if count == 0 {
            break;
        }
        filled += count;
    }
    let whole = io::Cursor::new(head).take(filled as u64).chain(reader);
    Ok(match head {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(whole)),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(zstd_reader(whole)?),
        _ => Box::new(whole),
    })
}

fn zstd_reader<'a, R: BufRead>(reader: R) -> io::Result<zstd::Decoder<'a, R>> {
    let mut decoder = zstd::Decoder::with_buffer(reader)?;
    decoder.window_log_max(WINDOW_LOG)?;
    Ok(decoder)
}

/// A zstd writer whose bytes depend on what is written and on the level, and on nothing else.
///
/// Multi-threaded zstd cuts its input into jobs by level alone, so one worker and eight write the same; no worker at
/// all would write something else, which is why there is always one.
pub(super) fn compressor<'a, W: Write>(
    writer: W,
    level: i32,
    workers: u32,
) -> io::Result<zstd::Encoder<'a, W>> {
    let mut encoder = zstd::Encoder::new(writer, level)?;
    encoder.multithread(workers.max(1))?;
    if level > 19 {
        // Beyond 19 the levels differ by the window alone, which readers would have to hold.
        encoder.window_log(WINDOW_LOG)?;
    }
    Ok(encoder)
}
