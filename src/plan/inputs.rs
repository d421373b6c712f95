//! Every input of a plan, with the stage that reads it.

use super::{Input, Origin, Plan, TtydSources};
use crate::platform::Platform;

/// One input and who reads it.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The stage: `runtime`, `python`, `bytecode`, `wheels`, `toolchain`, `ttyd` or `base`.
    pub stage: &'static str,
    /// The platform that it is for: the volume's own, or the one that the build runs on.
    pub platform: Platform,
    /// The input.
    pub input: &'a Input,
}

impl Plan {
    /// Every input with bytes from outside the spec, in the order of the stages. One that several stages read is there for each of them.
    pub fn inputs(&self) -> Vec<Use<'_>> {
        let mut uses = Vec::new();
        let mut add = |stage, platform, input| {
            uses.push(Use {
                stage,
                platform,
                input,
            });
        };
        for archive in self.runtime.iter().flat_map(|runtime| &runtime.archives) {
            add("runtime", self.platform, archive);
        }
        add("python", self.platform, &self.python.source);
        if let Some(bytecode) = &self.bytecode {
            add("bytecode", self.build_platform, &bytecode.python);
            for archive in &bytecode.runtime.archives {
                add("bytecode", self.build_platform, archive);
            }
        }
        for package in self.wheels.iter().flat_map(|wheels| &wheels.packages) {
            add("wheels", self.platform, &package.wheel);
        }
        match self.ttyd.as_ref().map(|ttyd| &ttyd.sources) {
            Some(TtydSources::Build { sources, toolchain }) => {
                for tool in &toolchain.wheels {
                    add("toolchain", self.build_platform, &tool.wheel);
                }
                for archive in &toolchain.archives {
                    add("toolchain", self.build_platform, archive);
                }
                for source in sources.values() {
                    add("ttyd", self.platform, source);
                }
            }
            Some(TtydSources::Binary { binary }) => add("ttyd", self.platform, binary),
            None => {}
        }
        for file in &self.base.files {
            if !matches!(file.source.origin, Origin::Inline { .. }) {
                add("base", self.platform, &file.source);
            }
        }
        uses
    }
}
