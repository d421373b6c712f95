//! The scripts in `bin`: those that a wheel brings, and those that start its entry points.

use super::entry_points::Command;

/// A script that starts a command with the volume's own interpreter.
pub(super) fn launcher(command: &Command, interpreter: &str) -> String {
    let Command {
        module, function, ..
    } = command;
    // `from a import b` binds the outermost name; what is behind a dot is reached from it.
    let import = function.split('.').next().unwrap_or(function);
    format!(
        "#!{interpreter}\n\
         import sys\n\
         \n\
         from {module} import {import}\n\
         \n\
         if __name__ == \"__main__\":\n    \
         sys.exit({function}())\n"
    )
}

/// A wheel's script, with the volume's interpreter where its first line asks for one: `#!python` or
/// `#!pythonw`, which stand for whatever interpreter the wheel is installed for.
pub(super) fn with_interpreter(script: Vec<u8>, interpreter: &str) -> Vec<u8> {
    if !script.starts_with(b"#!python") {
        return script;
    }
    let end = script
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(script.len());
    let mut rewritten = format!("#!{interpreter}").into_bytes();
    rewritten.extend_from_slice(&script[end..]);
    rewritten
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_imports_the_outermost_name_and_calls_the_innermost() {
        let command = Command {
            name: "run".to_owned(),
            module: "a.b".to_owned(),
            function: "App.main".to_owned(),
        };
        assert_eq!(
            launcher(&command, "/opt/backend.ai/bin/python3.13"),
            "#!/opt/backend.ai/bin/python3.13\nimport sys\n\nfrom a.b import App\n\n\
             if __name__ == \"__main__\":\n    sys.exit(App.main())\n"
        );
    }

    #[test]
    fn only_the_placeholder_is_rewritten() {
        let rewrite = |text: &str| with_interpreter(text.as_bytes().to_vec(), "/p");
        assert_eq!(rewrite("#!python\nx"), b"#!/p\nx");
        assert_eq!(rewrite("#!pythonw -E\nx"), b"#!/p\nx");
        assert_eq!(rewrite("#!/bin/sh\nx"), b"#!/bin/sh\nx");
        assert_eq!(rewrite("#!python"), b"#!/p");
    }
}
