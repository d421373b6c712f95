//! The service: every call of the gateway, answered as the profile has it.

use std::pin::Pin;

use bollard_buildkit_proto::moby::buildkit::v1::frontend as proto;
use bollard_buildkit_proto::pb;
use proto::llb_bridge_server::LlbBridge;
use tonic::codegen::tokio_stream;
use tonic::{Request, Response, Status};

use super::{Daemon, Trouble, definition, outcome, tree};

type Answer<T> = Result<Response<T>, Status>;

impl Daemon {
    /// Notes the call; refuses what the service does not have.
    fn asked(&self, call: &'static str) -> Result<(), Status> {
        self.record.lock().unwrap().calls.push(call);
        if self.profile.answers(call) {
            return Ok(());
        }
        let service = "moby.buildkit.v1.frontend.LLBBridge";
        Err(Status::unimplemented(format!(
            "unknown method {call} for service {service}"
        )))
    }

    /// Has it, but no frontend of ours uses it.
    fn unused<T>(&self, call: &'static str) -> Answer<T> {
        self.asked(call)?;
        Err(Status::internal(format!("{call} is not stood in for")))
    }

    /// The graph of a tree that was given out.
    fn solved(&self, id: &str) -> Result<pb::Definition, Status> {
        let number = id
            .strip_prefix("ref")
            .and_then(|id| id.parse::<usize>().ok());
        let record = self.record.lock().unwrap();
        let definition = number.and_then(|number| record.solved.get(number - 1));
        definition
            .cloned()
            .ok_or(Status::unknown(format!("no such ref: {id}")))
    }

