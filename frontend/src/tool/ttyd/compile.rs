//! Compiles the components with `zig cc`, `CMake` and ninja, each into one prefix that the next finds.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use krunner::platform::Architecture;

use super::command::{Runner, Stage};
use super::component::{COMPONENTS, Component, patches};
use super::{CACHE, Fault, Target, licence, patch, verify};
use crate::tool::archive::{self, Options, Strip};
use crate::tool::step::Bytes;
use crate::tool::toolchain::TOOLS;
use crate::tool::tree::{Links, Tree};
use crate::tool::{Error, normalise};

/// Where everything is unpacked and compiled: always the same path, in case a tool writes it somewhere.
const WORK: &str = "/tmp/ttyd";

/// Builds ttyd from `sources` into `out`.
pub(in crate::tool) fn build(
    sources: &BTreeMap<String, Bytes>,
    target: &Target,
    epoch: u64,
    out: &Path,
) -> Result<(), Error> {
    let workshop = Workshop::open(Path::new(WORK), target.architecture, epoch)?;
    for component in &COMPONENTS {
        let source = sources
            .get(component.name)
            .ok_or(Fault::NoSource(component.name))?;
        let folder = workshop.source(component);
        let tree = Tree::create(&folder, Links::Inside).map_err(Error::out(&folder))?;
        let options = Options {
            strip: Strip::First,
            ..Options::default()
        };
        archive::unpack(source, &tree, &options)?;
        tree.finish().map_err(Error::at(&source.name))?;
        // Before minutes of compiling, not after them.
        let licences = out.join("licenses").join(component.name);
        licence::collect(component.name, &folder, &licences)?;
        let patches = patches(component.name, target.ping, target.hangup);
        patch::apply(component.name, &folder, &patches)?;
    }
    // What the compiler links in from its own sources.
    let zig = Path::new("/").join(TOOLS).join("ziglang/ziglang");
    licence::collect(
        "musl",
        &zig.join("lib/libc/musl"),
        &out.join("licenses/musl"),
    )?;
    licence::collect("zig", &zig, &out.join("licenses/zig"))?;
    for component in &COMPONENTS {
        workshop.compile(component)?;
    }
    let built = workshop.prefix().join("bin/ttyd");
    let bytes = std::fs::read(&built).map_err(Fault::file(&built))?;
    verify::check_built(&bytes, target).map_err(Fault::from)?;
    verify::check_version(&built, target).map_err(Fault::from)?;
    super::binary::write(&bytes, out)?;
    Ok(normalise::stamp(out, epoch)?)
}

/// A folder with the sources, what is compiled of them, and how the tools are called.
#[derive(Debug)]
struct Workshop {
    root: PathBuf,
    runner: Runner,
}

impl Workshop {
    fn open(root: &Path, architecture: Architecture, epoch: u64) -> Result<Self, Fault> {
        let runner = Runner {
            environment: environment(root, epoch),
            logs: root.join("logs"),
        };
        for folder in ["bin", "logs", "zig"] {
            let folder = root.join(folder);
            std::fs::create_dir_all(&folder).map_err(Fault::file(&folder))?;
        }
        for (name, text) in wrappers(architecture) {
            let path = root.join("bin").join(name);
            std::fs::write(&path, text).map_err(Fault::file(&path))?;
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755))
                .map_err(Fault::file(&path))?;
        }
        let file = root.join("toolchain.cmake");
        std::fs::write(&file, toolchain_file(root, architecture)).map_err(Fault::file(&file))?;
        Ok(Self {
            root: root.to_owned(),
            runner,
        })
    }

    fn source(&self, component: &Component) -> PathBuf {
        self.root.join("src").join(component.name)
    }

    fn prefix(&self) -> PathBuf {
        self.root.join("prefix")
    }

    fn compile(&self, component: &Component) -> Result<(), Fault> {
        let build = self.root.join("build").join(component.name);
        let jobs = available_parallelism().map_or(2, usize::from).to_string();
        let cmake = |name: &'static str, arguments: &[OsString]| {
            let stage = Stage {
                component: component.name,
                name,
            };
            self.runner.run(stage, &command("cmake"), arguments)
        };
        cmake("configure", &self.configure(component, &build))?;
        cmake(
            "compile",
            &[
                "--build".into(),
                build.clone().into(),
                "--parallel".into(),
                jobs.into(),
            ],
        )?;
        cmake("install", &["--install".into(), build.into()])?;
        self.remove_shared_libraries()
    }

    fn configure(&self, component: &Component, build: &Path) -> Vec<OsString> {
        let define = |name: &str, value: &Path| {
            let mut define = OsString::from(format!("-D{name}="));
            define.push(value);
            define
        };
        let mut arguments: Vec<OsString> = vec![
            "-G".into(),
            "Ninja".into(),
            "-Wno-dev".into(),
            "-S".into(),
            self.source(component).into(),
            "-B".into(),
            build.into(),
            define("CMAKE_TOOLCHAIN_FILE", &self.root.join("toolchain.cmake")),
            define("CMAKE_MAKE_PROGRAM", &command("ninja")),
            define("CMAKE_INSTALL_PREFIX", &self.prefix()),
            "-DCMAKE_INSTALL_LIBDIR=lib".into(),
            "-DCMAKE_BUILD_TYPE=MinSizeRel".into(),
            // A source's version is that of its archive, never that of a repository around it.
            "-DCMAKE_DISABLE_FIND_PACKAGE_Git=ON".into(),
        ];
        arguments.extend(
            component
                .options
                .iter()
                .map(|option| format!("-D{option}").into()),
        );
        arguments
    }

    /// zlib makes a shared library whatever it is told, and those after it would rather link that.
    fn remove_shared_libraries(&self) -> Result<(), Fault> {
        let folder = self.prefix().join("lib");
        if !folder.is_dir() {
            return Ok(());
        }
        for entry in std::fs::read_dir(&folder).map_err(Fault::file(&folder))? {
            let entry = entry.map_err(Fault::file(&folder))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".so") || name.contains(".so.") {
                let path = entry.path();
                std::fs::remove_file(&path).map_err(Fault::file(&path))?;
            }
        }
        Ok(())
    }
}

