//! `krunner check`: everything that is wrong with a spec and its locks, without an engine.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::output::Output;
use super::spec_file::SpecFile;
use super::{ExitStatus, OutputFormat, Printer, excerpt};
use crate::lint::{self, Warning};
use crate::plan::{self, Locks};
use crate::report::Problems;
use crate::spec::Spec;

/// Check a spec and its locks for every platform, and show every problem
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The spec
    #[arg(default_value = "krunner.toml")]
    file: PathBuf,
    #[command(flatten)]
    output: Output,
}

/// What `--output json` prints.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a str,
    problems: &'a Problems,
    warnings: &'a [Warning],
}

impl Check {
    pub(super) fn run(self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let mut file = SpecFile::new(self.file);
        let mut warnings = Vec::new();
        let checked = match file.read() {
            Ok(spec) => check(&spec, &file, &mut warnings),
            Err(error) => Err(error.downcast::<Problems>()?),
        };
        let problems = file.with_paths(checked.err().unwrap_or_default());
        let name = file.name();
        match self.output.format {
            OutputFormat::Json => printer.json(&Report {
                file: &name,
                problems: &problems,
                warnings: &warnings,
            })?,
            OutputFormat::Text => {
                if !warnings.is_empty() {
                    printer.warnings(excerpt::warnings(&warnings, &file.texts));
                }
                match (problems.0.is_empty(), warnings.len()) {
                    (true, 0) => printer.info(format_args!("Nothing is wrong with `{name}`")),
                    (true, 1) => printer.info(format_args!("1 warning about `{name}`")),
                    (true, count) => {
                        printer.info(format_args!("{count} warnings about `{name}`"));
                    }
                    (false, _) => printer.problems(excerpt::render(&problems, &file.texts)),
                }
            }
        }
        Ok(if problems.0.is_empty() {
            ExitStatus::Done
        } else {
            ExitStatus::InputFailed
        })
    }
}

/// What is wrong for any platform, and what the rules find. Where a spec wants warnings to be errors, they are.
fn check(spec: &Spec, file: &SpecFile, warnings: &mut Vec<Warning>) -> Result<(), Problems> {
    let options = lint::Options::of(spec)?;
    let found = lint::lint(spec, &options);
    let planned = plan::check(spec, &Locks::parse(&file.locks));
    if !options.error {
        *warnings = found;
        return planned;
    }
    let mut problems = planned.err().unwrap_or_default();
    problems.0.extend(found.iter().map(Warning::to_problem));
    problems.into_result(())
}
