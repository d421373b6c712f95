//! A stand-in for the engine: serves the gateway to the real binary, over the pipes that it is started with.
//!
//! ```text
//! Daemon ─► service ─► {definition, tree, outcome}   every call, judged as the engine judges it
//!    │         └─► profile (profiles.toml)           what this engine can do
//!    ├─► trouble                                     what goes wrong
//!    └─► pipes, record                               the process, and what came of it
//! ```

mod definition;
mod outcome;
mod pipes;
mod profile;
mod record;
mod service;
mod tests;
mod tree;
mod trouble;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bollard_buildkit_proto::moby::buildkit::v1::frontend as proto;
use bollard_buildkit_proto::pb;
use proto::llb_bridge_server::LlbBridgeServer;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tonic::Status;
use tonic::codegen::tokio_stream;

use pipes::Pipes;
pub(crate) use pipes::is_http2;
pub(crate) use profile::{Profile, releases};
pub(crate) use record::Record;
pub(crate) use trouble::Trouble;

/// The longest that a frontend may take to end, whatever happens to it.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest that a build may take here, where other tests use the processors too.
const BUILD: Duration = Duration::from_secs(30);

/// What the engine is like, and what it was asked.
#[derive(Clone)]
pub(crate) struct Daemon {
    /// What it can do.
    profile: Profile,
    /// Files of the client's folders and of repositories.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Folders of the client that have other files than those.
    pub(crate) folders: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// What is known of repositories and addresses.
    pub(crate) known: proto::ResolveSourceMetaResponse,
    /// Files at addresses.
    pub(crate) downloads: BTreeMap<String, Vec<u8>>,
    /// Files that every process makes.
    pub(crate) made: BTreeMap<String, Vec<u8>>,
    /// Graphs given as contexts.
    pub(crate) inputs: BTreeMap<String, pb::Definition>,
    /// Fail the solving of graphs with more than one operation like this.
    pub(crate) failure: Option<Status>,
    /// What goes wrong on the way.
    pub(crate) trouble: Trouble,
    record: Arc<Mutex<Record>>,
    /// Told when the trouble begins.
    troubled: Arc<Notify>,
}

impl Daemon {
    /// An engine with nothing in it.
    pub(crate) fn new(profile: Profile) -> Self {
        Self {
            record: Arc::new(Mutex::new(Record::new(profile.clone()))),
            profile,
            files: BTreeMap::new(),
            folders: BTreeMap::new(),
            known: proto::ResolveSourceMetaResponse::default(),
            downloads: BTreeMap::new(),
            made: BTreeMap::new(),
            inputs: BTreeMap::new(),
            failure: None,
            trouble: Trouble::None,
            troubled: Arc::new(Notify::new()),
        }
    }

    /// The same as another engine.
    pub(crate) fn on(mut self, profile: Profile) -> Self {
        *self.record.lock().unwrap() = Record::new(profile.clone());
        self.profile = profile;
        self
    }

    /// Starts the frontend with these options, and serves it to its end.
    pub(crate) fn build(self, options: &[(&str, &str)]) -> Record {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(self.serve(options))
    }

    async fn serve(self, options: &[(&str, &str)]) -> Record {
        let mut child = frontend(options);
        let pipes = Pipes::of(&mut child);
        let mut stderr = child.stderr.take().unwrap();
        let said = tokio::spawn(async move {
            let mut said = String::new();
            stderr.read_to_string(&mut said).await.unwrap();
            said
        });
        let connections = tokio_stream::StreamExt::chain(
            tokio_stream::once(Ok::<_, std::io::Error>(pipes.clone())),
            tokio_stream::pending(),
        );
        // The engine's own limits are no narrower than what a test wants to send.
        let service = LlbBridgeServer::new(self.clone()).max_encoding_message_size(64 << 20);
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(connections));
        let mut started = Instant::now();
        let cut = self.trouble.at().is_some();
        if cut {
            let begun = tokio::time::timeout(BUILD, self.troubled.notified());
            begun.await.expect("the call with the trouble never came");
            started = Instant::now();
            if matches!(self.trouble, Trouble::Cancels(_)) {
                terminate(&child);
            } else {
                pipes.close();
            }
        }
        let patience = if cut { PATIENCE } else { BUILD };
        let status = tokio::time::timeout(patience, child.wait()).await;
        let status = status.expect("the frontend hangs").unwrap();
        let took = started.elapsed();
        let written = pipes.written();
        assert!(
            is_http2(&written, cut),
            "not only gRPC on standard output: {}",
            String::from_utf8_lossy(&written)
        );
        let mut record = self.record.lock().unwrap().clone();
        record.status = Some(status);
        record.said = said.await.unwrap();
        record.took = took;
        record
    }
}

/// The process, started as the engine starts it.
fn frontend(options: &[(&str, &str)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_krunner-frontend"));
    let workers = r#"[{"platforms":[{"os":"linux","architecture":"amd64"}]}]"#;
    command
        .env_clear()
        .env("BUILDKIT_SESSION_ID", "session")
        .env("BUILDKIT_WORKERS", workers)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for (index, (key, value)) in options.iter().enumerate() {
        let name = format!("BUILDKIT_FRONTEND_OPT_{index}");
        command.env(name, format!("{key}={value}"));
    }
    command.spawn().unwrap()
}

/// As `runc` ends a container.
fn terminate(child: &Child) {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    let id = id.and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
}
