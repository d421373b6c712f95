//! Wheels in trees of their own.

use super::*;
use crate::tool::bytecode::tests::compiler_or_reason;
use crate::tool::step::Compiler;

/// One tree for each wheel, called after it.
fn apart(wheels: &[(&str, &str, Vec<u8>)], folder: &Path) -> Vec<Part> {
    let wheels = given(wheels, folder).into_iter();
    let part = |wheel: Wheel| Part {
        out: folder.join(&wheel.package),
        wheels: vec![wheel],
    };
    wheels.map(part).collect()
}

fn install_apart(wheels: &[(&str, &str, Vec<u8>)], folder: &Path) -> Result<(), String> {
    let step = step(apart(wheels, folder), Slim::default(), None);
    perform(&step).map_err(|error| error.to_string())
}

/// The step for another version of Python, which compiles.
fn compiling(parts: Vec<Part>, minor: u32, with: Compiler) -> Step {
    let mut step = step(parts, Slim::default(), None);
    if let Step::Wheels {
        site_packages,
        interpreter,
        compiler,
        ..
    } = &mut step
    {
        *site_packages = format!("lib/python3.{minor}/site-packages");
        *interpreter = format!("/opt/backend.ai/bin/python3.{minor}");
        *compiler = Some(with);
    }
    step
}

fn refused(one: &Recipe, two: &Recipe) -> String {
    let temp = TempDir::new().unwrap();
    let wheels = [("one", "1", one.make()), ("two", "2", two.make())];
    let error = install_apart(&wheels, temp.path()).unwrap_err();
    assert!(!temp.path().join("one").exists() && !temp.path().join("two").exists());
    error
}

fn one() -> Recipe {
    Recipe::new("one", "1")
}

fn two() -> Recipe {
    Recipe::new("two", "2")
}

