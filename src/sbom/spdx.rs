//! SPDX 2.3 as JSON: the fields that we write, in the order in which we write them.

#![expect(
    clippy::struct_field_names,
    reason = "the fields are called as the specification calls them"
)]

use serde::{Deserialize, Serialize};

/// Nothing is said, because nobody looked or nobody knows.
pub(super) const NO_ASSERTION: &str = "NOASSERTION";
/// The identifier that every document has.
pub(super) const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// A document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    pub(super) spdx_version: String,
    pub(super) data_license: String,
    #[serde(rename = "SPDXID")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) document_namespace: String,
    pub(super) creation_info: CreationInfo,
    pub(super) document_describes: Vec<String>,
    pub(super) packages: Vec<Package>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) has_extracted_licensing_infos: Vec<Extracted>,
    pub(super) relationships: Vec<Relationship>,
}

/// Who made the document, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CreationInfo {
    pub(super) created: String,
    pub(super) creators: Vec<String>,
    pub(super) license_list_version: String,
}

/// A package: the volume, or one of its components.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Package {
    pub(super) name: String,
    #[serde(rename = "SPDXID")]
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) package_file_name: Option<String>,
    pub(super) primary_package_purpose: String,
    pub(super) download_location: String,
    pub(super) files_analyzed: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) checksums: Vec<Checksum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) homepage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source_info: Option<String>,
    pub(super) license_concluded: String,
    pub(super) license_declared: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) license_comments: Option<String>,
    pub(super) copyright_text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) external_refs: Vec<ExternalRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) annotations: Vec<Annotation>,
}

/// The digest of a package's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Checksum {
    pub(super) algorithm: String,
    pub(super) checksum_value: String,
}

/// A name of the package elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExternalRef {
    pub(super) reference_category: String,
    pub(super) reference_type: String,
    pub(super) reference_locator: String,
}

/// A remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Annotation {
    pub(super) annotation_date: String,
    pub(super) annotation_type: String,
    pub(super) annotator: String,
    pub(super) comment: String,
}

/// A licence that has no name in SPDX's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Extracted {
    pub(super) license_id: String,
    pub(super) name: String,
    pub(super) extracted_text: String,
}

/// How two elements belong together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Relationship {
    pub(super) spdx_element_id: String,
    pub(super) relationship_type: String,
    pub(super) related_spdx_element: String,
}

/// One line of a table of components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The name.
    pub name: &'a str,
    /// The version; `-` if it is not known.
    pub version: &'a str,
    /// The licence as declared.
    pub licence: &'a str,
    /// The package URL; `-` for none.
    pub purl: &'a str,
}

impl Document {
    /// The components, as people want to see them.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let row = |package| {
            let Package {
                name,
                version_info,
                license_declared,
                external_refs,
                ..
            }: &Package = package;
            let purl = external_refs.first();
            Row {
                name,
                version: version_info.as_deref().unwrap_or("-"),
                licence: license_declared,
                purl: purl.map_or("-", |purl| &purl.reference_locator),
            }
        };
        self.packages.iter().map(row).collect()
    }

    /// As it is written: indented, and with a line feed at its end. Every field is text, a boolean or a list of those, which JSON
    /// can say.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        text + "\n"
    }
}
