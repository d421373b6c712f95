//! Programs and libraries made by hand: all that a dynamic linker is told, and no code.

/// What a file asks for. `default()` is a library for x86-64 that asks for nothing.
#[derive(Clone)]
pub(crate) struct Elf {
    pub(crate) machine: u16,
    pub(crate) interpreter: Option<String>,
    pub(crate) needed: Vec<String>,
    pub(crate) rpath: Option<String>,
    pub(crate) runpath: Option<String>,
    pub(crate) soname: Option<String>,
    pub(crate) requires: Vec<(String, String)>,
    pub(crate) provides: Vec<String>,
    pub(crate) text_relocations: bool,
    /// The flags of the stack's segment: 6 is a plain one, 7 can be executed.
    pub(crate) stack: Option<u32>,
}

/// x86-64.
pub(crate) const X86_64: u16 = 62;
/// 64-bit Arm.
pub(crate) const AARCH64: u16 = 183;

impl Default for Elf {
    fn default() -> Self {
        Self {
            machine: X86_64,
            interpreter: None,
            needed: Vec::new(),
            rpath: None,
            runpath: None,
            soname: None,
            requires: Vec::new(),
            provides: Vec::new(),
            text_relocations: false,
            stack: Some(6),
        }
    }
}

/// A library that needs others.
pub(crate) fn library(needed: &[&str]) -> Elf {
    Elf {
        needed: needed.iter().map(ToString::to_string).collect(),
        ..Elf::default()
    }
}

/// A program with its dynamic linker.
pub(crate) fn program(interpreter: &str, needed: &[&str]) -> Elf {
    Elf {
        interpreter: Some(interpreter.to_owned()),
        ..library(needed)
    }
}

impl Elf {
    /// With a search path that is inherited.
    pub(crate) fn rpath(self, path: &str) -> Self {
        let rpath = Some(path.to_owned());
        Self { rpath, ..self }
    }

    /// With a name.
    pub(crate) fn soname(self, name: &str) -> Self {
        let soname = Some(name.to_owned());
        Self { soname, ..self }
    }

    /// With a symbol version that it needs of a library.
    pub(crate) fn requires(mut self, library: &str, version: &str) -> Self {
        self.requires.push((library.to_owned(), version.to_owned()));
        self
    }

    /// With a symbol version that it has.
    pub(crate) fn provides(mut self, version: &str) -> Self {
        self.provides.push(version.to_owned());
        self
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut strings = Strings(vec![0]);
        let mut dynamic: Vec<(u64, u64)> = Vec::new();
        for needed in &self.needed {
            dynamic.push((1, strings.add(needed).into()));
        }
        for (tag, text) in [(14, &self.soname), (15, &self.rpath), (29, &self.runpath)] {
            if let Some(text) = text {
                dynamic.push((tag, strings.add(text).into()));
            }
        }
        let (verneed, verdef) = (self.verneed(&mut strings), self.verdef(&mut strings));
        if self.text_relocations {
            dynamic.push((22, 0));
        }
        let interpreter = self.interpreter.as_deref().unwrap_or_default();
        let interpreter = [interpreter.as_bytes(), &[0]].concat();
        let is_dynamic = !dynamic.is_empty() || self.interpreter.is_some() || !verdef.is_empty();

        // The whole file is one loaded segment, so that addresses are offsets.
        let start = 64 + 4 * 56;
        let strings_at = start + size(&interpreter);
        let verneed_at = strings_at + size(&strings.0);
        let verdef_at = verneed_at + size(&verneed);
        dynamic.extend([(5, strings_at), (10, size(&strings.0))]);
        let tables = [
            (0x6fff_fffe, verneed_at, self.requires.len()),
            (0x6fff_fffc, verdef_at, self.provides.len()),
        ];
        for (tag, at, count) in tables.into_iter().filter(|(.., count)| *count > 0) {
            dynamic.extend([(tag, at), (tag + 1, count as u64)]);
        }
        dynamic.push((0, 0));
        let dynamic_at = (verdef_at + size(&verdef)).next_multiple_of(16);
        let dynamic = dynamic.iter().flat_map(|(tag, value)| [*tag, *value]);
        let dynamic: Vec<u8> = dynamic.flat_map(u64::to_le_bytes).collect();

        let mut file = self.header();
        let has_interpreter = self.interpreter.is_some();
        file.extend(segment(Some(1), 6, 0, dynamic_at + size(&dynamic)));
        file.extend(segment(
            has_interpreter.then_some(3),
            4,
            start,
            size(&interpreter),
        ));
        file.extend(segment(
            is_dynamic.then_some(2),
            6,
            dynamic_at,
            size(&dynamic),
        ));
        file.extend(segment(
            self.stack.map(|_| 0x6474_e551),
            self.stack.unwrap_or(0),
            0,
            0,
        ));
        for part in [interpreter, strings.0, verneed, verdef] {
            file.extend(part);
        }
        file.resize(usize::try_from(dynamic_at).unwrap(), 0);
        file.extend(dynamic);
        file
    }

    /// The header, with four segments behind it.
    fn header(&self) -> Vec<u8> {
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(16, 0);
        file.extend([3, 0]);
        file.extend(self.machine.to_le_bytes());
        file.extend(1u32.to_le_bytes());
        file.extend([0, 64, 0].map(u64::to_le_bytes).concat());
        file.extend(0u32.to_le_bytes());
        file.extend([64, 56, 4, 64, 0, 0].map(u16::to_le_bytes).concat());
        file
    }

    /// One record for each version that is needed.
    fn verneed(&self, strings: &mut Strings) -> Vec<u8> {
        let mut table = Vec::new();
        for (index, (library, version)) in self.requires.iter().enumerate() {
            let next = if index + 1 == self.requires.len() {
                0
            } else {
                32
            };
            table.extend([1, 1].map(u16::to_le_bytes).concat());
            table.extend(
                [strings.add(library), 16, next, 0]
                    .map(u32::to_le_bytes)
                    .concat(),
            );
            table.extend([0, 2].map(u16::to_le_bytes).concat());
            table.extend([strings.add(version), 0].map(u32::to_le_bytes).concat());
        }
        table
    }

    /// One record for each version that is there.
    fn verdef(&self, strings: &mut Strings) -> Vec<u8> {
        let mut table = Vec::new();
        for (index, version) in self.provides.iter().enumerate() {
            let next = if index + 1 == self.provides.len() {
                0
            } else {
                28
            };
            table.extend([1, 0, 2, 1].map(u16::to_le_bytes).concat());
            table.extend(
                [0, 20, next, strings.add(version), 0]
                    .map(u32::to_le_bytes)
                    .concat(),
            );
        }
        table
    }
}

/// A string table.
struct Strings(Vec<u8>);

impl Strings {
    /// Where the text is in the table.
    fn add(&mut self, text: &str) -> u32 {
        let at = u32::try_from(self.0.len()).unwrap();
        self.0.extend(text.bytes());
        self.0.push(0);
        at
    }
}

/// A program header; without a kind one that means nothing.
fn segment(kind: Option<u32>, flags: u32, at: u64, size: u64) -> Vec<u8> {
    let words = [at, at, at, size, size, 8].map(u64::to_le_bytes).concat();
    let head = [kind.unwrap_or(0), flags].map(u32::to_le_bytes).concat();
    [head, words].concat()
}

fn size(bytes: &[u8]) -> u64 {
    bytes.len() as u64
}
