//! References: where an artifact is.

use krunner::reference::Reference;

pub(crate) fn run(bytes: &[u8]) {
    let Some(text) = super::text(bytes) else {
        return;
    };
    if let Ok(reference) = text.parse::<Reference>() {
        // What is printed is read as the same.
        let printed = reference.to_string();
        assert_eq!(
            printed.parse::<Reference>().as_ref(),
            Ok(&reference),
            "{printed}"
        );
    }
}
