//! Which engines there are, and what each can do.

use clap::ValueEnum;

/// An engine that the workbench can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The oldest supported one: BuildKit 0.8, one platform at a time
    #[value(name = "20.10")]
    V20,
    /// BuildKit 0.13 with the containerd store
    #[value(name = "26.1")]
    V26,
    /// BuildKit 0.25 with the containerd store
    #[value(name = "28.5")]
    V28,
    /// The machine's own
    Host,
}

impl Kind {
    /// How it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V20 => "20.10",
            Self::V26 => "26.1",
            Self::V28 => "28.5",
            Self::Host => "host",
        }
    }

    /// The Debian suite that carries it.
    pub(super) fn suite(self) -> &'static str {
        match self {
            Self::V20 | Self::Host => "bookworm",
            Self::V26 => "trixie",
            Self::V28 => "sid",
        }
    }

    /// The packages that make it.
    pub(super) fn packages(self) -> &'static [&'static str] {
        match self {
            Self::V20 => &["docker.io", "containerd"],
            Self::V26 | Self::V28 => &["docker.io", "docker-cli", "docker-buildx", "containerd"],
            Self::Host => &[],
        }
    }

    /// The daemon's settings. No bridge and no packet filter: steps and containers run without a network,
    /// and an engine beside another one must take nothing from it. No collecting of build caches: on a disk that is
    /// four fifths full, engines forget results at once, and tests are about what they remember.
    pub(super) fn settings(self) -> serde_json::Value {
        let mut settings = serde_json::json!({
            "bridge": "none",
            "iptables": false,
            "ip-forward": false,
            "insecure-registries": ["127.0.0.0/8"],
            "builder": { "gc": { "enabled": false } },
        });
        if self != Self::V20 {
            settings["ip6tables"] = false.into();
            settings["features"] = serde_json::json!({ "containerd-snapshotter": true });
        }
        settings
    }
}
