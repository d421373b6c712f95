//! The label and annotation keys that krunner writes and reads, each in one place.

/// Artifact type of the index and of every manifest in it.
pub const ARTIFACT_TYPE: &str = "application/vnd.backendai.krunner.volume.v1";

/// Keys under `ai.backend.krunner`.
pub mod keys {
    /// The volume's integer version. The one label that older tools read from the image config.
    pub const VERSION: &str = "ai.backend.krunner.version";
    /// The distribution key in volume names, such as `static-gnu`.
    pub const DISTRO: &str = "ai.backend.krunner.distro";
    /// The libc flavour: `gnu`, `musl` or `any`.
    pub const LIBC: &str = "ai.backend.krunner.libc";
    /// The Python version in the volume, such as `3.13.2`.
    pub const PYTHON: &str = "ai.backend.krunner.python";
    /// The path at which the volume must be mounted.
    pub const PREFIX: &str = "ai.backend.krunner.prefix";
    /// On an EROFS twin: the digest of the plain manifest that it is another form of.
    pub const EROFS_OF: &str = "ai.backend.krunner.erofs.of";
    /// On an EROFS twin: how its blocks are compressed, `zstd` or `lz4hc`.
    pub const EROFS_COMPRESSION: &str = "ai.backend.krunner.erofs.compression";
}
