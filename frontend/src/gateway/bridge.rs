//! The calls of the service `LLBBridge`, in which the engine is the server.

use std::collections::BTreeMap;

use bollard_buildkit_proto::moby::buildkit::v1::apicaps::ApiCap;
use prost::Message;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

use super::solve::Solve;
use super::stdio::MESSAGE_LIMIT;
use super::{Error, proto, rpc};
use crate::llb::{self, Cap, Caps, Resources, pb};

/// The engine.
#[derive(Clone, Debug)]
pub struct Bridge {
    channel: Channel,
    /// What it can do, once it was asked.
    pong: Option<Pong>,
    /// Where the engine looks for cached results, sent with every build.
    pub cache_imports: Vec<proto::CacheOptionsEntry>,
    /// What each process of a build may use, sent with every build.
    pub resources: Option<Resources>,
}

/// What the engine can do.
#[derive(Clone, Debug)]
pub struct Pong {
    /// In the gateway.
    pub gateway: Caps,
    /// In build graphs.
    pub llb: Caps,
}

/// A file tree in the engine; the empty one has an empty name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(pub String);

macro_rules! method {
    ($name:literal) => {
        concat!("/moby.buildkit.v1.frontend.LLBBridge/", $name)
    };
}

impl Bridge {
    /// An engine behind a connection.
    pub fn new(channel: Channel) -> Self {
        Self {
            channel,
            pong: None,
            cache_imports: Vec::new(),
            resources: None,
        }
    }

    async fn call<Q, A>(&self, method: &'static str, request: Q) -> Result<A, Error>
    where
        Q: Message + Send + Sync + 'static,
        A: Message + Default + Send + Sync + 'static,
    {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE_LIMIT)
            .max_encoding_message_size(MESSAGE_LIMIT);
        grpc.ready().await.map_err(Error::Connect)?;
        let path = PathAndQuery::from_static(method);
        let codec = ProstCodec::<Q, A>::default();
        let response = grpc.unary(tonic::Request::new(request), path, codec).await;
        response
            .map(tonic::Response::into_inner)
            .map_err(Error::from)
    }

    /// What the engine can do. From then on nothing else is asked of it.
    pub async fn ping(&mut self) -> Result<Pong, Error> {
        let pong: proto::PongResponse = self.call(method!("Ping"), proto::PingRequest {}).await?;
        let pong = Pong {
            gateway: caps(pong.frontend_api_caps),
            llb: caps(pong.llb_caps),
        };
        self.pong = Some(pong.clone());
        Ok(pong)
    }

    /// Hands a build graph to the engine. It is worked on only when somebody looks into the result.
    ///
    /// What the engine lacks for it is found out here, where it is known which lines asked for it.
    pub async fn solve(&self, definition: pb::Definition) -> Result<Reference, Error> {
        if let Some(pong) = &self.pong {
            let lacks = llb::lacks(&definition, &pong.llb);
            if !lacks.is_empty() {
                return Err(Error::Lacks(lacks));
            }
        }
        let request = self.request(definition);
        let response: proto::SolveResponse = self.call(method!("Solve"), request).await?;
        match response.result.and_then(|result| result.result) {
            Some(proto::result::Result::Ref(reference)) => Ok(Reference(reference.id)),
            Some(proto::result::Result::RefDeprecated(id)) => Ok(Reference(id)),
            None if !response.r#ref.is_empty() => Ok(Reference(response.r#ref)),
            _ => Err(Error::NoResult("Solve")),
        }
    }

    /// Has the engine make the tree of a graph now, where it can be asked to: others do it once it is returned.
    pub async fn evaluate(&self, definition: pb::Definition) -> Result<(), Error> {
        let pong = self.pong.as_ref();
        if !pong.is_some_and(|pong| pong.gateway.has("gateway.solve.evaluate")) {
            return Ok(());
        }
        let request = self.request(definition).evaluated();
        let answer: Result<proto::SolveResponse, _> = self.call(method!("Solve"), request).await;
        answer.map(drop)
    }

