//! Whatever a registry sends, a pull either has every byte right or fails, names the digest, and leaves nothing to see.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::registry::{Double, Lie};
use common::{chain, layout, published};
use krunner::artifact::{Published, Silent};
use krunner::digest::Digest;
use krunner::platform::Platform;
use krunner::registry::Credentials;
use krunner::store::Store;

struct Fixture {
    registry: Double,
    published: Published,
    dir: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (out, published) = published(dir.path());
        let registry = Double::start();
        registry.load(&out);
        Self {
            registry,
            published,
            dir,
        }
    }

    fn store(&self) -> Store {
        Store::init(&self.dir.path().join("store")).unwrap()
    }

    fn pull(&self) -> Result<(), String> {
        let client = self.registry.client();
        self.store()
            .pull(
                &client,
                &self.registry.reference(),
                Platform::AMD64,
                &Silent,
            )
            .map(drop)
            .map_err(|error| chain(&error))
    }

    fn layer(&self, number: usize) -> Digest {
        self.published.platforms[0].layers[number].digest
    }

    fn nothing_shows(&self, nothing_kept: bool) {
        let kept = nothing_kept.then_some("ingest");
        for folder in ["volumes", "staging"].into_iter().chain(kept) {
            let entries = std::fs::read_dir(self.store().root().join(folder)).unwrap();
            assert_eq!(entries.count(), 0, "{folder} is not empty");
        }
        self.store()
            .volume_of(&self.registry.reference(), Platform::AMD64)
            .unwrap_err();
    }
}

#[test]
fn every_lie_about_content_is_named_and_the_next_pull_heals() {
    let fixture = Fixture::new();
    let manifest = fixture.published.platforms[0].manifest.digest;
    let index = fixture.published.index.digest;
    let layer = fixture.layer(0);
    for (lie, named) in [
        (Lie::Flipped(layer), layer.to_string()),
        (Lie::Flipped(fixture.layer(3)), fixture.layer(3).to_string()),
        (Lie::Truncated(layer), layer.to_string()),
        (Lie::Endless(layer), layer.to_string()),
        (Lie::Flipped(manifest), manifest.to_string()),
        (Lie::Truncated(manifest), manifest.to_string()),
        (Lie::Endless(manifest), manifest.to_string()),
        (Lie::Endless(index), "krunner:15".to_owned()),
        (Lie::DigestHeader, index.to_string()),
        (
            Lie::ContentType("application/vnd.oci.image.manifest.v1+json"),
            "krunner:15".to_owned(),
        ),
        (Lie::ContentType("text/html"), "text/html".to_owned()),
    ] {
        // What was verified in an earlier round would be kept, and not be asked for again.
        krunner::fsutil::remove_tree(&fixture.dir.path().join("store")).unwrap();
        fixture.registry.lie(std::slice::from_ref(&lie));
        let error = fixture.pull().unwrap_err();
        assert!(error.contains(&named), "{lie:?}: {error}");
        // A line that ended early may go on the next time, so that alone leaves something to go on with.
        fixture.nothing_shows(lie != Lie::Truncated(layer));
    }
    fixture.registry.lie(&[]);
    fixture.pull().unwrap();
    fixture
        .store()
        .volume_of(&fixture.registry.reference(), Platform::AMD64)
        .unwrap();
}

#[test]
fn a_manifest_that_lies_about_sizes_is_refused_with_the_digest_named() {
    let dir = tempfile::tempdir().unwrap();
    for change in [1i64, -1, 1 << 40] {
        let (out, published) = published(dir.path());
        let registry = Double::start();
        registry.load(&out);
        let layer = &published.platforms[0].layers[0];
        let lied = layer.size.cast_signed() + change;
        {
            let mut inside = registry.inside.lock().unwrap();
            let old = published.platforms[0].manifest.digest.to_string();
            let text = String::from_utf8(inside.manifests[&old].1.clone()).unwrap();
            let text = text.replacen(
                &format!("\"size\":{}", layer.size),
                &format!("\"size\":{lied}"),
                1,
            );
            let (kind, new) = (
                inside.manifests[&old].0.clone(),
                Digest::of(text.as_bytes()).to_string(),
            );
            let index = String::from_utf8(inside.manifests["15"].1.clone())
                .unwrap()
                .replace(&old, &new);
            let index_kind = inside.manifests["15"].0.clone();
            let size = format!("\"size\":{}", published.platforms[0].manifest.size);
            let index = index.replacen(&size, &format!("\"size\":{}", text.len()), 1);
            inside.manifests.insert(new, (kind, text.into_bytes()));
            inside
                .manifests
                .insert("15".to_owned(), (index_kind, index.into_bytes()));
        }
        let store = Store::init(&dir.path().join("store")).unwrap();
        let error = store
            .pull(
                &registry.client(),
                &registry.reference(),
                Platform::AMD64,
                &Silent,
            )
            .map_err(|error| chain(&error))
            .unwrap_err();
        let named = error.contains(&layer.digest.to_string()) || error.contains("Too little room");
        assert!(named, "{change}: {error}");
        assert_eq!(
            std::fs::read_dir(store.root().join("volumes"))
                .unwrap()
                .count(),
            0
        );
    }
}

