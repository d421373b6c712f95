//! What our frontend is measured against: `docker/dockerfile`, the frontend that `# syntax=` of a Dockerfile names.
//!
//! No hub is asked for it. It is compiled from the source of the measured engine's BuildKit, as Debian packages it, with
//! Debian's Go and libraries: the same program, `frontend/dockerfile/cmd/dockerfile-frontend`, with nothing of ours.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::{capture, log, program};
use crate::console::Step;
use crate::tree::{Tree, folder};
use crate::workbench::Debian;

/// Where the measured engine comes from too.
const SUITE: &str = "trixie";
/// The engine's source, which has BuildKit in an archive of its own.
const SOURCE: &str = "docker.io";
/// Its name as a Go package.
const BUILDKIT: &str = "github.com/moby/buildkit";
/// The frontend below that.
const FRONTEND: &str = "./frontend/dockerfile/cmd/dockerfile-frontend";
/// What Debian's BuildKit is changed by to need no library that Debian lacks.
const PATCH: &str = "debian/patches/grpc-middleware-v1.patch";
/// The compiler.
const GO: [&str; 2] = ["golang-1.24-go", "golang-1.24-src"];
/// The libraries, without `golang-` and `-dev`.
const LIBRARIES: &str = "
    github-agext-levenshtein github-cespare-xxhash github-containerd-containerd github-containerd-continuity
    github-containerd-errdefs github-containerd-log github-containerd-platforms github-containerd-ttrpc
    github-containerd-typeurl github-distribution-reference github-docker-docker github-docker-go-connections
    github-docker-go-units github-felixge-httpsnoop github-go-logr-logr github-go-logr-stdr github-gofrs-flock
    github-gogo-googleapis github-gogo-protobuf github-golang-protobuf-1-5 github-google-go-cmp github-google-shlex
    github-google-uuid github-grpc-ecosystem-grpc-gateway github-in-toto-in-toto-golang github-klauspost-compress
    github-moby-docker-image-spec github-moby-locker github-moby-patternmatcher github-moby-sys
    github-opencontainers-go-digest github-opencontainers-image-spec github-pkg-errors
    github-secure-systems-lab-go-securesystemslib github-shibumi-go-pathspec github-sirupsen-logrus
    github-vbatts-tar-split golang-x-crypto golang-x-net golang-x-sync golang-x-sys golang-x-text google-genproto
    google-grpc google-protobuf opentelemetry-contrib opentelemetry-otel opentelemetry-proto";

/// The frontend's static program, compiled when it is not there.
pub(super) fn binary(tree: &Tree, step: &Step) -> Result<PathBuf> {
    let home = tree.workbench("dockerfile-frontend")?;
    let binary = home.join("dockerfile-frontend");
    if binary.exists() {
        return Ok(binary);
    }
    let debian = Debian::find(tree)?;
    let source = source(&debian, step, &home)?;
    let libraries = LIBRARIES.split_whitespace();
    let libraries: Vec<String> = libraries.map(|name| format!("golang-{name}-dev")).collect();
    let packages: Vec<&str> = GO
        .into_iter()
        .chain(libraries.iter().map(String::as_str))
        .collect();
    let root = home.join("root");
    debian.unpack(step, SUITE, &packages, &root)?;

    step.at("compiling docker/dockerfile");
    let go = root.join("usr/lib/go-1.24");
    let mut build = program(go.join("bin/go"), ["build", "-ldflags", "-s -w", "-o"]);
    build.arg(&binary).arg(FRONTEND);
    build.current_dir(source.join("src").join(BUILDKIT));
    let paths = [&source, &root.join("usr/share/gocode")].map(|path| path.display().to_string());
    for (name, value) in [
        ("GOROOT", go.display().to_string()),
        ("GOPATH", paths.join(":")),
        ("GOCACHE", home.join("cache").display().to_string()),
        // Libraries are where Debian puts them, and nowhere else.
        ("GO111MODULE", "off".to_owned()),
        ("GOFLAGS", String::new()),
        ("CGO_ENABLED", "0".to_owned()),
    ] {
        build.env(name, value);
    }
    log(&mut build, step)?;
    Ok(binary)
}

/// Unpacks and patches the source, as a folder of Go packages.
fn source(debian: &Debian, step: &Step, home: &Path) -> Result<PathBuf> {
    let source = home.join("source");
    let stamp = source.join(".complete");
    if stamp.exists() {
        return Ok(source);
    }
    let archives = debian.source(step, SUITE, SOURCE)?;
    let place = source.join("src").join(BUILDKIT);
    for (ends, into) in [
        (".orig-buildkit.tar.xz", place.parent().unwrap_or(&source)),
        (".debian.tar.xz", &source),
    ] {
        let mut tar = program("tar", ["--extract", "--file"]);
        tar.arg(ending(&archives, ends)?);
        let into = folder(into.to_path_buf())?;
        capture(tar.arg("--directory").arg(into))?;
    }
    // The patch is for the engine as well, whose source is not here, and for commands that are not compiled.
    let mut patch = program("git", ["apply", "-p2", "--include=session/*"]);
    patch.arg(source.join(PATCH)).current_dir(&place);
    // That is no work tree, though it lies in one.
    patch.env("GIT_CEILING_DIRECTORIES", &source);
    log(&mut patch, step)?;
    fs::write(stamp, "")?;
    Ok(source)
}

/// The one file of a folder whose name ends so.
fn ending(folder: &Path, ends: &str) -> Result<PathBuf> {
    let paths = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let mut paths = paths.filter(|path| path.to_string_lossy().ends_with(ends));
    paths
        .next()
        .with_context(|| format!("`{}` has no `*{ends}`", folder.display()))
}
