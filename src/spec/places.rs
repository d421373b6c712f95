//! Where every key and value of a TOML document stands.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::KeyPath;

/// The byte ranges of a document's keys and values.
#[derive(Clone, Debug)]
pub(super) struct Places {
    root: Node,
}

#[derive(Clone, Debug, Default)]
struct Node {
    key: Range<usize>,
    value: Range<usize>,
    children: BTreeMap<String, Node>,
}

impl Places {
    /// Notes the places in `table`.
    pub(super) fn of(table: &DeTable<'_>) -> Self {
        let mut root = Node::default();
        root.add_table(table);
        Self { root }
    }

    /// The last key of `path`, or of its nearest parent that exists.
    pub(super) fn key(&self, path: &KeyPath) -> Range<usize> {
        self.node(path).key.clone()
    }

    /// The value at `path`, or its nearest parent that exists.
    pub(super) fn value(&self, path: &KeyPath) -> Range<usize> {
        self.node(path).value.clone()
    }

    fn node(&self, path: &KeyPath) -> &Node {
        let mut node = &self.root;
        for key in path.keys() {
            match node.children.get(key) {
                Some(child) => node = child,
                None => break,
            }
        }
        node
    }
}

impl Node {
    fn add_table(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let mut child = Self {
                key: key.span(),
                value: value.span(),
                ..Self::default()
            };
            child.add_value(value.get_ref());
            self.children.insert(key.get_ref().to_string(), child);
        }
    }

    fn add_value(&mut self, value: &DeValue<'_>) {
        match value {
            DeValue::Table(table) => self.add_table(table),
            DeValue::Array(array) => {
                for (index, item) in array.iter().enumerate() {
                    let mut child = Self {
                        // An item has no key of its own.
                        key: item.span(),
                        value: item.span(),
                        ..Self::default()
                    };
                    child.add_value(item.get_ref());
                    self.children.insert(index.to_string(), child);
                }
            }
            _ => {}
        }
    }
}
