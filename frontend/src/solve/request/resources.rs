//! Limits of processor and memory.

use krunner::report::Problem;

use super::value::wrong;
use crate::gateway::Options;
use crate::llb::Resources;

const POSITIVE: &str = "Give a number above 0";
const UNLIMITED: &str = "Give a number above 0, or -1 for no limit";
const SET: &str = "Give numbers and ranges, as in `0-3,7`";

/// Reads the options. `None` if no limit is given.
pub(super) fn resources(options: &Options) -> Result<Option<Resources>, Problem> {
    let positive = |option| limit(options, option, POSITIVE, positive);
    let unsigned = |option| {
        limit(options, option, POSITIVE, |text| {
            u64::try_from(self::positive(text)?).ok()
        })
    };
    let set = |option| limit(options, option, SET, set);
    let resources = Resources {
        memory: positive("memory")?,
        memory_swap: limit(options, "memswap", UNLIMITED, |text| {
            if text == "-1" {
                Some(-1)
            } else {
                self::positive(text)
            }
        })?,
        cpu_shares: unsigned("cpushares")?,
        cpu_period: unsigned("cpuperiod")?,
        cpu_quota: positive("cpuquota")?,
        cpuset_cpus: set("cpusetcpus")?,
        cpuset_mems: set("cpusetmems")?,
    };
    Ok((resources != Resources::default()).then_some(resources))
}

/// The names on the command line of the limits that are given.
pub(super) fn names(resources: &Resources) -> impl Iterator<Item = &'static str> {
    let all = [
        (resources.memory != 0, "--memory"),
        (resources.memory_swap != 0, "--memory-swap"),
        (resources.cpu_shares != 0, "--cpu-shares"),
        (resources.cpu_period != 0, "--cpu-period"),
        (resources.cpu_quota != 0, "--cpu-quota"),
        (!resources.cpuset_cpus.is_empty(), "--cpuset-cpus"),
        (!resources.cpuset_mems.is_empty(), "--cpuset-mems"),
    ];
    all.into_iter()
        .filter(|(given, _)| *given)
        .map(|(_, name)| name)
}

/// One limit; what stands for none if it is not given.
fn limit<T: Default>(
    options: &Options,
    option: &str,
    hint: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, Problem> {
    match options.get(option) {
        None => Ok(T::default()),
        Some(text) => read(text).ok_or_else(|| wrong(option, text, hint)),
    }
}

fn positive(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number > 0)
}

/// Numbers and ranges.
fn set(text: &str) -> Option<String> {
    let is_range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let bounds = first.parse::<u32>().ok().zip(last.parse::<u32>().ok());
        bounds.is_some_and(|(first, last)| first <= last)
    };
    text.split(',').all(is_range).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(all: &[(&str, &str)]) -> Result<Option<Resources>, Problem> {
        let variables = all.iter().enumerate().map(|(index, (option, value))| {
            let name = format!("BUILDKIT_FRONTEND_OPT_{index}");
            (name, format!("{option}={value}"))
        });
        resources(&Options::from_env(variables))
    }

    #[test]
    fn every_limit_is_read_and_named_as_the_command_line_has_it() {
        let all = [
            ("memory", "1073741824"),
            ("memswap", "-1"),
            ("cpushares", "512"),
            ("cpuperiod", "100000"),
            ("cpuquota", "50000"),
            ("cpusetcpus", "0-3,7"),
            ("cpusetmems", "0"),
        ];
        let resources = read(&all).unwrap().unwrap();
        assert_eq!(
            resources,
            Resources {
                memory: 1 << 30,
                memory_swap: -1,
                cpu_shares: 512,
                cpu_period: 100_000,
                cpu_quota: 50_000,
                cpuset_cpus: "0-3,7".to_owned(),
                cpuset_mems: "0".to_owned(),
            }
        );
        assert_eq!(
            names(&resources).collect::<Vec<_>>(),
            [
                "--memory",
                "--memory-swap",
                "--cpu-shares",
                "--cpu-period",
                "--cpu-quota",
                "--cpuset-cpus",
                "--cpuset-mems",
            ]
        );
        assert_eq!(read(&[]), Ok(None));
    }

    #[test]
    fn a_limit_that_cannot_be_is_an_error() {
        for (option, value) in [
            ("memory", "0"),
            ("memory", "-1"),
            ("memory", "1g"),
            ("memswap", "0"),
            ("memswap", "-2"),
            ("cpushares", "0"),
            ("cpuperiod", "-5"),
            ("cpuquota", "half"),
            ("cpusetcpus", "3-0"),
            ("cpusetmems", "0,"),
        ] {
            let problem = read(&[(option, value)]).unwrap_err();
            assert!(problem.message.contains(&format!("`{option}`")));
        }
    }
}
