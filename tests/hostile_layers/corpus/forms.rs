//! Archives that do not say the truth about themselves.

use super::Crafted;
use crate::common::layout::Tar;

pub(super) fn all() -> Vec<Crafted> {
    let tar = Tar::default;
    let bomb = vec![0; 64 << 20];
    vec![
        (
            "bytes after the end",
            tar()
                .file("f", b"x")
                .raw(&[0; 1024])
                .raw(b"#!/bin/sh")
                .finish(),
            "end of the archive",
        ),
        (
            "a file that is cut off",
            cut(tar().file("f", &[7; 4096]).finish()),
            "",
        ),
        ("a header that is no header", vec![1; 1024], ""),
        (
            "a size that is no number",
            wrong_size(tar().file("f", b"x").finish()),
            "",
        ),
        (
            "a header of two megabytes",
            tar()
                .entry(b'x', "p", "", 0o644, &vec![b'1'; 2 << 20])
                .finish(),
            "",
        ),
        ("a bomb", tar().file("f", &bomb).finish(), "times its size"),
        (
            "a PAX size beyond the archive",
            tar().pax("size", "4096").file("f", b"x").finish(),
            "",
        ),
        (
            "a PAX size that hides a file",
            tar()
                .pax("size", "1024")
                .file("f", b"x")
                .file("../escape", b"x")
                .raw(&[7; 512])
                .finish(),
            "",
        ),
        (
            "a PAX size that is no number",
            tar().pax("size", "many").file("f", b"x").finish(),
            "",
        ),
        (
            "a PAX record that lies about its length",
            tar()
                .entry(b'x', "pax", "", 0o644, b"9999 path=f\n")
                .file("f", b"x")
                .finish(),
            "",
        ),
        (
            "a file of an exabyte",
            large(tar().file("f", b"x").finish()),
            "",
        ),
        (
            "a file of less than nothing",
            negative(tar().file("f", b"x").finish()),
            "",
        ),
        (
            "a time that no file system has",
            late(tar().file("f", b"x").finish()),
            "time",
        ),
    ]
}

/// A number that eleven octal digits cannot hold, as GNU writes it.
fn large(mut tar: Vec<u8>) -> Vec<u8> {
    tar[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0]);
    checked(tar)
}

fn negative(mut tar: Vec<u8>) -> Vec<u8> {
    tar[124..136].fill(0xff);
    checked(tar)
}

fn late(mut tar: Vec<u8>) -> Vec<u8> {
    tar[136..148].copy_from_slice(&[0x80, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0]);
    checked(tar)
}

/// With the first header's sum made right again.
fn checked(mut tar: Vec<u8>) -> Vec<u8> {
    tar[148..156].fill(b' ');
    let sum: u32 = tar[..512].iter().map(|byte| u32::from(*byte)).sum();
    tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar
}

fn cut(mut tar: Vec<u8>) -> Vec<u8> {
    tar.truncate(2048);
    tar
}

fn wrong_size(mut tar: Vec<u8>) -> Vec<u8> {
    tar[124..130].copy_from_slice(b"zzzzzz");
    tar
}
