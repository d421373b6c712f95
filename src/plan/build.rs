//! From a spec, its locks and a request to a plan.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::Version;

use super::planner::Planner;
use super::runtime::{bytecode, runtime};
use super::slim::slim;
use super::target::{Level, Target, feature};
use super::ttyd::ttyd;
use super::wheels::packages;
use super::{
    Base, File, Input, Locks, Origin, Plan, Python, Request, Volume, Wheels, layers, marks,
};
use crate::report::{Problem, Problems};
use crate::spec::arguments::SOURCE_DATE_EPOCH;
use crate::spec::{self, IDENTITY_FILE, KeyPath, Libc, Spec};

/// Plans one platform's volume.
pub fn build(spec: &Spec, locks: &Locks, request: &Request) -> Result<Plan, Problems> {
    let mut planner = Planner {
        spec,
        locks,
        request,
        problems: Problems::default(),
    };
    if !spec.document().volume.platforms.contains(&request.platform) {
        let at = spec.at(["volume", "platforms"]);
        let message = format!("The spec has no platform `{}`", request.platform);
        let hint = "Add it to `volume.platforms`, with its sources, or ask for another";
        return Err(Problem::new(Some(at), message).with_hint(hint).into());
    }
    let plan = plan(&mut planner);
    match plan {
        Some(plan) => planner.problems.into_result(plan),
        None => Err(planner.problems),
    }
}

/// The plan, or `None` if an input that it cannot be without has a problem.
fn plan(planner: &mut Planner<'_>) -> Option<Plan> {
    let document = planner.spec.document();
    let volume = volume(planner);
    let spec = document.runtime.as_ref();
    let runtime = spec
        .filter(|_| document.volume.libc == Libc::Any)
        .map(|spec| runtime(planner, spec, planner.request.platform));
    let python = python(planner, &document.python);
    let bytecode = spec.map(|spec| bytecode(planner, spec));
    // Every checked spec has a version.
    let version = Version::from_str(&document.python.version).ok()?;
    let wheels = document
        .wheels
        .as_ref()
        .map(|spec| wheels(planner, spec, &version));
    let ttyd = document
        .ttyd
        .as_ref()
        .map(|spec| ttyd(planner, spec, &version));
    let base = base(planner);
    let (labels, annotations) = marks::marks(planner);
    Some(Plan {
        platform: planner.request.platform,
        build_platform: planner.request.build_platform,
        volume: volume?,
        runtime: complete(runtime)?,
        python: python?,
        bytecode: complete(bytecode)?,
        slim: slim(&document.slim),
        wheels,
        ttyd: complete(ttyd)?,
        base: base?,
        labels,
        annotations,
    })
}

/// What the spec asks for, and has no problem.
#[expect(clippy::option_option, reason = "not asked for, or not possible")]
fn complete<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    part.map_or(Some(None), |part| part.map(Some))
}

fn volume(planner: &mut Planner<'_>) -> Option<Volume> {
    let volume = &planner.spec.document().volume;
    let epoch = match planner.request.args.get(SOURCE_DATE_EPOCH) {
        None => volume.epoch,
        // As wide as the archives' and file systems' times surely are.
        Some(text) => {
            if let Ok(epoch) = text.parse::<u32>() {
                epoch.into()
            } else {
                let message = format!("`{SOURCE_DATE_EPOCH}` must be seconds since 1970: `{text}`");
                planner.problem(Problem::new(None, message));
                return None;
            }
        }
    };
    Some(Volume {
        name: volume.name.clone(),
        version: volume.version,
        prefix: volume.prefix.clone(),
        libc: volume.libc.to_string(),
        epoch,
    })
}

fn python(planner: &mut Planner<'_>, python: &spec::Python) -> Option<Python> {
    let architecture = planner.request.platform.architecture;
    let path = KeyPath::from(["python", architecture.oci()]);
    let name = format!("python-{}", architecture.oci());
    Some(Python {
        version: python.version.clone(),
        source: planner.input(name, python.source(architecture)?, &path)?,
        strip: python.strip.clone(),
    })
}

fn wheels(planner: &mut Planner<'_>, wheels: &spec::Wheels, python: &Version) -> Wheels {
    let volume = &planner.spec.document().volume;
    let target = Target {
        python: python.clone(),
        platform: planner.request.platform,
        level: match volume.libc {
            Libc::Musl => Level::Musl(wheels.musl.unwrap_or_default()),
            Libc::Gnu | Libc::Any => Level::Glibc(wheels.glibc.unwrap_or_default()),
        },
    };
    let (major, minor) = feature(python);
    let lock = &wheels.lock;
    let mut packages = packages(planner, lock, &["wheels", "lock"].into(), &target, "wheel");
    layers::assign(&mut packages);
    Wheels {
        site_packages: format!("lib/python{major}.{minor}/site-packages"),
        interpreter: format!("{}/bin/python{major}.{minor}", volume.prefix),
        packages,
    }
}

fn base(planner: &mut Planner<'_>) -> Option<Base> {
    let document = planner.spec.document();
    let mut files = vec![identity(planner)];
    let mut complete = true;
    for (index, file) in document.files.iter().enumerate() {
        let path = KeyPath::from(["files"]).with(index);
        match file_input(planner, file, &path) {
            Some(source) => files.push(File {
                path: file.path.clone(),
                mode: file.mode_bits()?,
                source,
            }),
            None => complete = false,
        }
    }
    // Not the order of the spec, so that moving an entry changes no digest.
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut mount_points = document.volume.mount_points.clone();
    mount_points.sort();
    complete.then_some(Base {
        mount_points,
        files,
    })
}

/// The file in which a volume says what it is, to whoever meets it in a container.
///
/// It also makes the last layers of two platforms differ: engines may fail when they export two equal layers at once.
fn identity(planner: &Planner<'_>) -> File {
    let document = planner.spec.document();
    let volume = &document.volume;
    // Sorted, whatever serde_json's own maps do.
    let content: BTreeMap<&str, serde_json::Value> = [
        ("name", volume.name.clone().into()),
        ("version", volume.version.into()),
        ("libc", volume.libc.to_string().into()),
        ("platform", planner.request.platform.to_string().into()),
        ("prefix", volume.prefix.clone().into()),
        ("python", document.python.version.clone().into()),
    ]
    .into();
    let content = serde_json::to_string_pretty(&content).unwrap_or_default();
    File {
        path: IDENTITY_FILE.to_owned(),
        mode: 0o644,
        source: Input {
            name: "volume-identity".to_owned(),
            origin: Origin::Inline {
                content: format!("{content}\n"),
            },
            at: Some(planner.spec.at_key(["volume"])),
        },
    }
}

fn file_input(planner: &mut Planner<'_>, file: &spec::File, path: &KeyPath) -> Option<Input> {
    if let Some(source) = &file.source {
        return planner.input(file.input_name(), source, &path.with("source"));
    }
    let content = file.content.clone()?;
    let at = planner.spec.at(path.with("content"));
    let replaced = planner.replaced(&file.input_name(), &at);
    Some(replaced.unwrap_or_else(|| Input {
        name: file.input_name(),
        origin: Origin::Inline { content },
        at: Some(at),
    }))
}
