//! What `diff` and `verify` tell.

use std::fs;

use crate::common::layout::{self, Images, Layer, Packing, Tar};
use crate::place::{folder, said};

#[test]
fn a_difference_is_shown_by_layers_packages_and_files_with_its_price() {
    let dir = folder();
    let mut newer = layout::small();
    for image in &mut newer.0 {
        image.layers[1] = Layer(
            "wheels",
            Tar::default()
                .file("lib/a.py", b"a = 2\n")
                .file(
                    "lib/site-packages/attrs-25.1.dist-info/METADATA",
                    b"Name: attrs\n",
                )
                .finish(),
            Packing::Zstd,
        );
        image.layers.push(Layer(
            "more",
            Tar::default().file("more/\u{1b}[31mred", b"x").finish(),
            Packing::Plain,
        ));
    }
    newer.0.remove(0);
    newer.write(&dir.path().join("newer"));
    insta::assert_snapshot!(said(
        dir.path(),
        &[
            "publish oci:newer oci:newer-out:16",
            "diff oci:out:15 oci:newer-out:16",
            "diff oci:newer-out:16 oci:out:15 --layers",
            "diff oci:out:15 oci:out:15",
            "diff oci:out:15 oci:newer-out:16 --output json",
        ]
    ));
}

#[test]
fn every_rule_that_an_artifact_breaks_is_named_with_what_breaks_it() {
    let dir = tempfile::tempdir().unwrap();
    // Built by an engine, and typed by somebody in a hurry.
    layout::small().write_artifact(&dir.path().join("typed"));
    layout::small().write(&dir.path().join("image"));
    let twice = |path: &str| Tar::default().file("same", path.as_bytes()).finish();
    let images = Images(vec![layout::Image {
        architecture: "amd64",
        layers: vec![
            Layer("one", twice("1"), Packing::Gzip),
            Layer("two", twice("2"), Packing::Gzip),
            Layer(
                "out",
                Tar::default().symlink("a", "../../etc").finish(),
                Packing::Gzip,
            ),
            Layer(
                "white",
                Tar::default().file(".wh.x", b"").finish(),
                Packing::Gzip,
            ),
        ],
    }]);
    images.write_artifact(&dir.path().join("hostile"));
    let damaged = folder();
    let blobs = fs::read_dir(damaged.path().join("out/blobs/sha256")).unwrap();
    let largest = blobs
        .map(|entry| entry.unwrap().path())
        .filter(|path| !fs::read(path).unwrap().starts_with(b"{"))
        .max_by_key(|path| (fs::metadata(path).unwrap().len(), path.clone()))
        .unwrap();
    let mut content = fs::read(&largest).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    fs::write(&largest, content).unwrap();
    let tree = damaged.path().join("tree");
    fs::create_dir(&tree).unwrap();
    fs::write(
        tree.join("krunner.json"),
        r#"{"version": 14, "libc": "gnu"}"#,
    )
    .unwrap();
    let labels =
        ["version=15", "libc=gnu"].map(|label| format!("--annotation ai.backend.krunner.{label}"));
    let pack = format!(
        "pack tree oci:told --platform linux/amd64 {}",
        labels.join(" ")
    );
    said(damaged.path(), &[&pack]);
    let steps = [
        "verify oci:typed",
        "verify oci:image",
        "verify oci:hostile",
        "verify oci:nowhere",
    ];
    let mut text = said(dir.path(), &steps);
    text.push('\n');
    text.push_str(&said(
        damaged.path(),
        &[
            "verify oci:out:15",
            "verify oci:out:15 --output json",
            "verify oci:told",
        ],
    ));
    insta::assert_snapshot!(text);
}
