//! Whether the layers of an image go together: each path in exactly one layer (folders may be in many), and no link that leads out.
//!
//! What goes together once always does. It is noted in the cache by the layers' `diff_id`s, because what is in layers is a long list to
//! read for somebody who has nothing to send.

use std::collections::BTreeMap;

use super::cache::Cache;
use super::image::Image;
use super::repack::{self, Contents, Packed};
use super::tarball::Refused;
use super::{Error, links};
use crate::digest::Digest;

/// Raised when what was noted by an older krunner says too little.
const RULES: u32 = 1;

/// Checks the layers of an image, which are packed as given, in their order.
pub(super) fn check(image: &Image<'_>, packed: &[&Packed], cache: &Cache) -> Result<(), Error> {
    let diff_ids = image.layers.iter().map(|layer| layer.diff_id.to_string());
    let diff_ids = diff_ids.collect::<Vec<_>>().join(" ");
    let name = format!("{}.fits{RULES}", Digest::of(diff_ids.as_bytes()).hex());
    if cache.knows(&name, &diff_ids) {
        return Ok(());
    }
    let mut owners = BTreeMap::new();
    let mut all_links = BTreeMap::new();
    for (layer, packed) in image.layers.iter().zip(packed) {
        let kept = || cache.contents(&packed.key);
        let Contents { paths, links } = match packed.contents.clone().or_else(kept) {
            Some(contents) => contents,
            None => repack::contents(layer)?,
        };
        for (path, folder) in paths {
            let shown = path.display().to_string();
            let previous = owners.insert(path, (folder, &layer.name));
            if let Some((_, first)) = previous.filter(|(was_folder, _)| !(folder && *was_folder)) {
                return Err(Error::TwicePath {
                    path: shown,
                    platform: image.platform.to_string(),
                    first: first.clone(),
                    second: layer.name.clone(),
                });
            }
        }
        all_links.extend(links);
    }
    links::check(all_links.iter()).map_err(|refused: Refused| Error::Layer {
        layer: image.platform.to_string(),
        source: refused.into(),
    })?;
    cache.learn(&name, &diff_ids);
    Ok(())
}
