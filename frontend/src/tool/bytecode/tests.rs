//! Compiles with the machine's own Python where that can stand in for a distribution.

use super::*;

#[test]
fn a_distribution_without_an_interpreter_is_told() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(temp.path().join("bin")).unwrap();
    let compiler = Compiler {
        python: temp.path().to_owned(),
        runtime: temp.path().to_owned(),
        folder: "lib/glibc".to_owned(),
        loader: "ld-linux-x86-64.so.2".to_owned(),
        prefix: "/opt/backend.ai".to_owned(),
    };
    let fault = compile(temp.path(), &compiler).unwrap_err();
    assert!(matches!(fault, Fault::Interpreter(0)), "{fault}");
    // One that is there, and a loader that is not.
    std::fs::write(temp.path().join("bin/python3.13"), "").unwrap();
    std::fs::create_dir_all(temp.path().join("lib/python3.13")).unwrap();
    let fault = compile(temp.path(), &compiler).unwrap_err();
    assert!(matches!(fault, Fault::Start { .. }), "{fault}");
}
