//! Planning.

use std::collections::BTreeSet;

use super::*;
use crate::platform::Platform;
use crate::spec::Spec;

const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/spec/static-gnu/"
);

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{FOLDER}{name}")).unwrap()
}

fn spec() -> Spec {
    Spec::parse("krunner.toml", &fixture("krunner.toml")).unwrap()
}

fn locks(spec: &Spec) -> Locks {
    let read = |lock: &&str| ((*lock).to_owned(), fixture(lock));
    Locks::parse(&spec.locks().iter().map(read).collect())
}

fn request(platform: Platform) -> Request {
    Request {
        platform,
        build_platform: Platform::AMD64,
        args: [(
            "DEBIAN_MIRROR".to_owned(),
            "https://debian.example".to_owned(),
        )]
        .into(),
        contexts: BTreeSet::new(),
    }
}

#[test]
fn the_plan_for_amd64_is_this() {
    let spec = spec();
    let plan = build(&spec, &locks(&spec), &request(Platform::AMD64)).unwrap();
    insta::assert_json_snapshot!(plan);
}

#[test]
fn the_plan_for_arm64_is_this() {
    let spec = spec();
    let plan = build(&spec, &locks(&spec), &request(Platform::ARM64)).unwrap();
    insta::assert_json_snapshot!(plan);
}

/// A small spec with `tables` added.
fn small(tables: &str) -> Spec {
    let text = format!(
        r#"
[volume]
name = "a"
version = 1
libc = "gnu"
platforms = ["linux/amd64", "linux/arm64"]
[python]
version = "3.13.2"
amd64 = {{ url = "https://a.example/amd64.tar.gz", sha256 = "{0:064x}" }}
arm64 = {{ url = "https://a.example/arm64.tar.gz", sha256 = "{0:064x}" }}
{tables}"#,
        1
    );
    Spec::parse("krunner.toml", &text).unwrap()
}

fn problems(spec: &Spec, lock: &str, request: &Request) -> String {
    let locks = Locks::parse(&[("pylock.toml".to_owned(), lock.to_owned())].into());
    build(spec, &locks, request).unwrap_err().to_string()
}

/// A lock of one package `a` with `keys` and a wheel for everything.
fn lock(keys: &str) -> String {
    format!(
        "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\n{keys}\nwheels = [{{ url = \"https://a.example/a-1-py3-none-any.whl\", hashes = {{ sha256 = \"{:064x}\" }} }}]\n",
        2
    )
}

const WHEELS: &str = "[wheels]\nlock = \"pylock.toml\"\n";

