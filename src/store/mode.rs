//! How volumes are kept: as folders, or as file system images that are mounted.

use serde::Deserialize;

/// The form in which a volume comes into a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// As an image where the artifact has one and this machine can mount it, else as a folder.
    #[default]
    Auto,
    /// As a folder.
    Dir,
    /// As an image, or not at all.
    Erofs,
}

impl std::str::FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        match text {
            "auto" => Ok(Self::Auto),
            "dir" => Ok(Self::Dir),
            "erofs" => Ok(Self::Erofs),
            _ => Err(UnknownMode(text.to_owned())),
        }
    }
}

/// A text that is no mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Not a mode (`auto`, `dir` or `erofs`): `{0}`")]
pub struct UnknownMode(String);
