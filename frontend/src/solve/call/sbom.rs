//! `krunner.sbom`: the bill of materials of each platform.

use krunner::sbom::Document;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::table;
use crate::gateway::Bridge;
use crate::llb;
use crate::lower::{self, Target};
use crate::solve::{Error, Prepared};

/// The documents by platform. The only call that runs steps: what is in a volume is known when it is there.
pub(super) async fn answer(bridge: &Bridge, prepared: &Prepared) -> Result<Answer, Error> {
    let mut references = Vec::new();
    for plan in prepared.plans()? {
        let target = match prepared.request.target {
            Target::Sbom => Target::Volume,
            target => target,
        };
        let failed = |error| prepared.about().lowering(&error);
        let lowered = lower::lower(&plan, target, &prepared.environment).map_err(failed)?;
        let sbom = lower::sbom(&plan, &lowered, &prepared.environment).map_err(failed)?;
        references.push((
            plan.platform.to_string(),
            bridge.solve(llb::marshal(&sbom)).await?,
        ));
    }
    let mut documents = Map::new();
    let mut text = String::new();
    for (platform, reference) in references {
        let bytes = bridge.read_file(&reference, krunner::sbom::FILE).await?;
        let broken = |error: serde_json::Error| Error::Document(error.to_string());
        let document: Document = serde_json::from_slice(&bytes).map_err(broken)?;
        text += &print(&platform, &document);
        let value = serde_json::from_slice::<Value>(&bytes).map_err(broken)?;
        documents.insert(platform, value);
    }
    Ok(Answer {
        json: Value::Object(documents),
        text,
        status: None,
    })
}

fn print(platform: &str, document: &Document) -> String {
    let rows = document.rows();
    let mut lines = vec![["COMPONENT", "VERSION", "LICENSE", "PACKAGE URL"]];
    lines.extend(
        rows.iter()
            .map(|row| [row.name, row.version, row.licence, row.purl]),
    );
    format!("{platform}\n{}\n", table::table(&lines, 2))
}
