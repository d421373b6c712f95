//! `RECORD`: which files a wheel has, or an installed package, with their digests and sizes.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::Fault;

/// What `RECORD` says of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Such as `sha256=...`; empty for `RECORD` itself.
    pub digest: String,
    /// Empty where it is not said.
    pub size: String,
}

impl Row {
    /// The row of a file with this SHA-256 and size.
    pub fn new(sha256: &[u8], size: u64) -> Self {
        Self {
            digest: format!("sha256={}", URL_SAFE_NO_PAD.encode(sha256)),
            size: size.to_string(),
        }
    }
}

/// All rows, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record(BTreeMap<String, Row>);

impl Record {
    /// Reads the rows. A path that comes twice must have the same row.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut rows = BTreeMap::new();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        for row in reader.records() {
            let row = row.map_err(|error| Fault::RecordSyntax(error.to_string()))?;
            let field = |index| row.get(index).unwrap_or_default().to_owned();
            let path = field(0);
            if row.len() > 3 || path.is_empty() {
                return Err(Fault::RecordSyntax(format!("{row:?}")));
            }
            let (digest, size) = (field(1), field(2));
            let row = Row { digest, size };
            match rows.insert(path.clone(), row.clone()) {
                Some(other) if other != row => {
                    return Err(Fault::RecordSyntax(format!("`{path}` is listed twice")));
                }
                _ => {}
            }
        }
        Ok(Self(rows))
    }

    /// Adds a row.
    pub fn insert(&mut self, path: String, row: Row) {
        self.0.insert(path, row);
    }

    /// Takes a row out.
    pub fn remove(&mut self, path: &str) -> Option<Row> {
        self.0.remove(path)
    }

    /// The rows, sorted by path.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &Row)> {
        self.0.iter().map(|(path, row)| (path.as_str(), row))
    }

    /// The text, sorted by path.
    pub fn write(&self) -> String {
        let mut text = String::new();
        for (path, row) in self.rows() {
            let fields = [path, &row.digest, &row.size].map(field);
            text.push_str(&fields.join(","));
            text.push('\n');
        }
        text
    }
}

/// A field as it is written: what a wheel says of itself may have anything in it.
fn field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Hashes a file by the algorithm that its row names.
#[derive(Clone, Debug)]
pub(crate) enum Checker {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Checker {
    /// The algorithm of a row; none for those that are weak, unknown or absent.
    pub(crate) fn new(row: &Row) -> Option<Self> {
        match row.digest.split_once('=')?.0 {
            "sha256" => Some(Self::Sha256(Sha256::new())),
            "sha384" => Some(Self::Sha384(Sha384::new())),
            "sha512" => Some(Self::Sha512(Sha512::new())),
            _ => None,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha384(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// The bare digest.
    pub(crate) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(hasher) => hasher.finalize().to_vec(),
            Self::Sha384(hasher) => hasher.finalize().to_vec(),
            Self::Sha512(hasher) => hasher.finalize().to_vec(),
        }
    }
}

/// Whether a row describes a file of this digest, by the row's own algorithm, and this size.
pub(crate) fn describes(row: &Row, digest: &[u8], size: u64) -> bool {
    let value = row.digest.split_once('=').map_or("", |(_, value)| value);
    // Some builders pad, though the specification does not.
    value.trim_end_matches('=') == URL_SAFE_NO_PAD.encode(digest)
        && (row.size.is_empty() || row.size.parse() == Ok(size))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_with_a_comma_reads_back() {
        let mut record = Record::default();
        record.insert("a,\"b\".py".to_owned(), Row::new(&[0; 32], 7));
        record.insert("RECORD".to_owned(), Row::default());
        assert_eq!(Record::parse(&record.write()).unwrap(), record);
        assert!(
            record
                .write()
                .starts_with("RECORD,,\n\"a,\"\"b\"\".py\",sha256=AAAA")
        );
    }

    #[test]
    fn two_rows_of_one_path_must_agree() {
        assert!(Record::parse("a,sha256=x,1\na,sha256=x,1\n").is_ok());
        assert!(Record::parse("a,sha256=x,1\na,sha256=y,1\n").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            if let Ok(record) = Record::parse(&text) {
                record.write();
            }
        }

        #[test]
        fn what_is_written_reads_back(paths in prop::collection::btree_set("[a-z,\"é \n]{1,8}", 0..8)) {
            let mut record = Record::default();
            for path in paths {
                record.insert(path, Row::new(&[1; 32], 3));
            }
            prop_assert_eq!(Record::parse(&record.write()).unwrap(), record);
        }
    }
}
