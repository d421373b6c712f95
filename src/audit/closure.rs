//! Which file meets each need of each program and library, found as a dynamic linker finds it.
//!
//! Each program is followed on its own, because libraries inherit the search path of what loads them. Libraries that no
//! other program loads are taken for Python's modules, which Python loads by name.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::python::Python;
use super::tree::Content;
use super::{Libc, Profile, Tree};
use crate::elf::{Facts, Kind, Machine};

/// More folders in one search path than any real chain of libraries brings together.
const FOLDERS: usize = 256;

/// For each file, for each need: the file that meets it, or none.
pub(super) type Closure<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Option<&'a str>>>;

/// Follows every need in the volume.
pub(super) fn of<'a>(tree: &'a Tree, profile: &'a Profile) -> Closure<'a> {
    let files: BTreeMap<&str, &Facts> = tree
        .files()
        .filter_map(|(name, _, content)| match content {
            Content::Elf(facts) if facts.dynamic => Some((name, &**facts)),
            _ => None,
        })
        .collect();
    let python = Python::of(tree, &profile.prefix).and_then(|python| python.program);
    let mut closure = Closure::new();
    let programs = files.iter().filter(|(_, facts)| facts.is_program());
    for (program, _) in programs.filter(|(name, _)| Some(**name) != python) {
        let mut process = Process::new(tree, profile, &files);
        process.load(program, &[]);
        process.into(&mut closure);
    }
    let mut process = Process::new(tree, profile, &files);
    let mut inherited = Vec::new();
    if let Some(python) = python.filter(|python| files.contains_key(python)) {
        process.load(python, &[]);
        inherited = process.loader_of_modules(python);
    }
    process.start();
    for (module, facts) in &files {
        if facts.kind == Kind::Shared && !facts.is_program() && !closure.contains_key(module) {
            process.load(module, &inherited);
        }
    }
    process.into(&mut closure);
    closure
}

/// One process, as far as it has loaded.
struct Process<'a, 'f> {
    tree: &'a Tree,
    profile: &'a Profile,
    files: &'f BTreeMap<&'a str, &'a Facts>,
    /// The search path that each file has from what loads it.
    inherited: BTreeMap<&'a str, Vec<String>>,
    found: Closure<'a>,
    /// Names under which something is loaded since the start, which no search is made for.
    loaded: BTreeMap<&'a str, &'a str>,
}

impl<'a, 'f> Process<'a, 'f> {
    fn new(tree: &'a Tree, profile: &'a Profile, files: &'f BTreeMap<&'a str, &'a Facts>) -> Self {
        Self {
            tree,
            profile,
            files,
            inherited: BTreeMap::new(),
            found: Closure::new(),
            loaded: BTreeMap::new(),
        }
    }

    /// Loads a file and everything that it needs.
    fn load(&mut self, file: &'a str, inherited: &[String]) {
        if !self.inherit(file, inherited) {
            return;
        }
        self.linker(file);
        let mut queue = VecDeque::from([file]);
        while let Some(file) = queue.pop_front() {
            let Some(facts) = self.files.get(file).copied() else {
                continue;
            };
            let own = folders(file, facts, &self.profile.prefix);
            let above = self.inherited.get(file).cloned().unwrap_or_default();
            let musl = self.profile.libc == Libc::Musl;
            let mut path = own.clone();
            if facts.runpath.is_none() || musl {
                path.extend(above.iter().cloned());
            }
            // glibc hands down what is in DT_RPATH, and of a file with both only DT_RUNPATH counts.
            let mut below = if facts.runpath.is_none() || musl {
                own
            } else {
                Vec::new()
            };
            below.extend(above);
            for need in &facts.needed {
                let met = self.search(file, need, &path);
                if let Some(library) = met
                    && self.inherit(library, &below)
                {
                    queue.push_back(library);
                }
                self.found.entry(file).or_default().insert(need, met);
            }
            self.found.entry(file).or_default();
        }
    }

