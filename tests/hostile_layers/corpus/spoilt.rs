//! Layers whose tar is fine, but not what is around it.

use crate::common::layout::{Packing, Tar, gzip};

pub(crate) fn spoilt() -> Vec<(&'static str, Packing)> {
    fn zstd(tar: &[u8]) -> Vec<u8> {
        zstd::encode_all(tar, 3).unwrap()
    }
    fn with(mut packed: Vec<u8>, more: &[u8]) -> Vec<u8> {
        packed.extend_from_slice(more);
        packed
    }
    fn without_end(mut packed: Vec<u8>, bytes: usize) -> Vec<u8> {
        packed.truncate(packed.len() - bytes);
        packed
    }
    fn wide(tar: &[u8]) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(27).unwrap();
        encoder.include_contentsize(false).unwrap();
        std::io::Write::write_all(&mut encoder, tar).unwrap();
        encoder.finish().unwrap()
    }
    vec![
        (
            "zstd that ends early",
            Packing::Spoilt("+zstd", |tar| without_end(zstd(tar), 9)),
        ),
        (
            "zstd with bytes behind it",
            Packing::Spoilt("+zstd", |tar| with(zstd(tar), b"#!/bin/sh")),
        ),
        (
            "zstd with a wrong bit",
            Packing::Spoilt("+zstd", |tar| {
                let mut packed = zstd(tar);
                let middle = packed.len() / 2;
                packed[middle] ^= 0x10;
                packed
            }),
        ),
        ("zstd that asks for 128 MiB", Packing::Spoilt("+zstd", wide)),
        (
            "gzip that ends early",
            Packing::Spoilt("+gzip", |tar| without_end(gzip(tar), 9)),
        ),
        (
            "gzip with bytes behind it",
            Packing::Spoilt("+gzip", |tar| with(gzip(tar), b"#!/bin/sh")),
        ),
        (
            "gzip with another checksum",
            Packing::Spoilt("+gzip", |tar| {
                let mut packed = gzip(tar);
                let at = packed.len() - 8;
                packed[at] ^= 1;
                packed
            }),
        ),
        (
            "another archive than was promised",
            Packing::Spoilt("", |_| Tar::default().file("other", b"x").finish()),
        ),
        (
            "no archive",
            Packing::Spoilt("", |_| b"<html>not found</html>".repeat(100)),
        ),
        ("nothing", Packing::Spoilt("", |_| Vec::new())),
        (
            "a second archive behind the first",
            Packing::Spoilt("", |tar| with(tar.to_vec(), tar)),
        ),
    ]
}