#[test]
fn a_pinned_digest_counts_and_not_what_the_registry_has_under_it() {
    let fixture = Fixture::new();
    let pinned = Digest::of(b"never published");
    {
        let mut inside = fixture.registry.inside.lock().unwrap();
        let other = inside.manifests["15"].clone();
        inside.manifests.insert(pinned.to_string(), other);
    }
    let reference = format!("{}/krunner@{pinned}", fixture.registry.address);
    let client =
        krunner::registry::Registry::new(reference.parse().unwrap(), Credentials::anonymous())
            .unwrap();
    let error = fixture
        .store()
        .pull(&client, &reference, Platform::AMD64, &Silent)
        .unwrap_err();
    assert!(chain(&error).contains(&pinned.to_string()));
    fixture.nothing_shows(true);
}

#[test]
fn a_broken_transfer_is_taken_up_where_it_broke() {
    let fixture = Fixture::new();
    fixture.registry.lie(&[Lie::Broken(fixture.layer(0))]);
    fixture.pull().unwrap();
}

/// And what came already comes again, where a registry knows no ranges.
#[test]
fn a_broken_transfer_begins_anew_where_no_range_is_understood() {
    let fixture = Fixture::new();
    let lies = [Lie::Broken(fixture.layer(0)), Lie::NoRanges];
    fixture.registry.lie(&lies);
    fixture.pull().unwrap();
}

#[test]
fn a_few_server_errors_are_sat_through_and_many_are_worth_a_retry() {
    let fixture = Fixture::new();
    fixture.registry.lie(&[Lie::Fails(2, 503)]);
    fixture.pull().unwrap();
    fixture.registry.lie(&[Lie::Fails(100, 429)]);
    let client = fixture.registry.client();
    let error = fixture
        .store()
        .pull(
            &client,
            &fixture.registry.reference(),
            Platform::ARM64,
            &Silent,
        )
        .unwrap_err();
    let krunner::store::Error::Artifact(error) = error else {
        panic!("{error}")
    };
    assert!(error.is_transient(), "{error}");
}

#[test]
fn credentials_open_the_registry_and_never_reach_another_host() {
    let fixture = Fixture::new();
    let elsewhere = Double::start();
    elsewhere.load(&fixture.dir.path().join("out"));
    fixture.registry.lie(&[
        Lie::Token("me", "s3cret"),
        Lie::Redirect(elsewhere.address.clone()),
    ]);
    let client = fixture
        .registry
        .client_with(Credentials::basic("me", "s3cret"));
    fixture
        .store()
        .pull(
            &client,
            &fixture.registry.reference(),
            Platform::AMD64,
            &Silent,
        )
        .unwrap();
    let seen = &elsewhere.inside.lock().unwrap().seen;
    assert!(!seen.is_empty());
    for (request, shown) in seen {
        assert_eq!(*shown, None, "{request} carried what was not for it");
    }
}

#[test]
fn wrong_credentials_are_refused_without_being_shown() {
    let fixture = Fixture::new();
    fixture.registry.lie(&[Lie::Token("me", "s3cret")]);
    let client = fixture
        .registry
        .client_with(Credentials::basic("me", "s3cret-but-wrong"));
    let error = fixture
        .store()
        .pull(
            &client,
            &fixture.registry.reference(),
            Platform::AMD64,
            &Silent,
        )
        .unwrap_err();
    let text = chain(&error);
    assert!(
        text.contains("refuses access") && !text.contains("s3cret"),
        "{text}"
    );
}

#[test]
fn what_was_published_to_a_registry_is_what_a_folder_holds() {
    let dir = tempfile::tempdir().unwrap();
    let (_, into_folder) = published(dir.path());
    layout::small().write(&dir.path().join("in"));
    let registry = Double::start();
    registry.lie(&[Lie::Token("me", "s3cret")]);
    let source = krunner::artifact::Layout::folder(&dir.path().join("in"), None);
    let images = krunner::artifact::images(&source, "in").unwrap();
    let cache = krunner::artifact::Cache::open(&dir.path().join("other-cache")).unwrap();
    let client = registry.client_with(Credentials::basic("me", "s3cret"));
    let compression = krunner::artifact::Compression::DEFAULT;
    let into_registry =
        krunner::artifact::publish(images, &client, &cache, compression, &Silent).unwrap();
    assert_eq!(into_registry.index, into_folder.index);
    let inside = registry.inside.lock().unwrap();
    let puts: Vec<&str> = inside
        .seen
        .iter()
        .map(|(request, _)| request.as_str())
        .filter(|r| r.starts_with("PUT"))
        .collect();
    assert!(
        puts.last().unwrap().ends_with("/manifests/15"),
        "the tag is not last: {puts:?}"
    );
}
