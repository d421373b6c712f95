//! Programs and libraries that are changed to find the volume's own C runtime.

use krunner_frontend::tool::elf::{Change, rewrite};

pub(crate) fn run(bytes: &[u8]) {
    let change = Change {
        interpreter: Some("/opt/backend.ai/lib/runtime/ld-linux-x86-64.so.2".to_owned()),
        rpath: Some("$ORIGIN/../lib".to_owned()),
        plain_needed: true,
        strip: true,
    };
    if let Ok(Some(changed)) = rewrite(bytes, &change) {
        // What was changed is a file that is read, and needs no change again.
        let again = rewrite(&changed, &change);
        assert!(again.is_ok(), "{:?}", again.err());
    }
}
