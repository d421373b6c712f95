//! The texts inside of a wheel.

use krunner_frontend::tool::wheel::{Headers, Record};

pub(crate) fn run(bytes: &[u8]) {
    let Some(text) = super::text(bytes) else {
        return;
    };
    let _ = Headers::parse(text);
    if let Ok(record) = Record::parse(text) {
        let printed = record.write();
        assert_eq!(Record::parse(&printed).ok(), Some(record), "{printed}");
    }
}