    fn request(&self, definition: pb::Definition) -> Solve {
        let imports = self.cache_imports.clone();
        Solve::new(definition, self.resources.as_ref(), imports)
    }

    /// A whole file of a tree.
    pub async fn read_file(&self, tree: &Reference, path: &str) -> Result<Vec<u8>, Error> {
        self.read(tree, path, None).await
    }

    /// The first bytes of a file of a tree.
    pub async fn read_start(
        &self,
        tree: &Reference,
        path: &str,
        length: i64,
    ) -> Result<Vec<u8>, Error> {
        let range = proto::FileRange { offset: 0, length };
        self.read(tree, path, Some(range)).await
    }

    async fn read(
        &self,
        tree: &Reference,
        path: &str,
        range: Option<proto::FileRange>,
    ) -> Result<Vec<u8>, Error> {
        let request = proto::ReadFileRequest {
            r#ref: tree.0.clone(),
            file_path: path.to_owned(),
            range,
            ..proto::ReadFileRequest::default()
        };
        let answer: Result<proto::ReadFileResponse, _> =
            self.call(method!("ReadFile"), request).await;
        match answer {
            Err(error) if error.is_too_long() => Err(Error::TooLong(path.to_owned())),
            other => Ok(other?.data),
        }
    }

    /// What the engine can say of a source without bringing it in.
    pub async fn source_meta(
        &self,
        source: pb::SourceOp,
    ) -> Result<proto::ResolveSourceMetaResponse, Error> {
        let request = proto::ResolveSourceMetaRequest {
            source: Some(source),
            log_name: "[internal] ask for the time of the build context".to_owned(),
            git: Some(proto::ResolveSourceGitRequest {
                return_object: true,
            }),
            ..proto::ResolveSourceMetaRequest::default()
        };
        self.call(method!("ResolveSourceMeta"), request).await
    }

    /// Graphs that the client gave as contexts, by name.
    pub async fn inputs(&self) -> Result<BTreeMap<String, pb::Definition>, Error> {
        let response: proto::InputsResponse = self
            .call(method!("Inputs"), proto::InputsRequest {})
            .await?;
        Ok(response.definitions.into_iter().collect())
    }

    /// Shows a warning beside the progress, at the operation `digest`.
    pub async fn warn(&self, request: proto::WarnRequest) -> Result<(), Error> {
        // Engines before 0.10 have no place for warnings; a build must not fail for that.
        let pong = self.pong.as_ref();
        if pong.is_some_and(|pong| !pong.gateway.has("gateway.warnings")) {
            return Ok(());
        }
        let answer: Result<proto::WarnResponse, _> = self.call(method!("Warn"), request).await;
        match answer {
            Err(error) if error.is_unimplemented() => Ok(()),
            other => other.map(drop),
        }
    }

    /// Ends the build with a result.
    pub async fn return_result(
        &self,
        result: proto::result::Result,
        metadata: BTreeMap<String, Vec<u8>>,
        attestations: BTreeMap<String, proto::Attestations>,
    ) -> Result<(), Error> {
        let result = proto::Result {
            metadata: metadata.into_iter().collect(),
            attestations: attestations.into_iter().collect(),
            result: Some(result),
        };
        self.finish(Some(result), None).await
    }

    /// Ends the build with an error.
    pub async fn return_error(&self, status: rpc::Status) -> Result<(), Error> {
        self.finish(None, Some(status)).await
    }

    async fn finish(
        &self,
        result: Option<proto::Result>,
        error: Option<rpc::Status>,
    ) -> Result<(), Error> {
        let request = proto::ReturnRequest { result, error };
        let answer: Result<proto::ReturnResponse, _> = self.call(method!("Return"), request).await;
        answer.map(drop)
    }
}

fn caps(list: Vec<ApiCap>) -> Caps {
    let cap = |cap: ApiCap| {
        if cap.enabled {
            (cap.id, Cap::On)
        } else {
            let reason = cap.disabled_reason_msg;
            (cap.id, Cap::Off { reason })
        }
    };
    Caps::new(list.into_iter().map(cap))
}
