//! A stand-in for the engine: serves the gateway to the real binary, over the pipes that it is started with.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bollard_buildkit_proto::google::rpc;
use bollard_buildkit_proto::moby::buildkit::v1::apicaps::ApiCap;
use bollard_buildkit_proto::moby::buildkit::v1::frontend as proto;
use bollard_buildkit_proto::pb;
use proto::llb_bridge_server::{LlbBridge, LlbBridgeServer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tonic::codegen::tokio_stream;
use tonic::{Request, Response, Status};

use crate::graph;

/// What the engine is like, and what it was asked.
#[derive(Clone, Default)]
pub(crate) struct Daemon {
    /// Files that every tree has.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Whether it merges.
    pub(crate) merges: bool,
    /// What it can do beside what every engine can.
    pub(crate) caps: Vec<&'static str>,
    /// Whether it has a place for warnings.
    pub(crate) warns: bool,
    /// Fail the solving of graphs with more than one operation like this.
    pub(crate) failure: Option<Status>,
    /// Never answer.
    pub(crate) silent: bool,
    /// Graphs given as contexts.
    pub(crate) inputs: BTreeMap<String, pb::Definition>,
    pub(crate) record: Arc<Mutex<Record>>,
}

/// What happened.
#[derive(Clone, Default)]
pub(crate) struct Record {
    pub(crate) solved: Vec<pb::Definition>,
    pub(crate) cache_imports: Vec<proto::CacheOptionsEntry>,
    pub(crate) warnings: Vec<proto::WarnRequest>,
    pub(crate) returned: Option<proto::ReturnRequest>,
    pub(crate) status: Option<std::process::ExitStatus>,
}

impl Record {
    /// The result that was returned.
    pub(crate) fn result(&self) -> proto::Result {
        let returned = self.returned.clone().expect("nothing was returned");
        assert_eq!(returned.error, None);
        returned.result.unwrap()
    }

    /// The error that was returned.
    pub(crate) fn error(&self) -> rpc::Status {
        let returned = self.returned.clone().expect("nothing was returned");
        assert!(returned.result.is_none());
        returned.error.unwrap()
    }
}

impl Daemon {
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
        let record = Arc::clone(&self.record);
        let mut command = Command::new(env!("CARGO_BIN_EXE_krunner-frontend"));
        command
            .env_clear()
            .env("BUILDKIT_SESSION_ID", "session")
            .env(
                "BUILDKIT_WORKERS",
                r#"[{"platforms":[{"os":"linux","architecture":"amd64"}]}]"#,
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        for (index, (key, value)) in options.iter().enumerate() {
            command.env(
                format!("BUILDKIT_FRONTEND_OPT_{index}"),
                format!("{key}={value}"),
            );
        }
        let mut child = command.spawn().unwrap();
        let pipes = Pipes {
            read: child.stdout.take().unwrap(),
            write: child.stdin.take().unwrap(),
        };
        let silent = self.silent;
        let connections = tokio_stream::StreamExt::chain(
            tokio_stream::once(Ok::<_, std::io::Error>(pipes)),
            tokio_stream::pending(),
        );
        let service = LlbBridgeServer::new(self).max_encoding_message_size(16 << 20);
        let server = tokio::spawn(
            tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(connections),
        );
        if silent {
            // The engine goes away in the middle of a call.
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.abort();
            let _ = server.await;
            let end = tokio::time::timeout(Duration::from_millis(500), child.wait()).await;
            if end.is_err() {
                child.start_kill().unwrap();
            }
        }
        let status = tokio::time::timeout(Duration::from_secs(20), child.wait())
            .await
            .expect("the frontend hangs")
            .unwrap();
        let mut record = record.lock().unwrap().clone();
        record.status = Some(status);
        record
    }

    fn check(&self, definition: &pb::Definition) -> Result<(), Status> {
        graph::check(definition, |cap| match cap {
            "mergeop" => self.merges,
            cap => CAPS.contains(&cap) || self.caps.contains(&cap),
        })
        .map_err(Status::invalid_argument)
    }
}

/// What BuildKit 0.8 can do of what we use.
const CAPS: [&str; 23] = [
    "source.image",
    "source.image.resolvemode",
    "source.local",
    "source.local.sessionid",
    "source.local.followpaths",
    "source.local.sharedkeyhint",
    "source.git",
    "source.git.fullurl",
    "source.git.httpauth",
    "source.http",
    "source.http.checksum",
    "exec.meta.base",
    "exec.meta.network",
    "exec.meta.proxyenv",
    "exec.mount.bind",
    "exec.mount.cache",
    "exec.mount.cache.sharing",
    "exec.mount.tmpfs",
    "file.base",
    "constraints",
    "platform",
    "meta.ignorecache",
    "meta.description",
];

fn unknown<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not in this engine"))
}

#[tonic::async_trait]
impl LlbBridge for Daemon {
    async fn ping(
        &self,
        _: Request<proto::PingRequest>,
    ) -> Result<Response<proto::PongResponse>, Status> {
        let cap = |id: &str, enabled| ApiCap {
            id: id.to_owned(),
            enabled,
            ..ApiCap::default()
        };
        let mut llb_caps: Vec<_> = CAPS
            .iter()
            .chain(&self.caps)
            .map(|id| cap(id, true))
            .collect();
        // Engines without the store for it list it, switched off.
        llb_caps.push(cap("mergeop", self.merges));
        Ok(Response::new(proto::PongResponse {
            llb_caps,
            ..proto::PongResponse::default()
        }))
    }

