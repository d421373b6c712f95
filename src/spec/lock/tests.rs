//! Reading locks.

use super::*;

#[test]
fn a_wheel_without_a_digest_is_an_error_at_its_line() {
    let text = r#"
lock-version = "1.0"
[[packages]]
name = "attrs"
version = "25.4.0"
wheels = [
    { url = "https://wheels.example/attrs-25.4.0-py3-none-any.whl" },
]
"#;
    let problems = Lock::parse("pylock.toml", text).unwrap_err();
    assert!(
        problems.to_string().starts_with(
            "pylock.toml:7:5: A wheel without a sha256: `attrs-25.4.0-py3-none-any.whl`"
        ),
        "{problems}"
    );
}