#[test]
fn each_tree_has_its_own_packages_and_nothing_else() {
    let temp = TempDir::new().unwrap();
    let command = "[console_scripts]\nrun = one:main\n";
    let wheels = [
        (
            "one",
            "1",
            one()
                .file("shared/one.py", "1")
                .file("one-1.dist-info/entry_points.txt", command)
                .make(),
        ),
        ("two", "2", two().file("shared/two.py", "2").make()),
    ];
    install_apart(&wheels, temp.path()).unwrap();
    insta::assert_snapshot!(listing(&temp.path().join("one")), @r"
    755 bin/run
    644 lib/python3.13/site-packages/one-1.dist-info/INSTALLER
    644 lib/python3.13/site-packages/one-1.dist-info/METADATA
    644 lib/python3.13/site-packages/one-1.dist-info/RECORD
    644 lib/python3.13/site-packages/one-1.dist-info/WHEEL
    644 lib/python3.13/site-packages/one-1.dist-info/entry_points.txt
    644 lib/python3.13/site-packages/shared/one.py
    644 licenses/wheels/one/LICENSE-METADATA
    ");
    insta::assert_snapshot!(listing(&temp.path().join("two")), @r"
    644 lib/python3.13/site-packages/shared/two.py
    644 lib/python3.13/site-packages/two-2.dist-info/INSTALLER
    644 lib/python3.13/site-packages/two-2.dist-info/METADATA
    644 lib/python3.13/site-packages/two-2.dist-info/RECORD
    644 lib/python3.13/site-packages/two-2.dist-info/WHEEL
    644 licenses/wheels/two/LICENSE-METADATA
    ");
    for tree in ["one", "two"] {
        let report = installed::check(&temp.path().join(tree)).unwrap();
        assert!(report.faults.is_empty(), "{tree}: {:?}", report.faults);
        assert_eq!(report.packages.len(), 1);
    }
}

#[test]
fn one_path_in_two_trees_is_refused_with_both_named() {
    let error = refused(&one().file("same.py", "x"), &two().file("same.py", "x"));
    insta::assert_snapshot!(error, @r"
    wheel-two (pylock.toml:1): `lib/python3.13/site-packages/same.py`: The path is also written by wheel-one (pylock.toml:0)
    hint: lock only one of the two packages: one file cannot come from both
    ");
    // What is written about a package is its own, too.
    for (place, path) in [
        (
            "licenses/wheels/two/LICENSE-METADATA",
            "licenses/wheels/two/LICENSE-METADATA",
        ),
        (
            "lib/python3.13/site-packages/two-2.dist-info/INSTALLER",
            "two-2.dist-info/INSTALLER",
        ),
    ] {
        let error = refused(
            &one().file(&format!("one-1.data/data/{place}"), "x"),
            &two(),
        );
        assert!(error.contains(path), "{error}");
        assert!(
            error.contains("The path is also written by wheel-one"),
            "{error}"
        );
    }
}

#[test]
fn a_file_in_one_tree_where_another_has_a_folder_is_refused_whichever_comes_first() {
    let (file, folder) = ("name", "name/below/file.py");
    let error = refused(&one().file(file, "x"), &two().file(folder, "x"));
    insta::assert_snapshot!(error, @r"
    wheel-two (pylock.toml:1): `lib/python3.13/site-packages/name/below/file.py`: A folder of the path is a file, written by wheel-one (pylock.toml:0)
    hint: lock only one of the two packages: one file cannot come from both
    ");
    let error = refused(&one().file(folder, "x"), &two().file(file, "x"));
    assert!(
        error.starts_with("wheel-one (pylock.toml:0): `lib"),
        "{error}"
    );
    assert!(
        error.contains("file, written by wheel-two (pylock.toml:1)"),
        "{error}"
    );
}

#[test]
fn a_file_for_another_machine_is_found_in_every_tree() {
    let mut header = vec![0; 64];
    header[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    header[18] = 183;
    let temp = TempDir::new().unwrap();
    let two = two().entry("two.so", &header, 0o100_755).make();
    let wheels = [("one", "1", one().make()), ("two", "2", two)];
    let error = install_apart(&wheels, temp.path()).unwrap_err();
    let start = "wheel-two (pylock.toml:1): `lib/python3.13/site-packages/two.so` is for aarch64";
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn a_package_has_the_same_bytes_whatever_is_installed_beside_it() {
    let names = ["a", "b", "c", "d", "e"];
    let wheel = |name: &'static str| {
        let recipe = Recipe::new(name, "1").file(&format!("{name}/x.py"), name);
        (name, "1", recipe.make())
    };
    let tree = |folder: &Path| {
        let record = "lib/python3.13/site-packages/c-1.dist-info/RECORD";
        let record = std::fs::read(folder.join("c").join(record)).unwrap();
        (listing(&folder.join("c")), record)
    };
    let alone = TempDir::new().unwrap();
    install_apart(&[wheel("c")], alone.path()).unwrap();
    for _ in 0..4 {
        let temp = TempDir::new().unwrap();
        install_apart(&names.map(wheel), temp.path()).unwrap();
        assert_eq!(tree(temp.path()), tree(alone.path()));
    }
}

#[test]
fn bytecode_and_its_records_are_in_the_tree_of_their_package() {
    let Some((compiler, minor)) = compiler_or_reason() else {
        return;
    };
    let temp = TempDir::new().unwrap();
    let wheels = [
        ("one", "1", one().file("shared/one.py", "x = 1\n").make()),
        ("two", "2", two().file("shared/two.py", "y = 2\n").make()),
    ];
    perform(&compiling(apart(&wheels, temp.path()), minor, compiler)).unwrap();
    for (tree, other) in [("one", "two"), ("two", "one")] {
        let packages = format!("{tree}/lib/python3.{minor}/site-packages");
        let packages = temp.path().join(packages);
        let module = |name: &str| format!("shared/__pycache__/{name}.cpython-3{minor}.pyc");
        assert!(packages.join(module(tree)).is_file());
        assert!(!packages.join(module(other)).exists());
        let version = if tree == "one" { 1 } else { 2 };
        let record = packages.join(format!("{tree}-{version}.dist-info/RECORD"));
        let record = std::fs::read_to_string(record).unwrap();
        assert!(
            record.contains(&format!("{},,\n", module(tree))),
            "{record}"
        );
        assert!(!record.contains(other), "{record}");
    }
}
