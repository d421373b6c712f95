//! The engine and machine tiers: real engines, a registry, inputs and what machines are made of are brought up, the tests are told
//! where, and all of it is stopped.

use std::path::PathBuf;
use std::thread;

use anyhow::Result;

use super::{Count, Outcome};
use crate::command::{program, show, works};
use crate::console::{Step, Steps, talk};
use crate::daemon::Life;
use crate::frontend::{self, cargo};
use crate::tree::Tree;
use crate::workbench::{self, Engine, IMAGES, Kind, PLAIN, Pulp, Registry};

/// What the tests run against; dropped, it stops.
struct Running {
    record: PathBuf,
    _engines: Vec<Engine>,
    _registry: Registry,
    _pulp: Option<Pulp>,
}

/// Brings the workbench up and runs the tests.
pub(super) fn run(tree: &Tree, count: &mut Count) {
    if let Some(why) = missing() {
        count.check("engines", || Ok(Outcome::Skipped(why)));
        return;
    }
    let mut running = None;
    count.check("workbench", || {
        running = Some(up(tree)?);
        Ok(Outcome::Passed)
    });
    let Some(running) = running else { return };
    count.check("engines", || tests(tree, &running, "engine", 1));
    count.check("machines", || tests(tree, &running, "machine", 2));
}

/// What this machine lacks.
fn missing() -> Option<String> {
    if !works(&mut program("dpkg-deb", ["--version"])) {
        return Some("this machine has no Debian packages to take engines from".to_owned());
    }
    if !rustix::process::geteuid().is_root() {
        return Some("engines run as root only".to_owned());
    }
    None
}

/// The compiler's last minutes on the frontend keep one processor busy: the other brings up all that needs none.
fn up(tree: &Tree) -> Result<Running> {
    thread::scope(|scope| {
        let frontend = || Steps::new(tree)?.run("frontend", |step| frontend::binary(tree, step));
        let frontend = scope.spawn(frontend);
        around(tree, || match frontend.join() {
            Ok(binary) => binary,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// All but the frontend, which is awaited when it is needed.
fn around(tree: &Tree, frontend: impl FnOnce() -> Result<PathBuf>) -> Result<Running> {
    let mut steps = Steps::new(tree)?;
    let mut engines = vec![steps.run("engine 26.1", |step| engine(tree, step, Kind::V26))?];
    // Where a suite offers no such engine today, as sid may, the tests that need it say so themselves.
    for kind in [Kind::V28, Kind::V20] {
        let title = format!("engine {}", kind.name());
        match steps.run(&title, |step| engine(tree, step, kind)) {
            Ok(engine) => engines.push(engine),
            Err(error) => talk(&format!("  no {title}: {error:#}")),
        }
    }
    let registry = steps.run("registry", |step| Registry::open(tree, step, Life::Ours))?;
    let inputs = steps.run("inputs", |step| workbench::all_inputs(tree, step))?;
    let pulp = match steps.run("Pulp", |step| Pulp::start(tree, step)) {
        Ok(pulp) => Some(pulp),
        Err(error) => {
            talk(&format!("  no Pulp, tests on it are skipped: {error:#}"));
            None
        }
    };
    let binary = frontend()?;
    for engine in &engines {
        let title = format!("frontend image in {}", engine.kind.name());
        steps.run(&title, |step| {
            frontend::image(tree, step, engine, Some(&registry), &binary)
        })?;
    }
    let record = steps.run("record", |step| {
        workbench::write_record(tree, step, &engines, &registry, pulp.as_ref(), &inputs)
    })?;
    Ok(Running {
        record,
        _engines: engines,
        _registry: registry,
        _pulp: pulp,
    })
}

fn engine(tree: &Tree, step: &Step, kind: Kind) -> Result<Engine> {
    let engine = Engine::open(tree, step, kind, Life::Ours)?;
    // The tests run volumes in the first one.
    let images = match kind {
        Kind::V26 => &IMAGES[..],
        _ => &[PLAIN],
    };
    workbench::load_images(tree, step, &engine, images)?;
    step.note(format!("Docker {}", engine.version));
    Ok(engine)
}

/// Engines' tests run one after the other: each keeps both processors busy, and the first compiles what the others find in the cache.
/// A machine has one processor.
/// The command under test is the debug build that the other tests have made already: compiling a second one takes
/// longer than all that it would save.
fn tests(tree: &Tree, running: &Running, name: &str, threads: u8) -> Result<Outcome> {
    let args = [
        "test",
        "--locked",
        "--package",
        "krunner",
        "--test",
        name,
        "--",
        &format!("--test-threads={threads}"),
        "--nocapture",
    ];
    let mut command = cargo(tree, args);
    command.env("KRUNNER_WORKBENCH", &running.record);
    show(&mut command).map(|()| Outcome::Passed)
}
