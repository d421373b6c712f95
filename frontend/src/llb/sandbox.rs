//! The sandbox: what the command line gives every process of a build, be it a network, names or limits.

use super::pb;
use super::resources::Resources;

/// Around each process. The default is what a step needs: nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sandbox {
    /// What it can reach.
    pub network: Network,
    /// Names for its `/etc/hosts`.
    pub hosts: Vec<pb::HostIp>,
    /// What it believes to run on; the engine's choice if empty.
    pub hostname: String,
    /// The proxies that its variables name. They take no part in what the cache knows a result by.
    pub proxies: Option<pb::ProxyEnv>,
    /// The size of `/dev/shm` in bytes; the engine's choice if there is none.
    pub shm_size: Option<i64>,
    /// Limits of the process.
    pub ulimits: Vec<pb::Ulimit>,
    /// The control group that it is put under; the engine's choice if empty.
    pub cgroup_parent: String,
    /// What each process may use of the machine.
    pub resources: Option<Resources>,
}

/// What a process can reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// Nothing: so a build is known to depend on its inputs only.
    #[default]
    None,
    /// What the engine gives processes of builds.
    Sandbox,
    /// What the engine's host reaches. The client must entitle the build to it.
    Host,
}

impl Network {
    pub(super) fn mode(self) -> pb::NetMode {
        match self {
            Self::None => pb::NetMode::None,
            Self::Sandbox => pb::NetMode::Unset,
            Self::Host => pb::NetMode::Host,
        }
    }
}

impl Sandbox {
    /// Puts it around a process, and notes what the engine must be able to do for it.
    pub(super) fn surround(self, meta: &mut pb::Meta, caps: &mut Vec<&'static str>) {
        if self.proxies.is_some() {
            caps.push("exec.meta.proxyenv");
        }
        if !self.ulimits.is_empty() {
            caps.push("exec.meta.ulimit");
        }
        if !self.cgroup_parent.is_empty() {
            caps.push("exec.meta.cgroup.parent");
        }
        // They are no part of the process: the request has them for all.
        if self.resources.is_some() {
            caps.push("exec.meta.linux.resources");
        }
        meta.extra_hosts = self.hosts;
        meta.hostname = self.hostname;
        meta.proxy_env = self.proxies;
        meta.ulimit = self.ulimits;
        meta.cgroup_parent = self.cgroup_parent;
    }
}
