//! Several builders that publish under one tag.

use std::fs;

use crate::common::layout::{self, Images};
use crate::place::{folder, said};

#[test]
fn each_builder_may_publish_its_own_platform_in_any_order() {
    let dir = folder();
    for image in layout::small().0 {
        let architecture = image.architecture;
        Images(vec![image]).write(&dir.path().join(architecture));
    }
    let both = said(dir.path(), &["inspect oci:out:15"]);
    let joined = said(
        dir.path(),
        &[
            "publish oci:arm64 oci:joined:15",
            "publish oci:amd64 oci:joined:15",
            "publish oci:amd64 oci:joined:15",
        ],
    );
    insta::assert_snapshot!(joined);
    let shown = said(dir.path(), &["inspect oci:joined:15"]);
    assert_eq!(shown.replace("joined", "out"), both);
    let replaced = said(
        dir.path(),
        &[
            "publish oci:amd64 oci:joined:15 --replace",
            "inspect oci:joined:15",
        ],
    );
    assert!(!replaced.contains("linux/arm64"), "{replaced}");
}

#[test]
fn another_version_under_the_tag_keeps_nothing_of_the_old_one() {
    let dir = folder();
    fs::create_dir(dir.path().join("tree")).unwrap();
    fs::write(dir.path().join("tree/a"), "a").unwrap();
    let shown = said(
        dir.path(),
        &[
            "pack tree oci:out:15 --platform linux/arm64 --annotation ai.backend.krunner.version=16",
            "inspect oci:out:15",
        ],
    );
    assert!(!shown.contains("linux/amd64"), "{shown}");
}
