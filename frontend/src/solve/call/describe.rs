//! `frontend.subrequests.describe`: what else can be asked.

use serde_json::{Value, json};

use super::answer::Answer;
use super::{Call, table};

pub(super) fn answer() -> Answer {
    let mut rows = vec![["NAME", "VERSION", "DESCRIPTION"]];
    rows.extend(Call::ALL.map(|call| {
        let name = call.name();
        let short = name.strip_prefix("frontend.").unwrap_or(name);
        [short, call.version(), call.description()]
    }));
    Answer {
        json: Call::ALL.map(definition).into_iter().collect(),
        text: table::table(&rows, 1),
        status: None,
    }
}

fn definition(call: Call) -> Value {
    let target = json!({ "name": "target", "description": "Target build stage" });
    let platform = json!({ "name": "platform", "description": "Platforms, with `,` between them" });
    let opts = match call {
        Call::Outline => vec![target],
        Call::ConvertLlb | Call::Sbom => vec![target, platform],
        Call::Plan | Call::Lock => vec![platform],
        Call::Describe | Call::Targets | Call::Lint => Vec::new(),
    };
    let mut metadata = vec!["result.json", "result.txt"];
    if call == Call::Lint {
        metadata.push("result.statuscode");
    }
    let named = |name: &str| json!({ "name": name, "description": "" });
    json!({
        "name": call.name(),
        "version": call.version(),
        "type": "rpc",
        "description": call.description(),
        "opts": opts,
        "inputs": [],
        "metadata": metadata.into_iter().map(named).collect::<Vec<_>>(),
        "refs": [],
    })
}
