//! The agent as a service: the unit of the example on a node whose kernel knows EROFS images by loop devices alone.

use std::fs;
use std::path::Path;

use crate::guest::{Guest, Running};
use crate::volume::publish;

const CONFIG: &str = r#"
store = "/var/lib/krunner"
interval = "1h"
[api]
socket = "/run/krunner/agent.sock"
[references.old]
reference = "oci:/host/old:15"
[references.new]
reference = "oci:/host/new:15"
"#;

/// Installs what the node's owner would install, and what the test does once the agent says that it is ready.
const SCRIPT: &str = "#!/bin/sh
units=/etc/systemd/system
mkdir -p /etc/krunner $units/multi-user.target.wants
cat /host/agent.toml >/etc/krunner/agent.toml
for unit in krunner-agent act; do
    cat /host/$unit.service >$units/$unit.service
    ln -sf ../$unit.service $units/multi-user.target.wants/
done
ln -sf /lib/systemd/system/multi-user.target $units/default.target
exec /lib/systemd/systemd
";
const ACT: &str = "
[Unit]
After=krunner-agent.service
Wants=krunner-agent.service
[Service]
Type=oneshot
ExecStart=/bin/sh /host/act
StandardOutput=file:/host/said
StandardError=file:/host/said
";

/// What every act begins with.
const TOOLS: &str = "
deployed() {
    for i in $(seq 60); do krunner status >/host/status 2>&1 && return; sleep 0.2; done
    return 1
}
tool() { $(krunner path oci:/host/$1:15)/bin/tool $1; }
";

/// A node with the example's unit. The twin of `old` is for old kernels, and that of `new` is not.
fn node() -> Option<Guest> {
    let guest = Guest::new()?;
    publish(&guest, "old", "lz4hc");
    publish(&guest, "new", "zstd");
    let unit = "examples/node/krunner-agent.service";
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join(unit);
    fs::copy(unit, guest.host().join("krunner-agent.service")).unwrap();
    fs::write(guest.host().join("agent.toml"), CONFIG).unwrap();
    fs::write(guest.host().join("act.service"), ACT).unwrap();
    Some(guest)
}

/// Starts a node and waits until the act is over.
#[track_caller]
fn act(guest: &Guest, act: &str) -> Running {
    let host = guest.host();
    let _ = fs::remove_file(host.join("acted"));
    fs::write(
        host.join("act"),
        format!("{TOOLS}{act}\ntouch /host/acted\n"),
    )
    .unwrap();
    let mut machine = guest.boot(SCRIPT);
    machine.until("acted");
    machine
}

#[test]
fn the_unit_runs_the_agent_and_an_old_kernel_has_what_it_cannot_mount_as_a_folder() {
    let Some(guest) = node() else { return };
    let machine = act(
        &guest,
        "deployed || journalctl -u krunner-agent -o cat
        tool old; tool new
        touch $(krunner path oci:/host/old:15)/new || echo kept
        cat /proc/self/mountinfo >/host/mounts
        systemctl show krunner-agent -p ActiveState,StatusText,NRestarts >/host/unit
        journalctl -u krunner-agent -o cat >/host/journal",
    );
    let said = guest.read("said");
    let all = format!("{said}\n{}\n{}", guest.read("journal"), machine.said());
    assert!(said.contains("tool of old\ntool of new\n"), "{all}");
    assert!(said.contains("Read-only file system\nkept\n"), "{all}");
    assert!(guest.read("unit").contains("ActiveState=active"), "{all}");
    let mounts = guest.read("mounts");
    let images: Vec<&str> = mounts
        .lines()
        .filter(|line| line.contains(" erofs "))
        .collect();
    let [image] = images[..] else {
        panic!("{mounts}\n{all}")
    };
    assert!(image.contains(" erofs /dev/loop"), "{image}");
    assert!(image.contains(" ro,nosuid,nodev,"), "{image}");
    let fell = "Unpacking `oci:/host/new:15`, for its image cannot be mounted here";
    let journal = guest.read("journal");
    let fell = journal.lines().find(|line| line.contains(fell));
    // By this the agent knows that the next one like it need not be fetched.
    assert!(
        fell.is_some_and(|line| line.contains("not supported")),
        "{all}"
    );
}

#[test]
fn an_agent_that_is_killed_and_a_node_that_loses_its_power_have_their_volumes_again() {
    let Some(guest) = node() else { return };
    let first = act(
        &guest,
        "deployed
        systemctl kill --signal=KILL krunner-agent
        sleep 0.5
        deployed && tool old && tool new
        systemctl show krunner-agent -p ActiveState,NRestarts",
    );
    let said = guest.read("said");
    assert!(
        said.contains("tool of old\ntool of new\n"),
        "{said}\n{}",
        first.said()
    );
    assert!(said.contains("NRestarts=1\nActiveState=active"), "{said}");
    first.cut();
    // And there is nobody to pull them from.
    for name in ["old", "new"] {
        fs::rename(
            guest.host().join(name),
            guest.host().join(format!("{name}-away")),
        )
        .unwrap();
    }
    let second = act(
        &guest,
        "deployed && krunner fsck && tool old && tool new
        systemctl stop krunner-agent
        systemctl show krunner-agent -p Result,ActiveState",
    );
    let said = guest.read("said");
    assert!(
        said.contains("tool of old\ntool of new\n"),
        "{said}\n{}",
        second.said()
    );
    assert!(
        said.contains("Result=success\nActiveState=inactive"),
        "{said}"
    );
    second.cut();
}
