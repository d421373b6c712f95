//! `krunner plan`: the plan of one platform, as JSON.

use std::path::PathBuf;

use clap::Args;

use super::spec_file::SpecFile;
use super::{ExitStatus, Printer, excerpt};
use crate::plan::{self, Locks, Request};
use crate::platform::Platform;
use crate::report::Problems;

/// Print what one platform's volume is made of, as JSON
#[derive(Debug, Args)]
pub(super) struct Plan {
    /// The spec
    #[arg(default_value = "krunner.toml")]
    file: PathBuf,
    /// The platform that the volume is for
    #[arg(long)]
    platform: Platform,
    /// The platform that the build runs on [default: this machine's]
    #[arg(long)]
    build_platform: Option<Platform>,
    /// Set an argument of the spec
    #[arg(long = "build-arg", value_name = "NAME=VALUE", value_parser = assignment)]
    args: Vec<(String, String)>,
    /// Plan as if the command line gave this context
    #[arg(long = "build-context", value_name = "NAME[=…]")]
    contexts: Vec<String>,
}

impl Plan {
    pub(super) fn run(self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let mut file = SpecFile::new(self.file);
        let name = |context: String| match context.split_once('=') {
            Some((name, _)) => name.to_owned(),
            None => context,
        };
        let request = Request {
            platform: self.platform,
            build_platform: self.build_platform.unwrap_or_else(Platform::host),
            args: self.args.into_iter().collect(),
            contexts: self.contexts.into_iter().map(name).collect(),
        };
        let planned = match file.read() {
            Ok(spec) => {
                for name in spec.unknown_args(&request.args) {
                    printer.warning(format_args!("The spec has no argument `{name}`"));
                }
                plan::build(&spec, &Locks::parse(&file.locks), &request)
            }
            Err(error) => Err(error.downcast::<Problems>()?),
        };
        match planned {
            Ok(plan) => {
                printer.json(&plan)?;
                Ok(ExitStatus::Done)
            }
            Err(problems) => {
                let problems = file.with_paths(problems);
                printer.problems(excerpt::render(&problems, &file.texts));
                Ok(ExitStatus::InputFailed)
            }
        }
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