    /// Never comes back if the trouble is in this call.
    async fn trouble(&self, call: &'static str) {
        if self.trouble.at() == Some(call) {
            self.troubled.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// What of a file is asked for.
fn part(data: &[u8], range: Option<proto::FileRange>) -> Vec<u8> {
    let Some(range) = range else {
        return data.to_vec();
    };
    let length = usize::try_from(range.length).unwrap();
    let rest = &data[usize::try_from(range.offset).unwrap()..];
    rest[..length.min(rest.len())].to_vec()
}

/// The answer that names a tree.
fn solved(id: String) -> proto::SolveResponse {
    let reference = proto::Ref { id, def: None };
    proto::SolveResponse {
        r#ref: String::new(),
        result: Some(proto::Result {
            result: Some(proto::result::Result::Ref(reference)),
            ..proto::Result::default()
        }),
    }
}

#[tonic::async_trait]
impl LlbBridge for Daemon {
    async fn ping(&self, _: Request<proto::PingRequest>) -> Answer<proto::PongResponse> {
        self.asked("Ping")?;
        self.trouble("Ping").await;
        Ok(Response::new(proto::PongResponse {
            frontend_api_caps: self.profile.gateway(),
            llb_caps: self.profile.llb(),
            ..proto::PongResponse::default()
        }))
    }

    async fn solve(&self, request: Request<proto::SolveRequest>) -> Answer<proto::SolveResponse> {
        self.asked("Solve")?;
        self.trouble("Solve").await;
        if matches!(self.trouble, Trouble::SolvesWithoutResult) {
            return Ok(Response::new(proto::SolveResponse::default()));
        }
        let request = request.into_inner();
        let definition = request.definition.unwrap_or_default();
        if let Err(reason) = definition::check(&definition, &self.profile) {
            self.record.lock().unwrap().refused.push(reason.clone());
            return Err(Status::unknown(reason));
        }
        if let Some(failure) = self.failure.clone().filter(|_| definition.def.len() > 2) {
            return Err(failure);
        }
        if request.evaluate {
            self.trouble("Evaluation").await;
            if let Some(failure) = self.trouble.of(&definition) {
                return Err(failure);
            }
            self.record.lock().unwrap().evaluated.push(definition);
            return Ok(Response::new(solved("evaluated".to_owned())));
        }
        let mut record = self.record.lock().unwrap();
        record.solved.push(definition);
        record.cache_imports = request.cache_imports;
        let id = format!("ref{}", record.solved.len());
        Ok(Response::new(solved(id)))
    }

    async fn read_file(
        &self,
        request: Request<proto::ReadFileRequest>,
    ) -> Answer<proto::ReadFileResponse> {
        self.asked("ReadFile")?;
        self.trouble("ReadFile").await;
        let proto::ReadFileRequest {
            file_path: path,
            r#ref: id,
            range,
            ..
        } = request.into_inner();
        let tree = tree::of(&self.solved(&id)?, self);
        match tree.get(path.trim_start_matches('/')) {
            Some(data) => Ok(Response::new(proto::ReadFileResponse {
                data: part(data, range),
            })),
            None => Err(Status::unknown(format!(
                "open /{path}: no such file or directory"
            ))),
        }
    }

    async fn r#return(
        &self,
        request: Request<proto::ReturnRequest>,
    ) -> Answer<proto::ReturnResponse> {
        self.asked("Return")?;
        self.trouble("Return").await;
        if let Trouble::RefusesReturn(status) = &self.trouble {
            return Err(status.clone());
        }
        let request = request.into_inner();
        let mut record = self.record.lock().unwrap();
        outcome::accept(&request, record.solved.len(), record.returned.as_ref())
            .map_err(Status::unknown)?;
        record.returned = Some(request);
        Ok(Response::new(proto::ReturnResponse {}))
    }

    async fn inputs(&self, _: Request<proto::InputsRequest>) -> Answer<proto::InputsResponse> {
        self.asked("Inputs")?;
        let definitions = self.inputs.clone().into_iter().collect();
        Ok(Response::new(proto::InputsResponse { definitions }))
    }

    async fn warn(&self, request: Request<proto::WarnRequest>) -> Answer<proto::WarnResponse> {
        self.asked("Warn")?;
        let request = request.into_inner();
        self.record.lock().unwrap().warnings.push(request);
        Ok(Response::new(proto::WarnResponse {}))
    }

    async fn evaluate(
        &self,
        _: Request<proto::EvaluateRequest>,
    ) -> Answer<proto::EvaluateResponse> {
        self.unused("Evaluate")
    }

    async fn resolve_image_config(
        &self,
        _: Request<proto::ResolveImageConfigRequest>,
    ) -> Answer<proto::ResolveImageConfigResponse> {
        self.unused("ResolveImageConfig")
    }

    async fn resolve_source_meta(
        &self,
        _: Request<proto::ResolveSourceMetaRequest>,
    ) -> Answer<proto::ResolveSourceMetaResponse> {
        self.asked("ResolveSourceMeta")?;
        Ok(Response::new(self.known.clone()))
    }

    async fn read_dir(&self, _: Request<proto::ReadDirRequest>) -> Answer<proto::ReadDirResponse> {
        self.unused("ReadDir")
    }

    async fn stat_file(
        &self,
        _: Request<proto::StatFileRequest>,
    ) -> Answer<proto::StatFileResponse> {
        self.unused("StatFile")
    }

    async fn new_container(
        &self,
        _: Request<proto::NewContainerRequest>,
    ) -> Answer<proto::NewContainerResponse> {
        self.unused("NewContainer")
    }

    async fn release_container(
        &self,
        _: Request<proto::ReleaseContainerRequest>,
    ) -> Answer<proto::ReleaseContainerResponse> {
        self.unused("ReleaseContainer")
    }

    type ExecProcessStream =
        Pin<Box<dyn tokio_stream::Stream<Item = Result<proto::ExecMessage, Status>> + Send>>;

    async fn exec_process(
        &self,
        _: Request<tonic::Streaming<proto::ExecMessage>>,
    ) -> Answer<Self::ExecProcessStream> {
        self.unused("ExecProcess")
    }

    async fn read_file_container(
        &self,
        _: Request<proto::ReadFileRequest>,
    ) -> Answer<proto::ReadFileResponse> {
        self.unused("ReadFileContainer")
    }

    async fn read_dir_container(
        &self,
        _: Request<proto::ReadDirRequest>,
    ) -> Answer<proto::ReadDirResponse> {
        self.unused("ReadDirContainer")
    }

    async fn stat_file_container(
        &self,
        _: Request<proto::StatFileRequest>,
    ) -> Answer<proto::StatFileResponse> {
        self.unused("StatFileContainer")
    }
}
