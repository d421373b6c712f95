//! Wheels of which something is left out or rewritten: their records say what is there.

use super::*;
use crate::tool::elf;

fn slim(drop: &[&str], keep: &[&str]) -> Slim {
    let texts = |globs: &[&str]| globs.iter().copied().map(str::to_owned).collect();
    Slim {
        drop: texts(drop),
        keep: texts(keep),
        strip_symbols: false,
    }
}

fn recipe() -> Recipe {
    Recipe::new("demo", "1.0")
        .file("demo/__init__.py", "")
        .file("demo/tests/test_demo.py", "assert True")
        .file("demo/tests/data.py", "")
        .file("demo/_demo.pyx", "cdef")
        .file(
            "demo-1.0.dist-info/entry_points.txt",
            "[console_scripts]\ndemo = demo:main\ndemo-tool = demo:main\n",
        )
}

const DROP: [&str; 3] = ["lib/python3.*/**/tests/**", "**/*.pyx", "bin/demo-*"];

#[test]
fn what_is_left_out_is_neither_written_nor_recorded() {
    let temp = TempDir::new().unwrap();
    let keep = ["lib/python3.13/site-packages/demo/tests/data.py"];
    let wheels = [("demo", "1.0", recipe().make())];
    install_as(&wheels, slim(&DROP, &keep), None, temp.path()).unwrap();
    let out = temp.path().join("out");
    insta::assert_snapshot!(listing(&out), @r"
    755 bin/demo
    644 lib/python3.13/site-packages/demo/__init__.py
    644 lib/python3.13/site-packages/demo/tests/data.py
    644 lib/python3.13/site-packages/demo-1.0.dist-info/INSTALLER
    644 lib/python3.13/site-packages/demo-1.0.dist-info/METADATA
    644 lib/python3.13/site-packages/demo-1.0.dist-info/RECORD
    644 lib/python3.13/site-packages/demo-1.0.dist-info/WHEEL
    644 lib/python3.13/site-packages/demo-1.0.dist-info/entry_points.txt
    644 licenses/wheels/demo/LICENSE-METADATA
    ");
    let record = "lib/python3.13/site-packages/demo-1.0.dist-info/RECORD";
    let record = Record::parse(&std::fs::read_to_string(out.join(record)).unwrap()).unwrap();
    let paths: Vec<&str> = record.rows().map(|(path, _)| path).collect();
    insta::assert_snapshot!(paths.join("\n"), @r"
    ../../../bin/demo
    demo-1.0.dist-info/INSTALLER
    demo-1.0.dist-info/METADATA
    demo-1.0.dist-info/RECORD
    demo-1.0.dist-info/WHEEL
    demo-1.0.dist-info/entry_points.txt
    demo/__init__.py
    demo/tests/data.py
    ");
    assert!(installed::check(&out).unwrap().faults.is_empty());
}

#[test]
fn what_is_left_out_is_checked_all_the_same() {
    let temp = TempDir::new().unwrap();
    let wrong = Row::new(&Sha256::digest("other"), 4);
    let wheel = recipe().row("demo/_demo.pyx", Some(wrong)).make();
    let wheels = [("demo", "1.0", wheel)];
    let message = install_as(&wheels, slim(&DROP, &[]), None, temp.path()).unwrap_err();
    assert!(
        message.contains("differs from what `RECORD` says"),
        "{message}"
    );
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is left out says why")]
fn a_program_that_is_rewritten_is_recorded_as_it_is_then() {
    let shell = std::fs::read("/bin/sh").unwrap_or_default();
    if elf::machine(&shell).as_deref() != Some(Architecture::Amd64.machine()) {
        eprintln!("left out: `/bin/sh` of this machine is no program for x86_64");
        return;
    }
    let temp = TempDir::new().unwrap();
    let portable = Portable {
        prefix: "/opt/backend.ai".to_owned(),
        folder: "lib/glibc".to_owned(),
        loader: "ld-linux-x86-64.so.2".to_owned(),
    };
    let wheel = Recipe::new("demo", "1.0").entry("demo/sh", &shell, 0o100_755);
    let wheels = [("demo", "1.0", wheel.make())];
    install_as(&wheels, Slim::default(), Some(portable), temp.path()).unwrap();
    let out = temp.path().join("out");
    let written = std::fs::read(out.join("lib/python3.13/site-packages/demo/sh")).unwrap();
    let interpreter = b"/opt/backend.ai/lib/glibc/ld-linux-x86-64.so.2\0";
    assert!(
        written
            .windows(interpreter.len())
            .any(|part| part == interpreter)
    );
    assert!(installed::check(&out).unwrap().faults.is_empty());
}
