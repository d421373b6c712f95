//! The C runtime of a plan, and what compiles Python's modules.

use super::planner::Planner;
use super::{Bytecode, Input, Runtime};
use crate::platform::Platform;
use crate::report::Problem;
use crate::spec::{self, KeyPath};

/// Where the C runtime lies, relative to the volume.
const FOLDER: &str = "lib/glibc";

/// The Python that runs on the build platform, with the C runtime that it needs there. `None` if a problem
/// was noted.
pub(super) fn bytecode(planner: &mut Planner<'_>, spec: &spec::Runtime) -> Option<Bytecode> {
    let python = &planner.spec.document().python;
    let platform = planner.request.build_platform;
    let architecture = platform.architecture;
    let Some(source) = python.source(architecture) else {
        let key = architecture.oci();
        let at = planner.spec.at(["python"]);
        let message = format!(
            "No Python for `{platform}`, which the build runs on and compiles modules with"
        );
        let hint = format!(
            "Add `{key} = {{ url = \"…\", sha256 = \"…\" }}` to `[python]`, or build on another platform"
        );
        planner.problem(Problem::new(Some(at), message).with_hint(hint));
        return None;
    };
    let path = KeyPath::from(["python", architecture.oci()]);
    let name = format!("python-{}", architecture.oci());
    let input = planner.input(name, source, &path);
    let runtime = runtime(planner, spec, platform);
    Some(Bytecode {
        python: input?,
        strip: python.strip.clone(),
        runtime: runtime?,
    })
}

/// The C runtime of one platform. `None` if a problem was noted.
pub(super) fn runtime(
    planner: &mut Planner<'_>,
    spec: &spec::Runtime,
    platform: Platform,
) -> Option<Runtime> {
    let architecture = platform.architecture;
    let key = architecture.oci();
    let archives = spec.archives(architecture);
    if archives.is_empty() {
        let at = planner.spec.at(["runtime"]);
        let message = format!("No C runtime for `{platform}`, which the build runs on");
        let hint = format!("Add `[runtime.{key}]`, or build on another platform");
        planner.problem(Problem::new(Some(at), message).with_hint(hint));
        return None;
    }
    let inputs: Vec<Option<Input>> = archives
        .iter()
        .map(|(name, source)| {
            let path = KeyPath::from(["runtime", key, name]);
            planner.input(format!("runtime-{key}-{name}"), source, &path)
        })
        .collect();
    Some(Runtime {
        folder: FOLDER.to_owned(),
        loader: architecture.glibc_loader().to_owned(),
        archives: inputs.into_iter().collect::<Option<_>>()?,
    })
}