/// The path of a tool.
fn command(name: &str) -> PathBuf {
    Path::new("/").join(TOOLS).join("bin").join(name)
}

fn environment(root: &Path, epoch: u64) -> BTreeMap<&'static str, OsString> {
    let cache = Path::new(CACHE).join("zig");
    let cache = match std::fs::create_dir_all(&cache) {
        Ok(()) => cache,
        // No cache is mounted, and the root is read-only.
        Err(_) => root.join("zig/global"),
    };
    BTreeMap::from([
        ("HOME", root.into()),
        ("LC_ALL", "C".into()),
        ("PATH", format!("/{TOOLS}/bin:/bin:/usr/bin").into()),
        ("SOURCE_DATE_EPOCH", epoch.to_string().into()),
        ("TZ", "UTC".into()),
        ("ZIG_GLOBAL_CACHE_DIR", cache.into()),
        // What is made of ttyd's sources stays out of the shared cache: it is made anew each time.
        ("ZIG_LOCAL_CACHE_DIR", root.join("zig/local").into()),
    ])
}

/// Programs by name, because `CMake` wants one word for each.
fn wrappers(architecture: Architecture) -> [(&'static str, String); 3] {
    let zig = command("zig").display().to_string();
    let wrapper = |call: &str| format!("#!/bin/sh\nexec {zig} {call} \"$@\"\n");
    // The baseline of the architecture, not the processor of the machine that builds.
    let cc = format!(
        "cc -target {}-linux-musl -mcpu=baseline",
        architecture.machine()
    );
    [
        ("ar", wrapper("ar")),
        ("cc", wrapper(&cc)),
        ("ranlib", wrapper("ranlib")),
    ]
}

/// Naming the system makes `CMake` compile for a foreign machine, so it asks the compiler and never runs anything.
/// `-Os` is there for its questions too: zig makes a C library for each level of optimisation, a minute each.
fn toolchain_file(root: &Path, architecture: Architecture) -> String {
    let (root, machine) = (root.display(), architecture.machine());
    format!(
        r#"set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR {machine})
set(CMAKE_C_COMPILER "{root}/bin/cc")
set(CMAKE_AR "{root}/bin/ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "{root}/bin/ranlib" CACHE FILEPATH "")
set(CMAKE_FIND_ROOT_PATH "{root}/prefix")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_C_FLAGS_INIT "-Os -ffile-prefix-map={root}=. -ffunction-sections -fdata-sections -fno-sanitize=undefined -Werror=date-time")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -s -Wl,--gc-sections -Wl,--build-id=none")
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_is_told_its_target_and_nothing_of_this_machine() {
        let [_, (name, text), _] = wrappers(Architecture::Arm64);
        assert_eq!(name, "cc");
        insta::assert_snapshot!(text, @r##"
        #!/bin/sh
        exec /opt/tools/bin/zig cc -target aarch64-linux-musl -mcpu=baseline "$@"
        "##);
    }

    #[test]
    fn the_toolchain_file_is_the_same_text_for_the_same_target() {
        insta::assert_snapshot!(toolchain_file(Path::new(WORK), Architecture::Amd64));
    }

    #[test]
    fn libwebsockets_is_configured_static_without_tls() {
        let root = tempfile::tempdir().unwrap();
        let workshop = Workshop::open(root.path(), Architecture::Amd64, 0).unwrap();
        let component = COMPONENTS
            .iter()
            .find(|c| c.name == "libwebsockets")
            .unwrap();
        let arguments: Vec<_> = workshop
            .configure(component, Path::new("/build"))
            .into_iter()
            .map(|argument| {
                argument
                    .to_string_lossy()
                    .replace(&*root.path().to_string_lossy(), "ROOT")
            })
            .collect();
        insta::assert_snapshot!(arguments.join("\n"));
    }

    #[test]
    fn no_shared_library_is_left_to_link_with() {
        let root = tempfile::tempdir().unwrap();
        let workshop = Workshop::open(root.path(), Architecture::Amd64, 0).unwrap();
        let lib = workshop.prefix().join("lib");
        std::fs::create_dir_all(lib.join("pkgconfig")).unwrap();
        for name in ["libz.a", "libz.so", "libz.so.1.3.1"] {
            std::fs::write(lib.join(name), "").unwrap();
        }
        workshop.remove_shared_libraries().unwrap();
        let mut left: Vec<_> = std::fs::read_dir(lib)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["libz.a", "pkgconfig"]);
    }
}
