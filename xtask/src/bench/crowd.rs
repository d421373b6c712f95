//! A lock of many packages, each with wheels for many machines, as a resolver writes them.

use std::fmt::Write as _;

/// What a compiled package offers, besides its source.
const TAGS: [&str; 8] = [
    "cp312-cp312-macosx_11_0_arm64",
    "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp313-cp313-macosx_11_0_arm64",
    "cp313-cp313-manylinux_2_17_aarch64.manylinux2014_aarch64",
    "cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp313-cp313-musllinux_1_2_aarch64",
    "cp313-cp313-musllinux_1_2_x86_64",
    "cp313-cp313-win_amd64",
];

/// The lock. Nothing serves its wheels.
pub(super) fn lock(packages: usize) -> String {
    let mut text = String::from("lock-version = \"1.0\"\ncreated-by = \"xtask\"\n");
    for number in 0..packages {
        let name = format!("package-{number:03}");
        let file = format!("package_{number:03}-1.{number}.0");
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n[[packages]]\nname = \"{name}\"\nversion = \"1.{number}.0\"\nwheels = [\n"
        );
        for (wheel, tag) in TAGS.iter().enumerate() {
            let sum = number * TAGS.len() + wheel;
            let _ = writeln!(
                text,
                "    {{ url = \"http://127.0.0.1:9/packages/{name}/{file}-{tag}.whl\", size = 100000, hashes = {{ sha256 = \"{sum:064x}\" }} }},"
            );
        }
        text.push_str("]\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_as_many_packages_as_asked_for() {
        let lock: toml::Table = lock(300).parse().unwrap();
        let packages = lock["packages"].as_array().unwrap();
        assert_eq!(packages.len(), 300);
        assert_eq!(
            packages[299]["wheels"].as_array().unwrap().len(),
            TAGS.len()
        );
    }
}
