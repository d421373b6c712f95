//! Reading specs.

use super::*;

const SPEC: &str = r#"
[volume]
name = "static-gnu"
version = 15
libc = "gnu"
platforms = ["linux/amd64", "linux/arm64"]

[python]
version = "3.13.2"
strip = "python"
amd64 = { path = "python-amd64.tar.gz" }
arm64 = { path = "python-arm64.tar.gz" }
"#;

#[test]
fn a_small_spec_is_read_with_its_defaults() {
    let spec = Spec::parse("krunner.toml", SPEC).unwrap();
    assert_eq!(spec.document().volume.prefix, "/opt/backend.ai");
    assert_eq!(spec.document().volume.epoch, 1_704_067_200);
    assert_eq!(
        spec.at(["volume", "version"]).to_string(),
        "krunner.toml:4:11"
    );
}
