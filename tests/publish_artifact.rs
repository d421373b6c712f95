//! What publishing makes: the same bytes every time, and the documents that `docs/artifact.md` promises.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

use common::{layout, published};
use krunner::artifact::{
    Cache, Compression, DockerArchive, Folder, Layout, Manifest, Silent, images, publish,
};
use krunner::digest::Digest;

/// If this fails, every digest that anybody ever pinned is at stake: bump the volume's version, and say so.
#[test]
fn a_hand_made_layout_has_this_index_digest_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let (_, published) = published(dir.path());
    insta::assert_json_snapshot!(published);
}

#[test]
fn the_documents_are_these() {
    let dir = tempfile::tempdir().unwrap();
    let (out, published) = published(dir.path());
    let read =
        |digest: &Digest| fs::read_to_string(out.join("blobs/sha256").join(digest.hex())).unwrap();
    let manifest = read(&published.platforms[0].manifest.digest);
    let config = Manifest::parse(manifest.as_bytes())
        .unwrap()
        .config
        .inlined()
        .unwrap();
    insta::assert_snapshot!(format!(
        "{}\n\n{manifest}\n\n{}",
        read(&published.index.digest),
        String::from_utf8(config).unwrap()
    ));
}

#[test]
fn a_layer_is_the_same_however_it_came_and_from_a_cache_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let (_, first) = published(dir.path());
    let (_, cached) = published(dir.path());
    assert_eq!(first.index, cached.index);
    // The cache is damaged, so everything is made anew.
    for entry in fs::read_dir(dir.path().join("cache")).unwrap() {
        let path = entry.unwrap().path();
        let mut content = fs::read(&path).unwrap();
        let middle = content.len() / 2;
        content[middle] ^= 1;
        fs::write(path, content).unwrap();
    }
    let (_, anew) = published(dir.path());
    assert_eq!(first.index, anew.index);
}

#[test]
fn gzip_is_made_on_request_with_the_same_diff_ids() {
    let dir = tempfile::tempdir().unwrap();
    layout::small().write(&dir.path().join("in"));
    let source = Layout::folder(&dir.path().join("in"), None);
    let sink = Folder::open(&dir.path().join("out"), "15").unwrap();
    let cache = Cache::open(&dir.path().join("cache")).unwrap();
    let images = images(&source, "in").unwrap();
    let published = publish(images, &sink, &cache, Compression::Gzip(9), &Silent).unwrap();
    let layer = &published.platforms[0].layers[0];
    assert_eq!(
        layer.media_type,
        "application/vnd.oci.image.layer.v1.tar+gzip"
    );
    assert_eq!(
        layer.annotations["org.opencontainers.image.title"],
        "python.tar.gz"
    );
}

#[test]
fn saved_images_of_two_platforms_join_into_the_index_that_a_layout_makes() {
    let dir = tempfile::tempdir().unwrap();
    let (_, expected) = published(dir.path());
    let mut archives = Vec::new();
    for image in &layout::small().0 {
        let one = layout::Images(vec![layout::Image {
            architecture: image.architecture,
            layers: image.layers.clone(),
        }]);
        let folder = dir.path().join(image.architecture);
        one.write(&folder);
        let config = config_of(&folder);
        let mut tar = layout::Tar::default().file("config.json", &config);
        let mut names = Vec::new();
        for layout::Layer(stage, content, _) in &image.layers {
            tar = tar.file(&format!("{stage}/layer.tar"), content);
            names.push(format!("{stage}/layer.tar"));
        }
        let list =
            serde_json::json!([{ "Config": "config.json", "RepoTags": null, "Layers": names }]);
        let file = dir.path().join(format!("{}.tar", image.architecture));
        fs::write(
            &file,
            tar.file("manifest.json", list.to_string().as_bytes())
                .finish(),
        )
        .unwrap();
        archives.push(DockerArchive::open(&file).unwrap());
    }
    let images = archives
        .iter()
        .flat_map(|archive| archive.images().unwrap())
        .collect();
    let sink = Folder::open(&dir.path().join("joined"), "15").unwrap();
    let cache = Cache::open(&dir.path().join("cache")).unwrap();
    let joined = publish(images, &sink, &cache, Compression::DEFAULT, &Silent).unwrap();
    assert_eq!(joined.index, expected.index);
}

fn config_of(folder: &std::path::Path) -> Vec<u8> {
    let blobs = fs::read_dir(folder.join("blobs/sha256")).unwrap();
    let mut contents = blobs.map(|entry| fs::read(entry.unwrap().path()).unwrap());
    contents
        .find(|content| {
            serde_json::from_slice::<serde_json::Value>(content)
                .is_ok_and(|json| json["rootfs"].is_object())
        })
        .unwrap()
}
