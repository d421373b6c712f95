//! The artifact: a volume as an OCI index of manifests that are at once typed and mountable images (`docs/artifact.md`).
//!
//! Owns the documents, the strict reading of layers, the repacking, and the two traits by which content moves.
//! Knows folders and archives, but no network: a registry is just another source and sink.

mod archive;
mod cache;
mod compose;
mod compression;
mod config;
mod contents;
mod copy;
mod difference;
mod docker;
mod document;
mod erofs;
mod error;
mod fit;
mod folder;
mod image;
mod join;
mod layout;
pub mod links;
mod made;
pub mod media;
mod pack;
mod progress;
mod publish;
mod referrers;
mod repack;
mod send;
pub mod tarball;
mod transfer;
mod verifier;
mod verify;
mod volume;

pub use archive::write_archive;
pub use cache::Cache;
pub use compression::{Compression, Decompressor, decompress};
pub use config::{Config, History, RootFs, Run};
pub use copy::{Copied, copy};
pub use difference::{Change, Difference, LayerDifference, PlatformDifference, difference};
pub use docker::DockerArchive;
pub use document::{
    Descriptor, EROFS_FEATURE, Index, MAX_DOCUMENT, MAX_LAYERS, MAX_MANIFESTS, Manifest,
    PlatformFields,
};
pub use erofs::{ErofsCompression, Mkfs};
pub use error::Error;
pub use folder::Folder;
pub use image::{Image, Layer, images};
pub use join::{Kept, There, there};
pub use layout::Layout;
pub use pack::{Pack, Stage};
pub use progress::{Reported, Reporter, Silent, Task};
pub use publish::{Published, PublishedPlatform, Way, publish, publish_beside};
pub use referrers::{
    Referrer, SIGNATURE_TAGS, of as referrers, referrers_list, referrers_tag, signature_tag,
};
pub use transfer::{BlobSink, BlobSource, Document, Failure, Open};
pub use verifier::{Verifier, read_capped};
pub use verify::{Rule, Verdict, verify};
