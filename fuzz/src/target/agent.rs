//! The agent's configuration.

use std::path::Path;

use krunner::agent::Config;
use krunner::platform::Platform;

pub(crate) fn run(bytes: &[u8]) {
    let Some(text) = super::text(bytes) else {
        return;
    };
    match Config::parse(text, Path::new("/etc/krunner/agent.toml"), Platform::AMD64) {
        Ok(config) => {
            let sockets = [config.api, config.plugin, config.engine];
            for place in sockets.into_iter().flatten() {
                // It must lead to the same wherever the agent is started.
                assert!(place.is_absolute(), "{}", place.display());
            }
        }
        Err(problems) => assert!(!problems.0.is_empty()),
    }
}
