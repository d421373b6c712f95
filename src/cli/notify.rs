//! Tells systemd that a service is ready (`sd_notify(3)`, the protocol and not the library).

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::env;

/// Says `READY=1` to who started us, if that wants to know.
pub(super) fn ready() {
    let Some(name) = std::env::var_os(env::NOTIFY_SOCKET) else {
        return;
    };
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&name),
    };
    // If nobody hears it, systemd will say so itself.
    let _ = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(b"READY=1", &address));
}
