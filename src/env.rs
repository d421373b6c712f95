//! The environment variables that krunner reads, each declared once.
//!
//! This module only names them: what lies below the command takes values, not an environment.

/// The store's directory, instead of `/var/lib/krunner` or the user's data directory.
pub const KRUNNER_STORE: &str = "KRUNNER_STORE";

/// The file that says how registries are reached, instead of `krunner/registries.toml` where configuration lives.
pub const KRUNNER_REGISTRIES: &str = "KRUNNER_REGISTRIES";

/// The file that says whose signatures are wanted, instead of `krunner/policy.toml` where configuration lives.
pub const KRUNNER_POLICY: &str = "KRUNNER_POLICY";

/// The password of an encrypted private key, as cosign calls it.
pub const COSIGN_PASSWORD: &str = "COSIGN_PASSWORD";

/// The time of every file that is packed, in seconds since 1970: the convention of reproducible builds.
pub const SOURCE_DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";

/// Where configuration lives (XDG base directories); `~/.config` when it is unset.
pub const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";

/// Where a session's own files live; Podman keeps credentials there.
pub const XDG_RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";

/// The file with credentials that Podman, Skopeo and Buildah share, instead of their usual places.
pub const REGISTRY_AUTH_FILE: &str = "REGISTRY_AUTH_FILE";

/// Where user data lives (XDG base directories); `~/.local/share` when it is unset.
pub const XDG_DATA_HOME: &str = "XDG_DATA_HOME";

/// The user's home directory.
pub const HOME: &str = "HOME";

/// Where systemd wants to hear that a service is ready (`sd_notify(3)`).
pub const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";

/// The folder of Docker's `config.json`; `~/.docker` when it is unset.
pub const DOCKER_CONFIG: &str = "DOCKER_CONFIG";