    async fn solve(
        &self,
        request: Request<proto::SolveRequest>,
    ) -> Result<Response<proto::SolveResponse>, Status> {
        if self.silent {
            std::future::pending::<()>().await;
        }
        let request = request.into_inner();
        let definition = request.definition.unwrap_or_default();
        self.check(&definition)?;
        if let Some(failure) = self.failure.clone().filter(|_| definition.def.len() > 2) {
            return Err(failure);
        }
        let mut record = self.record.lock().unwrap();
        record.solved.push(definition);
        record.cache_imports = request.cache_imports;
        let id = format!("ref{}", record.solved.len());
        let reference = proto::Ref { id, def: None };
        Ok(Response::new(proto::SolveResponse {
            r#ref: String::new(),
            result: Some(proto::Result {
                result: Some(proto::result::Result::Ref(reference)),
                ..proto::Result::default()
            }),
        }))
    }

    async fn read_file(
        &self,
        request: Request<proto::ReadFileRequest>,
    ) -> Result<Response<proto::ReadFileResponse>, Status> {
        let path = request.into_inner().file_path;
        match self.files.get(&path) {
            Some(data) => Ok(Response::new(proto::ReadFileResponse {
                data: data.clone(),
            })),
            None => Err(Status::unknown(format!(
                "open /{path}: no such file or directory"
            ))),
        }
    }

    async fn r#return(
        &self,
        request: Request<proto::ReturnRequest>,
    ) -> Result<Response<proto::ReturnResponse>, Status> {
        let mut record = self.record.lock().unwrap();
        if record.returned.is_some() {
            return Err(Status::already_exists("gateway result is already set"));
        }
        record.returned = Some(request.into_inner());
        Ok(Response::new(proto::ReturnResponse {}))
    }

    async fn inputs(
        &self,
        _: Request<proto::InputsRequest>,
    ) -> Result<Response<proto::InputsResponse>, Status> {
        let definitions = self.inputs.clone().into_iter().collect();
        Ok(Response::new(proto::InputsResponse { definitions }))
    }

    async fn warn(
        &self,
        request: Request<proto::WarnRequest>,
    ) -> Result<Response<proto::WarnResponse>, Status> {
        if !self.warns {
            return unknown();
        }
        self.record
            .lock()
            .unwrap()
            .warnings
            .push(request.into_inner());
        Ok(Response::new(proto::WarnResponse {}))
    }

    async fn resolve_image_config(
        &self,
        _: Request<proto::ResolveImageConfigRequest>,
    ) -> Result<Response<proto::ResolveImageConfigResponse>, Status> {
        unknown()
    }

    async fn resolve_source_meta(
        &self,
        _: Request<proto::ResolveSourceMetaRequest>,
    ) -> Result<Response<proto::ResolveSourceMetaResponse>, Status> {
        unknown()
    }

    async fn read_dir(
        &self,
        _: Request<proto::ReadDirRequest>,
    ) -> Result<Response<proto::ReadDirResponse>, Status> {
        unknown()
    }

    async fn stat_file(
        &self,
        _: Request<proto::StatFileRequest>,
    ) -> Result<Response<proto::StatFileResponse>, Status> {
        unknown()
    }

    async fn evaluate(
        &self,
        _: Request<proto::EvaluateRequest>,
    ) -> Result<Response<proto::EvaluateResponse>, Status> {
        unknown()
    }

    async fn new_container(
        &self,
        _: Request<proto::NewContainerRequest>,
    ) -> Result<Response<proto::NewContainerResponse>, Status> {
        unknown()
    }

    async fn release_container(
        &self,
        _: Request<proto::ReleaseContainerRequest>,
    ) -> Result<Response<proto::ReleaseContainerResponse>, Status> {
        unknown()
    }

    type ExecProcessStream =
        Pin<Box<dyn tokio_stream::Stream<Item = Result<proto::ExecMessage, Status>> + Send>>;

    async fn exec_process(
        &self,
        _: Request<tonic::Streaming<proto::ExecMessage>>,
    ) -> Result<Response<Self::ExecProcessStream>, Status> {
        unknown()
    }

    async fn read_file_container(
        &self,
        _: Request<proto::ReadFileRequest>,
    ) -> Result<Response<proto::ReadFileResponse>, Status> {
        unknown()
    }

    async fn read_dir_container(
        &self,
        _: Request<proto::ReadDirRequest>,
    ) -> Result<Response<proto::ReadDirResponse>, Status> {
        unknown()
    }

    async fn stat_file_container(
        &self,
        _: Request<proto::StatFileRequest>,
    ) -> Result<Response<proto::StatFileResponse>, Status> {
        unknown()
    }
}

/// The child's pipes as one connection.
struct Pipes {
    read: ChildStdout,
    write: ChildStdin,
}

impl tonic::transport::server::Connected for Pipes {
    type ConnectInfo = ();
    fn connect_info(&self) {}
}

impl AsyncRead for Pipes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.read).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Pipes {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.write).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.write).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.write).poll_shutdown(cx)
    }
}
