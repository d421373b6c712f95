//! `entry_points.txt`: the commands that a package wants.

use super::Fault;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// The name of the file.
    pub(super) name: String,
    /// The module to import.
    pub(super) module: String,
    /// The function in it, perhaps of an object in it.
    pub(super) function: String,
}

/// Reads the commands, of the console and of a desktop alike, sorted by name.
pub(super) fn parse(text: &str) -> Result<Vec<Command>, Fault> {
    let mut commands = Vec::new();
    let mut wanted = false;
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            wanted = matches!(section.trim(), "console_scripts" | "gui_scripts");
        } else if wanted {
            commands.push(command(line).ok_or_else(|| Fault::EntryPoint(line.to_owned()))?);
        }
    }
    commands.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(commands)
}

fn command(line: &str) -> Option<Command> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    // Extras have no meaning any more once something is installed.
    let object = value.split_once('[').map_or(value, |(object, _)| object);
    let (module, function) = object.split_once(':')?;
    let (module, function) = (module.trim(), function.trim());
    let good = is_file_name(name) && is_dotted(module) && is_dotted(function);
    good.then(|| Command {
        name: name.to_owned(),
        module: module.to_owned(),
        function: function.to_owned(),
    })
}

fn is_file_name(name: &str) -> bool {
    let reserved = matches!(name, "" | "." | ".." | "python" | "python3");
    !reserved
        && !name
            .chars()
            .any(|c| c == '/' || c == '\\' || c.is_control())
}

/// The text becomes Python code, so it may be nothing but names and dots.
fn is_dotted(text: &str) -> bool {
    text.split('.').all(|name| {
        name.chars().all(|c| c == '_' || c.is_alphanumeric())
            && name.chars().next().is_some_and(|c| !c.is_numeric())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_of_both_kinds_are_read_without_their_extras() {
        let commands = parse(
            "[other]\nx = y\n[console_scripts]\n# no\nb = a.b:c.d [extra]\n[gui_scripts]\na=m:f\n",
        )
        .unwrap();
        let texts: Vec<_> = commands
            .iter()
            .map(|c| format!("{} {} {}", c.name, c.module, c.function))
            .collect();
        assert_eq!(texts, ["a m f", "b a.b c.d"]);
    }

    #[test]
    fn what_would_become_other_code_or_another_path_is_refused() {
        for line in [
            "../x = a:b",
            "x = a",
            "x = a:b; import os",
            "x = a b:c",
            "x = :b",
            "python = a:b",
            "x",
            "= a:b",
            "x = a:b()",
            "x = 1a:b",
        ] {
            let text = format!("[console_scripts]\n{line}");
            assert!(parse(&text).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,64}") {
            if let Ok(commands) = parse(&format!("[console_scripts]\n{text}")) {
                prop_assert!(commands.iter().all(|c| !c.name.contains('/')));
            }
        }
    }
}
