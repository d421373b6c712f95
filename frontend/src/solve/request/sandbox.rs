//! What the command line asks for around each process, and what of it the engine can do.

use std::fmt;
use std::net::IpAddr;

use krunner::report::Problem;

use super::resources::{self, resources};
use super::ulimit::ulimit;
use super::value::{fields, wrong};
use crate::gateway::Options;
use crate::llb::{Caps, Network, Sandbox, pb};

/// Reads the options.
pub(super) fn sandbox(options: &Options) -> Result<Sandbox, Problem> {
    let text = |key: &str| options.get(key).unwrap_or_default().to_owned();
    let hostname = options.get("build-arg:BUILDKIT_SANDBOX_HOSTNAME");
    Ok(Sandbox {
        network: network(options)?,
        hosts: hosts(options)?,
        hostname: hostname.map_or_else(|| text("hostname"), str::to_owned),
        proxies: proxies(options),
        shm_size: shm_size(options)?,
        ulimits: ulimits(options)?,
        cgroup_parent: text("cgroup-parent"),
        resources: resources(options)?,
    })
}

fn network(options: &Options) -> Result<Network, Problem> {
    const KEY: &str = "force-network-mode";
    match options.get(KEY) {
        None | Some("none") => Ok(Network::None),
        Some("sandbox") => Ok(Network::Sandbox),
        Some("host") => Ok(Network::Host),
        Some(other) => Err(wrong(
            KEY,
            other,
            "Give `--network` one of `none` and `host`",
        )),
    }
}

fn hosts(options: &Options) -> Result<Vec<pb::HostIp>, Problem> {
    const KEY: &str = "add-hosts";
    let entries = fields(KEY, options.get(KEY).unwrap_or_default())?;
    let parse = |entry: String| {
        let pair = entry.split_once('=').and_then(|(host, ip)| {
            let ip: IpAddr = ip.parse().ok()?;
            let host = host.to_lowercase();
            (!host.is_empty()).then(|| pb::HostIp {
                host,
                ip: ip.to_string(),
            })
        });
        pair.ok_or_else(|| wrong(KEY, &entry, "Give `--add-host` a name and an IP address"))
    };
    entries.into_iter().map(parse).collect()
}

fn shm_size(options: &Options) -> Result<Option<i64>, Problem> {
    const KEY: &str = "shm-size";
    let Some(text) = options.get(KEY) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(0) => Ok(None),
        Ok(size) if size > 0 => Ok(Some(size)),
        _ => Err(wrong(KEY, text, "Give a number of bytes")),
    }
}

fn ulimits(options: &Options) -> Result<Vec<pb::Ulimit>, Problem> {
    const KEY: &str = "ulimit";
    let entries = fields(KEY, options.get(KEY).unwrap_or_default())?;
    let parse = |entry: String| {
        let hint =
            "Give `--ulimit` a limit as in `nofile=1024:2048`, the hard one not below the soft one";
        ulimit(&entry).ok_or_else(|| wrong(KEY, &entry, hint))
    };
    entries.into_iter().map(parse).collect()
}

/// Clients send the proxies of their configuration with every build. In lower case they win, as in most programs.
fn proxies(options: &Options) -> Option<pb::ProxyEnv> {
    let mut proxies = pb::ProxyEnv::default();
    // Upper case comes first in the order of names.
    for (name, value) in options.with_prefix("build-arg:") {
        let slot = match name.to_ascii_lowercase().as_str() {
            "http_proxy" => &mut proxies.http_proxy,
            "https_proxy" => &mut proxies.https_proxy,
            "ftp_proxy" => &mut proxies.ftp_proxy,
            "no_proxy" => &mut proxies.no_proxy,
            "all_proxy" => &mut proxies.all_proxy,
            _ => continue,
        };
        value.clone_into(slot);
    }
    (proxies != pb::ProxyEnv::default()).then_some(proxies)
}

/// An option that cannot be honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::solve) struct Dropped {
    /// Its name on the command line.
    pub(in crate::solve) option: &'static str,
    /// The first BuildKit that has it.
    pub(in crate::solve) since: &'static str,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` needs BuildKit ≥ {}", self.option, self.since)
    }
}

