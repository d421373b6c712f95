//! The HTTP API: routes, and what each of them does. `docs/openapi.json` is made of the same table.

mod documents;
mod handlers;
mod openapi;
mod routes;

pub use documents::{Following, LeaseDocument, Standing, Status, VolumeDocument};
pub(super) use routes::{Api, Scrape};

pub use openapi::openapi;
