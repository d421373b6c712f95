//! Warnings: what is strange, but no reason to stop.

use super::Error;
use super::load::Loaded;
use super::request::Request;
use crate::gateway::{Bridge, proto};

/// One warning, however many platforms are built, for arguments that no one declared.
pub(super) async fn unknown_args(
    bridge: &Bridge,
    loaded: &Loaded,
    request: &Request,
) -> Result<(), Error> {
    let unknown = loaded.spec.unknown_args(&request.args);
    if unknown.is_empty() {
        return Ok(());
    }
    let names = unknown.join("`, `");
    let short = format!("Build arguments that the spec does not declare: `{names}`");
    let warning = proto::WarnRequest {
        digest: loaded.digest.clone(),
        level: 1,
        short: short.into_bytes(),
        detail: vec![b"Declare an argument in the table `[args]` to use it as `${NAME}`".to_vec()],
        ..proto::WarnRequest::default()
    };
    Ok(bridge.warn(warning).await?)
}
