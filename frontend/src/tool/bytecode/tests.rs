//! Compiles with the machine's own Python, which stands in for that of a distribution.

use std::fmt::Write;
use std::process::Command;

use super::*;

const PREFIX: &str = "/opt/backend.ai";

/// The machine's Python with its loader; none where it has none that is laid out like a distribution.
fn compiler() -> Option<(Compiler, u32)> {
    let print = "import sys; print(sys.base_prefix, sys.version_info.minor)";
    let output = Command::new("python3").args(["-c", print]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (python, minor) = text.trim().rsplit_once(' ')?;
    let loader = if cfg!(target_arch = "x86_64") {
        "/lib64/ld-linux-x86-64.so.2"
    } else {
        "/lib/ld-linux-aarch64.so.1"
    };
    let (folder, loader) = loader.trim_start_matches('/').split_once('/')?;
    let compiler = Compiler {
        python: python.into(),
        runtime: "/".into(),
        folder: folder.to_owned(),
        loader: loader.to_owned(),
        prefix: PREFIX.to_owned(),
    };
    python::Python::find(&compiler).ok()?;
    let found = Path::new("/").join(&compiler.folder).join(&compiler.loader);
    (found.exists()).then_some((compiler, minor.parse().ok()?))
}

/// The same, said if there is none.
#[expect(clippy::print_stderr, reason = "a test that is left out says why")]
pub(in crate::tool) fn compiler_or_reason() -> Option<(Compiler, u32)> {
    let compiler = compiler();
    if compiler.is_none() {
        eprintln!("left out: this machine has no Python that is laid out like a distribution");
    }
    compiler
}

/// A tree with modules whose constants are shared within and among them.
fn tree(root: &Path, minor: u32, modules: usize) {
    let library = root.join(format!("lib/python3.{minor}"));
    std::fs::create_dir_all(&library).unwrap();
    for module in 0..modules {
        let mut text = format!("\"\"\"Module {module}.\"\"\"\nimport os, sys\n");
        for name in ["close", "unique", "marshal", "x"] {
            writeln!(
                text,
                "def {name}{module}(a, b=(1, 'é', {name:?}), *, key=2.5):"
            )
            .unwrap();
            writeln!(text, "    '''{name}'''\n    return {{a in {{'p', 'q', 'r'}}, b, key, [os.{name} for i in b]}}").unwrap();
        }
        std::fs::write(library.join(format!("m{module}.py")), text).unwrap();
    }
}

fn bytecode(root: &Path, minor: u32) -> Vec<(String, Vec<u8>)> {
    let folder = root.join(format!("lib/python3.{minor}/__pycache__"));
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<_> = entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn bytecode_is_the_same_for_any_number_of_processors_and_names_its_place_in_a_container() {
    let Some((compiler, minor)) = compiler_or_reason() else {
        return;
    };
    let mut results = Vec::new();
    for processors in [1, 4] {
        let temp = tempfile::tempdir().unwrap();
        tree(temp.path(), minor, 9);
        compile_with(&[temp.path()], &compiler, processors).unwrap();
        results.push(bytecode(temp.path(), minor));
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0].len(), 9);
    for (name, bytes) in &mut results[0] {
        assert_eq!(
            bytes[4..8],
            [1, 0, 0, 0],
            "{name} is compared with its source"
        );
        let place = format!("{PREFIX}/lib/python3.{minor}/m");
        let named = bytes
            .windows(place.len())
            .any(|part| part == place.as_bytes());
        assert!(named, "{name}");
        assert_eq!(
            marshal::canonicalise(&mut bytes[HEADER..], minor),
            Some(false)
        );
    }
}

#[test]
fn what_is_no_python_has_no_bytecode_and_fails_only_where_nothing_compiles() {
    let Some((compiler, minor)) = compiler_or_reason() else {
        return;
    };
    let temp = tempfile::tempdir().unwrap();
    tree(temp.path(), minor, 0);
    let library = temp.path().join(format!("lib/python3.{minor}"));
    std::fs::write(library.join("bad.py"), "print 1\n").unwrap();
    let fault = compile(&[temp.path()], &compiler).unwrap_err();
    assert!(matches!(fault, Fault::Nothing(_)), "{fault}");
    std::fs::write(library.join("deep.py"), "(".repeat(100_000)).unwrap();
    std::fs::write(library.join("good.py"), "x = 1\n").unwrap();
    compile(&[temp.path()], &compiler).unwrap();
    let names: Vec<_> = bytecode(temp.path(), minor)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, [format!("good.cpython-3{minor}.pyc")]);
}

#[test]
fn a_compiler_that_is_not_there_is_told() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(temp.path().join("bin")).unwrap();
    let compiler = Compiler {
        python: temp.path().to_owned(),
        runtime: temp.path().to_owned(),
        folder: "lib/glibc".to_owned(),
        loader: "ld-linux-x86-64.so.2".to_owned(),
        prefix: PREFIX.to_owned(),
    };
    let fault = compile(&[temp.path()], &compiler).unwrap_err();
    assert!(matches!(fault, Fault::Interpreter(0)), "{fault}");
    std::fs::write(temp.path().join("bin/python3.13"), "").unwrap();
    tree(temp.path(), 13, 1);
    let fault = compile(&[temp.path()], &compiler).unwrap_err();
    assert!(matches!(fault, Fault::Start { .. }), "{fault}");
}
