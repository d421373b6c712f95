//! The frontend process: connects, builds, and returns exactly one result or error.

use tokio::signal::unix::{SignalKind, signal};

use crate::gateway::{self, Bridge, Code, Options, rpc};
use crate::solve;

/// Serves the engine that started this process. When this returns `Ok`, the engine has our answer, be it a
/// result or an error, and the process must end with 0: any other end would hide that answer.
pub fn run() -> Result<(), gateway::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(gateway::Error::Pipes)?;
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let options = Options::from_env(variables);
    let result = runtime.block_on(async {
        // The first process of a container is not ended by signals that it does not ask for.
        let mut cancel = signal(SignalKind::terminate()).map_err(gateway::Error::Pipes)?;
        tokio::select! {
            result = serve(options) => result,
            _ = cancel.recv() => Err(gateway::Error::Cancelled),
        }
    });
    // Reading from a standard input that is no pipe cannot be interrupted, and must not hold us up.
    runtime.shutdown_background();
    result
}

async fn serve(options: Options) -> Result<(), gateway::Error> {
    let bridge = Bridge::new(gateway::connect().await?);
    let mut worker = bridge.clone();
    match guard(async move { solve::solve(&mut worker, &options).await }).await {
        Ok(outcome) => {
            let solve::Outcome {
                result,
                metadata,
                attestations,
            } = outcome;
            bridge.return_result(result, metadata, attestations).await
        }
        Err(status) => bridge.return_error(status).await,
    }
}

/// Runs a build in a task of its own, so that a panic in it still becomes an answer.
async fn guard<T: Send + 'static>(
    build: impl Future<Output = Result<T, solve::Error>> + Send + 'static,
) -> Result<T, rpc::Status> {
    match tokio::spawn(build).await {
        Ok(result) => result.map_err(|error| error.to_status()),
        Err(failure) => {
            let message = format!("The frontend broke down: {}", reason(failure));
            Err(gateway::status(Code::Internal, message, Vec::new()))
        }
    }
}

fn reason(failure: tokio::task::JoinError) -> String {
    let Ok(payload) = failure.try_into_panic() else {
        return "it was cancelled".to_owned();
    };
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => (*text).to_owned(),
            Err(_) => "for no known reason".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_answer() {
        for (build, text) in [
            (panicking as fn(), "index 3 is out of bounds"),
            (|| panic!("literally"), "literally"),
        ] {
            let status = guard(async move {
                build();
                Ok(())
            });
            let status = status.await.unwrap_err();
            assert_eq!(status.code, 13);
            assert_eq!(status.message, format!("The frontend broke down: {text}"));
        }
    }

    fn panicking() {
        let index = 3;
        panic!("index {index} is out of bounds");
    }

    #[tokio::test]
    async fn an_error_keeps_its_class() {
        let build = async { Err::<(), _>(solve::Error::NoSpec("krunner.toml".to_owned())) };
        assert_eq!(guard(build).await.unwrap_err().code, 5);
    }
}
