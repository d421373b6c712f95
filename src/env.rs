//! The environment variables that krunner reads, each declared once.
//!
//! This module only names them: what lies below the command takes values, not an environment.

/// The store's directory, instead of `/var/lib/krunner` or the user's data directory.
pub const KRUNNER_STORE: &str = "KRUNNER_STORE";

/// Where user data lives (XDG base directories); `~/.local/share` when it is unset.
pub const XDG_DATA_HOME: &str = "XDG_DATA_HOME";

/// The user's home directory.
pub const HOME: &str = "HOME";

/// The folder of Docker's `config.json`; `~/.docker` when it is unset.
pub const DOCKER_CONFIG: &str = "DOCKER_CONFIG";