    /// Notes what a file inherits; says whether that is news.
    fn inherit(&mut self, file: &'a str, folders: &[String]) -> bool {
        let is_new = !self.inherited.contains_key(file);
        let known = self.inherited.entry(file).or_default();
        let before = known.len();
        for folder in folders {
            if known.len() < FOLDERS && !known.contains(folder) {
                known.push(folder.clone());
            }
        }
        is_new || known.len() > before
    }

    /// The dynamic linker is there before any library is looked for.
    fn linker(&mut self, program: &'a str) {
        let interpreter = self
            .files
            .get(program)
            .and_then(|facts| facts.interpreter.as_deref());
        let found = interpreter.and_then(|path| self.tree.find_file(path, &self.profile.prefix));
        if let Some((linker, _)) = found {
            self.name(linker);
        }
    }

    /// What is loaded by now is there before any module is.
    fn start(&mut self) {
        let files: Vec<_> = self.found.keys().copied().collect();
        for file in files {
            self.name(file);
        }
    }

    fn name(&mut self, file: &'a str) {
        let soname = self
            .files
            .get(file)
            .and_then(|facts| facts.soname.as_deref());
        self.loaded.insert(soname.unwrap_or(base(file)), file);
    }

    /// The search path that Python's modules have from what loads them: the library with the interpreter in it.
    fn loader_of_modules(&self, python: &'a str) -> Vec<String> {
        let library = self
            .found
            .keys()
            .find(|file| base(file).starts_with("libpython3."));
        let mut path = Vec::new();
        for file in library.into_iter().chain([&python]) {
            if let Some(facts) = self.files.get(file).filter(|facts| facts.runpath.is_none()) {
                path.extend(folders(file, facts, &self.profile.prefix));
            }
            path.extend(self.inherited.get(file).cloned().unwrap_or_default());
        }
        path
    }

    fn search(&self, file: &str, need: &'a str, path: &[String]) -> Option<&'a str> {
        if let Some(loaded) = self.loaded.get(need) {
            return Some(loaded);
        }
        if need.contains('/') {
            return self.library(&expand(need, file)?);
        }
        path.iter()
            .find_map(|folder| self.library(&format!("{folder}/{need}")))
    }

    /// A file that a dynamic linker takes: one for another machine is passed over.
    fn library(&self, path: &str) -> Option<&'a str> {
        let (name, _) = self.tree.find_file(path, &self.profile.prefix)?;
        let facts = self.files.get(name)?;
        (facts.machine == Machine::Known(self.profile.architecture)).then_some(name)
    }

    fn into(self, closure: &mut Closure<'a>) {
        for (file, needs) in self.found {
            let known = closure.entry(file).or_default();
            for (need, met) in needs {
                // What one program does not find is missing, though another may find it.
                let both = known.get(need).map_or(met, |other| other.and(met));
                known.insert(need, both);
            }
        }
    }
}

/// The folders of a file's own search path that can be in the volume.
fn folders(file: &str, facts: &Facts, prefix: &str) -> Vec<String> {
    let path = facts
        .search_path()
        .filter_map(|element| expand(element, file));
    let inside = path.filter(|path| {
        !path.starts_with('/')
            || super::profile::below(prefix.trim_end_matches('/'), path).is_some()
    });
    let mut seen = BTreeSet::new();
    inside
        .filter(|path| seen.insert(path.clone()))
        .take(FOLDERS)
        .collect()
}

/// A path with `$ORIGIN` in it, relative to the volume, or an absolute one; none for one relative to the working folder.
pub(super) fn expand(path: &str, file: &str) -> Option<String> {
    let rest = ["$ORIGIN", "${ORIGIN}"]
        .iter()
        .find_map(|word| path.strip_prefix(word));
    match rest {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            Some(format!("{folder}{rest}").trim_start_matches('/').to_owned())
        }
        Some(_) => None,
        None => path.starts_with('/').then(|| path.to_owned()),
    }
}

/// The last part of a name.
pub(super) fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
