//! Which packages share a layer: a node that has a package need not fetch it again because another one changed.

use super::Package;
use crate::digest::Digest;

/// Layers that installed packages may have together. With the other stages they stay far below what manifests (64)
/// and engines (127) can have. Another number moves most packages of large locks into other layers.
const MOST: usize = 24;
/// Bytes of a name that artifacts take as it is for that of a layer's file.
const LONGEST: usize = 64;
/// Digits of a digest that keep two shortened names apart.
const DIGITS: usize = 8;

/// Gives every package its layer: one of its own as long as there are few, then one of [`MOST`] by its name alone, so
/// that another package, or another version, moves no other.
pub(super) fn assign(packages: &mut [Package]) {
    let few = packages.len() <= MOST;
    for package in packages {
        package.layer = Some(if few {
            own(&package.name)
        } else {
            shared(&package.name)
        });
    }
}

/// `wheels-NAME`.
fn own(name: &str) -> String {
    let whole = format!("wheels-{name}");
    if whole.len() <= LONGEST {
        return whole;
    }
    let digest = Digest::of(name.as_bytes()).hex();
    // Normalised names are of one byte a character.
    let start: String = whole.chars().take(LONGEST - DIGITS - 1).collect();
    format!("{start}-{}", &digest[..DIGITS])
}

/// `wheels-NN`.
fn shared(name: &str) -> String {
    let digest = Digest::of(name.as_bytes()).hex();
    // The first bytes as one number. Digits of a digest always are one.
    let number = usize::from_str_radix(&digest[..DIGITS], 16).unwrap_or_default();
    format!("wheels-{:02}", number % MOST)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::plan::{Input, Origin};

    fn package(name: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: "1".to_owned(),
            file_name: String::new(),
            layer: None,
            wheel: Input {
                name: format!("wheel-{name}"),
                origin: Origin::Inline {
                    content: String::new(),
                },
                at: None,
            },
        }
    }

    /// The layers by package.
    fn layers<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, String> {
        let mut packages: Vec<_> = names.into_iter().map(package).collect();
        assign(&mut packages);
        let pairs = packages.into_iter();
        pairs.map(|one| (one.name, one.layer.unwrap())).collect()
    }

    fn names(count: usize) -> Vec<String> {
        (0..count)
            .map(|number| format!("package-{number}"))
            .collect()
    }

    #[test]
    fn few_packages_have_a_layer_each_that_is_called_after_them() {
        let names = names(MOST);
        let layers = layers(names.iter().map(String::as_str));
        for (name, layer) in &layers {
            assert_eq!(*layer, format!("wheels-{name}"));
        }
        assert_eq!(layers.len(), MOST);
    }

    #[test]
    fn many_packages_share_layers_and_another_one_moves_none() {
        let names = names(201);
        let before = layers(names.iter().take(200).map(String::as_str));
        let after = layers(names.iter().map(String::as_str));
        assert!(
            before
                .iter()
                .all(|(name, layer)| after.get(name) == Some(layer))
        );
        let used: BTreeSet<&String> = after.values().collect();
        // Two hundred names leave no layer empty.
        assert_eq!(used.len(), MOST);
        // A promise: other layers for the same lock would be fetched by every node.
        assert_eq!(layers(names.iter().map(String::as_str)), after);
        assert_eq!(shared("uvloop"), "wheels-13");
        assert_eq!(shared("attrs"), "wheels-21");
    }

    #[test]
    fn a_layer_is_called_as_a_file_can_be() {
        let long = "a-".repeat(100) + "b";
        let other = "a-".repeat(100) + "c";
        let layers = layers([long.as_str(), other.as_str()]);
        for layer in layers.values() {
            assert_eq!(layer.len(), LONGEST);
            assert!(layer.starts_with("wheels-a-a-"), "{layer}");
        }
        assert_ne!(layers[&long], layers[&other]);
    }
}
