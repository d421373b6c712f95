//! The frontend process: connects, builds, and returns exactly one result or error.

use tokio::signal::unix::{SignalKind, signal};

use crate::gateway::{self, Bridge, Code, Options};
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
    // In a task of its own, so that a panic in it still becomes an answer.
    let build = tokio::spawn(async move { solve::solve(&mut worker, &options).await });
    match build.await {
        Ok(Ok(outcome)) => {
            let solve::Outcome {
                result,
                metadata,
                attestations,
            } = outcome;
            bridge.return_result(result, metadata, attestations).await
        }
        Ok(Err(error)) => bridge.return_error(error.to_status()).await,
        Err(failure) => {
            let message = format!("The frontend broke down: {}", reason(failure));
            let status = gateway::status(Code::Internal, message, Vec::new());
            bridge.return_error(status).await
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