#[test]
fn a_named_context_replaces_the_input_of_its_name_and_needs_no_argument() {
    let spec = spec();
    let mut request = request(Platform::AMD64);
    request.args.clear();
    let names = [
        "python-amd64",
        "wheel-pyzmq",
        "tool-ninja",
        "file-share-motd",
        "file-bin-hello",
    ];
    let ttyd = [
        "ttyd-ttyd",
        "ttyd-libwebsockets",
        "toolchain-amd64-busybox",
        "toolchain-amd64-libc6",
    ];
    request.contexts = names.iter().chain(&ttyd).map(ToString::to_string).collect();
    let plan = build(&spec, &locks(&spec), &request).unwrap();
    let json = serde_json::to_string(&plan).unwrap();
    for name in names.iter().chain(&ttyd) {
        let context = format!(r#""name":"{name}","from":"context","context":"{name}""#);
        assert!(json.contains(&context), "{name}");
    }
}

#[test]
fn a_named_context_may_be_in_lower_case_as_clients_want_it() {
    let file = "[[files]]\npath = \"LICENSE\"\ncontent = \"a\"\n";
    let mut request = request(Platform::AMD64);
    request.contexts.insert("file-license".to_owned());
    let plan = build(&small(file), &Locks::default(), &request).unwrap();
    let json = serde_json::to_string(&plan).unwrap();
    assert!(json.contains(r#""name":"file-LICENSE","from":"context","context":"file-license""#));
}

#[test]
fn a_download_carries_the_secret_of_its_host_and_of_no_other() {
    let tables =
        format!("{WHEELS}[auth]\n\"a.example\" = \"index\"\n\"a.example:1\" = \"other\"\n");
    let spec = small(&tables);
    let text = lock("version = \"1\"");
    let plan = |text: &str| {
        let locks = Locks::parse(&[("pylock.toml".to_owned(), text.to_owned())].into());
        build(&spec, &locks, &request(Platform::AMD64)).unwrap()
    };
    let secret = |input: &Input| match &input.origin {
        Origin::Http { secret, .. } => secret.clone(),
        other => panic!("{other:?}"),
    };
    let wheel = |plan: &Plan| secret(&plan.wheels.as_ref().unwrap().packages[0].wheel);
    let same = plan(&text);
    assert_eq!(secret(&same.python.source).as_deref(), Some("index"));
    assert_eq!(wheel(&same).as_deref(), Some("index"));
    let port = plan(&text.replace("a.example", "A.example:1"));
    assert_eq!(wheel(&port).as_deref(), Some("other"));
    assert_eq!(
        wheel(&plan(&text.replace("a.example", "b.a.example"))),
        None
    );
}

#[test]
fn a_wheelhouse_replaces_every_wheel_and_keeps_its_digest() {
    let spec = spec();
    let mut request = request(Platform::AMD64);
    request.contexts = ["wheelhouse".to_owned(), "wheel-attrs".to_owned()].into();
    let plan = build(&spec, &locks(&spec), &request).unwrap();
    for package in plan.wheels.unwrap().packages {
        let Origin::Context {
            context,
            path,
            sha256,
        } = package.wheel.origin
        else {
            panic!("{} is not from a context", package.name);
        };
        if package.name == "attrs" {
            assert_eq!(
                (context.as_str(), path, sha256),
                ("wheel-attrs", None, None)
            );
        } else {
            assert_eq!(
                (context.as_str(), path),
                ("wheelhouse", Some(package.file_name))
            );
            assert!(sha256.is_some());
        }
    }
}

#[test]
fn a_named_context_brings_a_wheel_that_the_lock_does_not_have() {
    let spec = small(WHEELS);
    let text = "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\n";
    let locks = Locks::parse(&[("pylock.toml".to_owned(), text.to_owned())].into());
    let mut request = request(Platform::AMD64);
    assert!(build(&spec, &locks, &request).is_err());
    request.contexts.insert("wheel-a".to_owned());
    let package = build(&spec, &locks, &request)
        .unwrap()
        .wheels
        .unwrap()
        .packages
        .remove(0);
    assert_eq!(
        (package.version.as_str(), package.file_name.as_str()),
        ("1", "")
    );
}

#[test]
fn the_common_epoch_argument_overrides_the_spec() {
    let spec = small("");
    let mut request = request(Platform::AMD64);
    request
        .args
        .insert("SOURCE_DATE_EPOCH".to_owned(), "7".to_owned());
    let plan = build(&spec, &Locks::default(), &request).unwrap();
    assert_eq!(plan.volume.epoch, 7);
    request
        .args
        .insert("SOURCE_DATE_EPOCH".to_owned(), "yesterday".to_owned());
    assert!(problems(&spec, "", &request).contains("`yesterday`"));
}

#[test]
fn markers_are_evaluated_for_the_target() {
    let spec = small(WHEELS);
    for (marker, amd64, arm64) in [
        ("platform_machine == 'aarch64'", false, true),
        (
            "platform_machine == 'x86_64' and sys_platform == 'linux'",
            true,
            false,
        ),
        ("python_full_version == '3.13.2'", true, true),
        ("python_version < '3.13'", false, false),
        ("implementation_name == 'pypy'", false, false),
        (
            "platform_python_implementation == 'CPython' and os_name == 'posix'",
            true,
            true,
        ),
        (
            "platform_system == 'Windows' or platform_system == 'Linux'",
            true,
            true,
        ),
        ("extra == 'x'", false, false),
    ] {
        let locks = Locks::parse(
            &[(
                "pylock.toml".to_owned(),
                lock(&format!("marker = \"{marker}\"")),
            )]
            .into(),
        );
        for (platform, needed) in [(Platform::AMD64, amd64), (Platform::ARM64, arm64)] {
            let plan = build(&spec, &locks, &request(platform)).unwrap();
            let packages = plan.wheels.unwrap().packages;
            assert_eq!(!packages.is_empty(), needed, "{marker} on {platform}");
        }
    }
}

#[test]
fn a_lock_for_another_python_or_system_is_refused_at_its_line() {
    let spec = small(WHEELS);
    let request = request(Platform::AMD64);
    let older = lock("requires-python = \"<3.13\"");
    assert!(
        problems(&spec, &older, &request).starts_with("pylock.toml:4:19: Not for CPython 3.13.2")
    );
    let mac = format!(
        "environments = [\"sys_platform == 'darwin'\"]\n{}",
        lock("")
    );
    assert!(problems(&spec, &mac, &request).starts_with("pylock.toml:1:17: The lock is not for"));
}

#[test]
fn two_entries_for_one_target_are_refused() {
    let spec = small(WHEELS);
    let one = lock("version = \"1\"");
    let two = format!("{one}{}", one.replace("lock-version = \"1.0\"\n", ""));
    let problems = problems(&spec, &two, &request(Platform::AMD64));
    assert!(problems.contains("Two entries of `a`"), "{problems}");
}

#[test]
fn a_context_that_the_spec_names_must_be_given() {
    let spec = small("[[files]]\npath = \"a\"\nsource = { context = \"mine\" }\n");
    let mut request = request(Platform::AMD64);
    assert!(problems(&spec, "", &request).contains("Context was not given: `mine`"));
    request.contexts.insert("mine".to_owned());
    assert!(build(&spec, &Locks::default(), &request).is_ok());
}

#[test]
fn an_argument_cannot_bring_a_password_or_another_scheme_into_an_address() {
    let tables = "[args]\nM = {}\n[[files]]\npath = \"a\"\nsource = { url = \"${M}/a\", sha256 = \"SHA\" }\n";
    let spec = small(&tables.replace("SHA", &"0".repeat(64)));
    let mut request = request(Platform::AMD64);
    for mirror in ["https://me:secret@a.example", "file:///etc"] {
        request.args.insert("M".to_owned(), mirror.to_owned());
        let problems = problems(&spec, "", &request);
        assert!(problems.starts_with("krunner.toml:15:18: "), "{problems}");
        assert!(!problems.contains("secret"), "{problems}");
    }
}

#[test]
fn a_toolchain_for_another_build_platform_is_refused() {
    let tables =
        fixture("krunner.toml").replace("[ttyd.toolchain.arm64]", "[ttyd.toolchain.amd64.x]");
    let lines = tables
        .lines()
        .filter(|line| !line.contains("busybox-static_arm64") && !line.contains("amd64.x"));
    let spec = Spec::parse("krunner.toml", &lines.collect::<Vec<_>>().join("\n")).unwrap();
    let mut request = request(Platform::ARM64);
    assert!(build(&spec, &locks(&spec), &request).is_ok());
    request.build_platform = Platform::ARM64;
    let problems = build(&spec, &locks(&spec), &request)
        .unwrap_err()
        .to_string();
    assert!(
        problems.contains("No toolchain for `linux/arm64`"),
        "{problems}"
    );
}

fn any(tables: &str) -> Spec {
    let spec = small(&format!(
        r#"[slim]
presets = ["pip", "headers"]
drop = {{ "share/**" = "Nobody reads it" }}
[runtime.amd64]
libc6 = {{ url = "https://a.example/amd64.deb", sha256 = "{0:064x}" }}
{tables}"#,
        1
    ));
    let text = spec.text().as_str().replace("\"gnu\"", "\"any\"");
    Spec::parse("krunner.toml", &text).unwrap()
}

const ARM64_RUNTIME: &str = "[runtime.arm64]\nlibc6 = { path = \"arm64.deb\" }\n";

#[test]
fn a_volume_for_any_image_has_its_own_c_runtime_and_is_compiled_by_the_build_platforms_python() {
    let plan = build(
        &any(ARM64_RUNTIME),
        &Locks::default(),
        &request(Platform::ARM64),
    );
    let plan = plan.unwrap();
    let runtime = plan.runtime.unwrap();
    assert_eq!(runtime.loader, "ld-linux-aarch64.so.1");
    assert_eq!(runtime.archives[0].name, "runtime-arm64-libc6");
    let bytecode = plan.bytecode.unwrap();
    assert_eq!(bytecode.python.name, "python-amd64");
    assert_eq!(bytecode.runtime.loader, "ld-linux-x86-64.so.2");
    assert_eq!(bytecode.runtime.archives[0].name, "runtime-amd64-libc6");
}

#[test]
fn a_volume_that_uses_the_images_libc_is_compiled_too_and_carries_no_runtime() {
    let text = any(ARM64_RUNTIME)
        .text()
        .as_str()
        .replace("\"any\"", "\"gnu\"");
    let spec = Spec::parse("krunner.toml", &text).unwrap();
    let plan = build(&spec, &Locks::default(), &request(Platform::ARM64)).unwrap();
    assert_eq!(plan.runtime, None);
    assert!(plan.bytecode.is_some());
}

#[test]
fn what_is_left_out_is_told_with_its_reason() {
    let plan = build(
        &any(ARM64_RUNTIME),
        &Locks::default(),
        &request(Platform::AMD64),
    );
    let slim = plan.unwrap().slim;
    let of = |pattern: &str| {
        slim.drop
            .iter()
            .find(|drop| drop.pattern == pattern)
            .unwrap()
    };
    assert_eq!(of("bin/pip*").preset.as_deref(), Some("pip"));
    assert_eq!(of("share/**").preset, None);
    assert_eq!(of("share/**").reason, "Nobody reads it");
    assert!(slim.drop.is_sorted());
}

#[test]
fn a_flavour_and_its_c_runtime_must_go_together() {
    let wrong = |spec: &Spec, from: &str, to: &str| {
        let text = spec.text().as_str().replace(from, to);
        Spec::parse("krunner.toml", &text).unwrap_err().to_string()
    };
    let any = any(ARM64_RUNTIME);
    assert!(wrong(&any, "\"any\"", "\"musl\"").contains("does not go with `libc = \"musl\"`"));
    assert!(
        wrong(&any, "[runtime.arm64]", "[ttyd.toolchain.arm64]")
            .contains("No C runtime for `linux/arm64`")
    );
    assert!(wrong(&small(""), "\"gnu\"", "\"any\"").contains("without `[runtime]`"));
    assert!(wrong(&any, "\"headers\"", "\"header\"").contains("Did you mean `headers`?"));
    assert!(wrong(&any, "\"Nobody reads it\"", "\"\"").contains("without a reason"));
}
