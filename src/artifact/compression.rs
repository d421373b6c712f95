//! Compression of layers: every kind that engines write is read, one is written.

use std::io::{self, BufRead, Read, Write};

use zstd::zstd_safe::{DCtx, ResetDirective};

use super::media;

/// The largest zstd window that is written or read, as a power of two: 8 MiB, what every reader must be able to hold.
const WINDOW_LOG: u32 = 23;
const READ_BUFFER: usize = 256 << 10;

/// The tar inside a layer, whatever it is compressed with. The media type is not asked: exports of some engines
/// have none, and the bytes themselves say it.
pub fn decompress<'a>(reader: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    let reader = io::BufReader::with_capacity(READ_BUFFER, reader);
    open(reader, None)
}

/// Decompresses one layer after the other in the same memory: a window that is new for each would cost more than most
/// layers do.
#[derive(Default)]
pub struct Decompressor(DCtx<'static>);

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decompressor")
    }
}

impl Decompressor {
    /// The same as [`decompress`], from a reader that has its bytes in pieces already.
    pub fn read<'a>(
        &'a mut self,
        reader: impl BufRead + Send + 'a,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        // It may have stopped in the middle of another layer.
        let reset = self.0.reset(ResetDirective::SessionAndParameters);
        reset.map_err(|code| io::Error::other(zstd::zstd_safe::get_error_name(code)))?;
        open(reader, Some(&mut self.0))
    }
}

fn open<'a, R: BufRead + Send + 'a>(
    mut reader: R,
    context: Option<&'a mut DCtx<'static>>,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut head = [0; 4];
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
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let mut decoder = match context {
                Some(context) => zstd::Decoder::with_context(whole, context),
                None => zstd::Decoder::with_buffer(whole)?,
            };
            decoder.window_log_max(WINDOW_LOG)?;
            Box::new(decoder)
        }
        _ => Box::new(whole),
    })
}

/// How published layers are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// zstd at a level from 1 to 22.
    Zstd(i32),
    /// gzip at a level from 1 to 9, for engines and tools that know nothing else.
    Gzip(u32),
}

impl Compression {
    /// The level for work in progress; releases take 19, at ten times the time for an eighth of the bytes.
    pub const DEFAULT: Self = Self::Zstd(9);

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Zstd(_) => media::LAYER_ZSTD,
            Self::Gzip(_) => media::LAYER_GZIP,
        }
    }

    /// How the file name of such a tar ends.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Zstd(_) => "tar.zst",
            Self::Gzip(_) => "tar.gz",
        }
    }

    /// What the bytes depend on besides the tar. Other versions of a library may write others.
    pub(super) fn key(self) -> String {
        match self {
            Self::Zstd(level) => format!("zstd{}-{level}", zstd::zstd_safe::version_string()),
            Self::Gzip(level) => format!("gzip-{level}-{}", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// A writer whose bytes depend on what is written and on the compression, and on nothing else.
pub(super) enum Compressor<'a, W: Write> {
    Zstd(Box<zstd::Encoder<'a, W>>),
    Gzip(Box<flate2::write::GzEncoder<W>>),
}

impl<W: Write> Compressor<'_, W> {
    pub(super) fn new(writer: W, compression: Compression, workers: u32) -> io::Result<Self> {
        let level = match compression {
            Compression::Zstd(level) => level,
            // No name and no time in the header.
            Compression::Gzip(level) => {
                let level = flate2::Compression::new(level);
                return Ok(Self::Gzip(Box::new(flate2::write::GzEncoder::new(
                    writer, level,
                ))));
            }
        };
        let mut encoder = zstd::Encoder::new(writer, level)?;
        // Multi-threaded zstd cuts its input into jobs by level alone, so one worker and eight write the same; no
        // worker at all would write something else, which is why there is always one.
        encoder.multithread(workers.max(1))?;
        if level > 19 {
            // Beyond 19 the levels differ by the window alone, which readers would have to hold.
            encoder.window_log(WINDOW_LOG)?;
        }
        Ok(Self::Zstd(Box::new(encoder)))
    }

    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Zstd(encoder) => encoder.finish(),
            Self::Gzip(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Compressor<'_, W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Zstd(encoder) => encoder.write(buffer),
            Self::Gzip(encoder) => encoder.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Zstd(encoder) => encoder.flush(),
            Self::Gzip(encoder) => encoder.flush(),
        }
    }
}
