//! Limits of processor and memory, which we read but cannot pass on: the protocol's types that we use (of BuildKit
//! 0.29) have no place for them. What is wrong with one is still said, and the rest is warned of.

use krunner::report::Problem;

use super::value::wrong;
use crate::gateway::Options;

/// The option, its name on the command line, and what its value is.
const LIMITS: [(&str, &str, Kind); 7] = [
    ("memory", "--memory", Kind::Positive),
    ("memswap", "--memory-swap", Kind::PositiveOrUnlimited),
    ("cpushares", "--cpu-shares", Kind::Positive),
    ("cpuperiod", "--cpu-period", Kind::Positive),
    ("cpuquota", "--cpu-quota", Kind::Positive),
    ("cpusetcpus", "--cpuset-cpus", Kind::Set),
    ("cpusetmems", "--cpuset-mems", Kind::Set),
];

#[derive(Clone, Copy)]
enum Kind {
    Positive,
    /// `-1` is no limit.
    PositiveOrUnlimited,
    /// Numbers and ranges, such as `0-3,7`.
    Set,
}

/// The names on the command line of those that are given.
pub(super) fn given(options: &Options) -> Result<Vec<&'static str>, Problem> {
    let mut given = Vec::new();
    for (option, name, kind) in LIMITS {
        let Some(text) = options.get(option) else {
            continue;
        };
        let (valid, hint) = match kind {
            Kind::Positive => (is_positive(text), "Give a number above 0"),
            Kind::PositiveOrUnlimited => (
                is_positive(text) || text == "-1",
                "Give a number above 0, or -1 for no limit",
            ),
            Kind::Set => (is_set(text), "Give numbers and ranges, as in `0-3,7`"),
        };
        if !valid {
            return Err(wrong(option, text, hint));
        }
        given.push(name);
    }
    Ok(given)
}

fn is_positive(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number > 0)
}

fn is_set(text: &str) -> bool {
    text.split(',').all(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let bounds = first.parse::<u32>().ok().zip(last.parse::<u32>().ok());
        bounds.is_some_and(|(first, last)| first <= last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(option: &str, value: &str) -> Result<Vec<&'static str>, Problem> {
        let name = "BUILDKIT_FRONTEND_OPT_0".to_owned();
        given(&Options::from_env([(name, format!("{option}={value}"))]))
    }

    #[test]
    fn a_limit_is_named_as_the_command_line_has_it() {
        for (option, value, name) in [
            ("memory", "1073741824", "--memory"),
            ("memswap", "-1", "--memory-swap"),
            ("cpusetcpus", "0-3,7", "--cpuset-cpus"),
        ] {
            assert_eq!(read(option, value), Ok(vec![name]));
        }
        assert_eq!(given(&Options::default()), Ok(Vec::new()));
    }

    #[test]
    fn a_limit_that_cannot_be_is_an_error() {
        for (option, value) in [
            ("memory", "0"),
            ("memory", "-1"),
            ("memory", "1g"),
            ("memswap", "0"),
            ("memswap", "-2"),
            ("cpuquota", "half"),
            ("cpusetcpus", "3-0"),
            ("cpusetmems", "0,"),
        ] {
            let problem = read(option, value).unwrap_err();
            assert!(problem.message.contains(&format!("`{option}`")));
        }
    }
}
