//! OCI documents, as registries send them.

use krunner::artifact::{Config, Index, Manifest};

pub(crate) fn run(bytes: &[u8]) {
    // What is written is read as the same.
    if let Ok(index) = Index::parse(bytes)
        && let Ok(written) = index.to_bytes()
    {
        assert_eq!(Index::parse(&written).ok(), Some(index));
    }
    if let Ok(manifest) = Manifest::parse(bytes)
        && let Ok(written) = manifest.to_bytes()
    {
        assert_eq!(Manifest::parse(&written).ok(), Some(manifest));
    }
    if let Ok(config) = Config::parse(bytes)
        && let Ok(written) = config.to_bytes()
    {
        let _ = config.platform();
        assert_eq!(Config::parse(&written).ok(), Some(config));
    }
}
