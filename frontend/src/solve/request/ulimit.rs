//! One limit of a process: `NAME=SOFT[:HARD]`.

use crate::llb::pb;

/// What Linux limits, by Docker's names.
const NAMES: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// No limit.
const UNLIMITED: i64 = -1;

/// Reads a limit; `None` for what is none. The hard limit is the soft one if it is left out.
pub(super) fn ulimit(text: &str) -> Option<pb::Ulimit> {
    let (name, limits) = text.split_once('=')?;
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    let (soft, hard): (i64, i64) = (soft.parse().ok()?, hard.parse().ok()?);
    let in_order = hard == UNLIMITED || (soft != UNLIMITED && soft <= hard);
    let valid = NAMES.contains(&name) && soft >= UNLIMITED && hard >= UNLIMITED && in_order;
    valid.then(|| pb::Ulimit {
        name: name.to_owned(),
        soft,
        hard,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_has_one_or_two_numbers() {
        for (text, soft, hard) in [
            ("nofile=1024:2048", 1024, 2048),
            ("core=0", 0, 0),
            ("memlock=-1", -1, -1),
            ("stack=1:-1", 1, -1),
        ] {
            let found = ulimit(text).unwrap();
            assert_eq!((found.soft, found.hard), (soft, hard), "{text}");
        }
    }

    #[test]
    fn what_limits_nothing_is_refused() {
        for text in [
            "",
            "core",
            "core=",
            "core=a",
            "core=2:1",
            "core=-1:1",
            "core=-2",
            "c=1",
            "core=1:2:3",
        ] {
            assert!(ulimit(text).is_none(), "{text}");
        }
    }
}
