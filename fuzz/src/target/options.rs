//! The options of a build, one a piece between zero bytes, as the engine gives them in the environment.

use krunner_frontend::gateway::Options;
use krunner_frontend::solve::request::Request;

pub(crate) fn run(bytes: &[u8]) {
    let Some(text) = super::text(bytes) else {
        return;
    };
    let mut variables = vec![("BUILDKIT_WORKERS".to_owned(), text.to_owned())];
    let options = text.split('\0').enumerate();
    variables.extend(options.map(|(number, option)| {
        let name = format!("BUILDKIT_FRONTEND_OPT_{number}");
        (name, option.to_owned())
    }));
    let options = Options::from_env(variables);
    if let Err(problem) = Request::new(&options) {
        assert!(!problem.message.is_empty());
    }
}