/// The same without what the engine cannot do, and what that is: a limit is no reason to fail.
pub(in crate::solve) fn fit(mut sandbox: Sandbox, caps: &Caps) -> (Sandbox, Vec<Dropped>) {
    let mut dropped = Vec::new();
    let mut drop = |option| {
        dropped.push(Dropped {
            option,
            since: "0.10",
        });
    };
    if sandbox.shm_size.is_some() && !caps.has("exec.mount.tmpfs.size") {
        sandbox.shm_size = None;
        drop("--shm-size");
    }
    if !sandbox.ulimits.is_empty() && !caps.has("exec.meta.ulimit") {
        sandbox.ulimits.clear();
        drop("--ulimit");
    }
    if !sandbox.cgroup_parent.is_empty() && !caps.has("exec.meta.cgroup.parent") {
        sandbox.cgroup_parent.clear();
        drop("--cgroup-parent");
    }
    if !caps.has("exec.meta.linux.resources")
        && let Some(resources) = sandbox.resources.take()
    {
        dropped.extend(resources::names(&resources).map(|option| Dropped {
            option,
            since: "0.31",
        }));
    }
    (sandbox, dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(options: &[(&str, &str)]) -> Result<Sandbox, Problem> {
        let variables = options.iter().enumerate().map(|(index, (key, value))| {
            let name = format!("BUILDKIT_FRONTEND_OPT_{index}");
            (name, format!("{key}={value}"))
        });
        sandbox(&Options::from_env(variables))
    }

    #[test]
    fn nothing_is_given_to_a_process_that_nobody_asked_for() {
        assert_eq!(read(&[]), Ok(Sandbox::default()));
        assert_eq!(Sandbox::default().network, Network::None);
    }

    #[test]
    fn a_wrong_value_names_its_option() {
        for (option, value) in [
            ("force-network-mode", "bridge"),
            ("add-hosts", "a"),
            ("add-hosts", "a=b"),
            ("add-hosts", "=1.2.3.4"),
            ("shm-size", "64m"),
            ("shm-size", "-1"),
            ("ulimit", "nofile"),
            ("ulimit", "nosuch=1"),
            ("ulimit", "nofile=2:1"),
        ] {
            let problem = read(&[(option, value)]).unwrap_err();
            let named = format!("`{option}`: `{value}`");
            assert!(problem.message.ends_with(&named), "{}", problem.message);
        }
    }

    #[test]
    fn proxies_are_taken_in_any_case() {
        let found = read(&[
            ("build-arg:https_proxy", "https://b"),
            ("build-arg:HTTPS_PROXY", "https://a"),
            ("build-arg:No_Proxy", "c"),
        ]);
        let expected = pb::ProxyEnv {
            https_proxy: "https://b".to_owned(),
            no_proxy: "c".to_owned(),
            ..pb::ProxyEnv::default()
        };
        assert_eq!(found.unwrap().proxies, Some(expected));
    }

    #[test]
    fn what_the_engine_cannot_do_is_dropped_and_named() {
        let asked = read(&[
            ("shm-size", "1"),
            ("ulimit", "core=0"),
            ("cgroup-parent", "a"),
            ("add-hosts", "a=::1"),
        ]);
        let asked = asked.unwrap();
        let (kept, dropped) = fit(asked.clone(), &Caps::default());
        let names: Vec<_> = dropped.iter().map(|dropped| dropped.option).collect();
        assert_eq!(names, ["--shm-size", "--ulimit", "--cgroup-parent"]);
        assert_eq!(
            kept,
            Sandbox {
                hosts: asked.hosts.clone(),
                ..Sandbox::default()
            }
        );
        let all = [
            "exec.mount.tmpfs.size",
            "exec.meta.ulimit",
            "exec.meta.cgroup.parent",
        ];
        let caps = Caps::new(all.map(|cap| (cap.to_owned(), crate::llb::Cap::On)));
        assert_eq!(fit(asked.clone(), &caps), (asked, Vec::new()));
    }
}
