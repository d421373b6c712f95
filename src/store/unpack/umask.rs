//! The modes that a process cannot give what it makes, for those who can then do without a second call.

use std::sync::OnceLock;

/// Whether what is made with these bits has them, whatever the process's umask.
pub(super) fn spares(mode: u32) -> bool {
    static UMASK: OnceLock<u32> = OnceLock::new();
    mode & UMASK.get_or_init(umask) == 0
}

/// The process's umask, which can be asked for without changing it only here; everything, where it cannot.
fn umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let umask =
        lines.find_map(|line| u32::from_str_radix(line.strip_prefix("Umask:")?.trim(), 8).ok());
    umask.unwrap_or(0o777)
}
