//! What a program or library says of itself.

use krunner::elf;

pub(crate) fn run(bytes: &[u8]) {
    if let Ok(Some(facts)) = elf::parse(bytes) {
        let _ = facts.search_path().count();
    }
    let _ = elf::machine(bytes);
}
