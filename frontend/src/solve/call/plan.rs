//! `krunner.plan`: what each platform's volume is made of.

use serde_json::{Map, Value};

use super::answer::Answer;
use crate::solve::{Error, Prepared};

/// The plans by platform.
pub(super) fn answer(prepared: &Prepared) -> Result<Answer, Error> {
    let mut plans = Map::new();
    for plan in prepared.plans()? {
        let platform = plan.platform.to_string();
        // A plan is made of texts and numbers only, which JSON can say.
        plans.insert(platform, serde_json::to_value(plan).unwrap_or_default());
    }
    Ok(Answer::data(Value::Object(plans)))
}
