//! Calls: what is asked of a frontend besides a build, as `docker buildx build --call NAME`.
//!
//! The engine passes them as the option `requestid`; the answer is data beside an empty tree. Names, versions and
//! forms are BuildKit's (`frontend/subrequests`), so that every client prints them; those of `krunner.` are our own.
//! An unknown name is an error of its own type, from which clients learn that there is no such call.

mod answer;
mod convert;
mod describe;
mod excerpt;
mod lint;
mod lock;
mod outline;
mod plan;
mod proto_json;
mod sbom;
mod sources;
mod table;
mod targets;

use std::str::FromStr;

use super::opened::Opened;
use super::request::Request;
use super::result::Outcome;
use super::{Error, prepare};
use crate::gateway::{Bridge, Options};

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Describe,
    Outline,
    Targets,
    Lint,
    ConvertLlb,
    Plan,
    Lock,
    Sbom,
}

impl Call {
    const ALL: [Self; 8] = [
        Self::Outline,
        Self::Targets,
        Self::Lint,
        Self::ConvertLlb,
        Self::Plan,
        Self::Lock,
        Self::Sbom,
        Self::Describe,
    ];

    /// The name in the option.
    fn name(self) -> &'static str {
        match self {
            Self::Describe => "frontend.subrequests.describe",
            Self::Outline => "frontend.outline",
            Self::Targets => "frontend.targets",
            Self::Lint => "frontend.lint",
            Self::ConvertLlb => "frontend.convertllb",
            // What clients make of `--call krunner.plan`.
            Self::Plan => "frontend.krunner.plan",
            Self::Lock => "frontend.krunner.lock",
            Self::Sbom => "frontend.krunner.sbom",
        }
    }

    /// The version of the answer's form.
    fn version(self) -> &'static str {
        match self {
            Self::Describe | Self::Outline | Self::Targets | Self::Lint => "1.0.0",
            Self::ConvertLlb | Self::Plan | Self::Lock | Self::Sbom => "0.1.0",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Describe => "List available subrequest types",
            Self::Outline => "List all parameters current build target supports",
            Self::Targets => "List all targets current build supports",
            Self::Lint => "Check a spec and its locks",
            Self::ConvertLlb => "Convert a spec to LLB",
            Self::Plan => "Print what each platform's volume is made of",
            Self::Lock => "List every input with its address and digest",
            Self::Sbom => "Build, and print the bill of materials of each platform",
        }
    }
}

impl FromStr for Call {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|call| call.name() == name);
        // Clients that talk to the engine directly may leave out the prefix that buildx adds.
        let is_ours = |call: &&Self| {
            let own = call.name().strip_prefix("frontend.");
            own == Some(name) && name.starts_with("krunner.")
        };
        let ours = Self::ALL.iter().find(is_ours).copied();
        known
            .or(ours)
            .ok_or_else(|| Error::UnknownRequest(name.to_owned()))
    }
}

/// Answers a call.
pub(super) async fn answer(
    bridge: &mut Bridge,
    options: &Options,
    call: Call,
) -> Result<Outcome, Error> {
    let answer = match call {
        Call::Describe => describe::answer(),
        Call::Lint => lint::answer(Opened::open(bridge, options).await.map(drop_rest), options)?,
        Call::Outline => {
            let opened = Opened::open(bridge, options).await?;
            let request = Request::new(options);
            let request = request.map_err(|problem| opened.about().problem(problem))?;
            outline::answer(&opened.loaded, &request)
        }
        Call::Targets => targets::answer(&Opened::open(bridge, options).await?.loaded),
        Call::ConvertLlb => convert::answer(&prepare(bridge, options).await?)?,
        Call::Plan => plan::answer(&prepare(bridge, options).await?)?,
        Call::Lock => lock::answer(&prepare(bridge, options).await?)?,
        Call::Sbom => {
            let prepared = prepare(bridge, options).await?;
            sbom::answer(bridge, &prepared).await?
        }
    };
    Ok(answer.into_outcome(call))
}

fn drop_rest(opened: Opened) -> super::load::Loaded {
    opened.loaded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_known_by_its_name() {
        for call in Call::ALL {
            assert_eq!(call.name().parse::<Call>().ok(), Some(call));
        }
        assert!("frontend.krunner.nosuch".parse::<Call>().is_err());
    }
}
