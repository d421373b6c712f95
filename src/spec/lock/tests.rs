//! Reading locks. What the messages look like is held by `tests/cli_check.rs`.

use std::str::FromStr;

use proptest::prelude::*;

use super::*;

const FIXTURE: &str = include_str!("../../../tests/fixtures/spec/static-gnu/pylock.toml");

#[test]
fn what_uv_writes_is_read() {
    let lock = Lock::parse("pylock.toml", FIXTURE).unwrap();
    assert!(lock.requires_python.is_some());
    let find = |name: &str| {
        lock.packages
            .iter()
            .find(|package| package.name == name)
            .unwrap()
    };
    let pyzmq = find("pyzmq");
    assert_eq!(pyzmq.version.as_ref().unwrap().to_string(), "26.4.0");
    assert!(pyzmq.wheels.len() > 3);
    assert_eq!(pyzmq.unusable, Some(Unusable::Sdist));
    assert!(find("cffi").marker.is_some());
    let line = FIXTURE
        .lines()
        .nth(pyzmq.wheels[0].at.line as usize - 1)
        .unwrap();
    assert!(line.contains(pyzmq.wheels[0].name.as_str()), "{line}");
}

#[test]
fn what_is_not_known_is_passed_over() {
    let text = "lock-version = \"1.9\"\nextras = []\n[tool.x]\ny = 1\n[[packages]]\nname = \"a\"\nindex = \"https://x.example\"\n[packages.tool]\n";
    assert_eq!(Lock::parse("pylock.toml", text).unwrap().packages.len(), 1);
}

#[test]
fn a_wheel_may_have_a_name_of_its_own_and_an_encoded_address() {
    let wheel = |keys: &str| {
        let text = format!(
            "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nwheels = [{{ {keys}, hashes = {{ sha256 = \"{:064x}\" }} }}]\n",
            1
        );
        let mut lock = Lock::parse("pylock.toml", &text).unwrap();
        lock.packages.remove(0).wheels.remove(0).name.to_string()
    };
    let encoded = wheel("url = \"https://x.example/a-1%2Bcpu-py3-none-any.whl\"");
    assert_eq!(encoded, "a-1+cpu-py3-none-any.whl");
    let named = wheel("url = \"https://x.example/download\", name = \"a-1-py3-none-any.whl\"");
    assert_eq!(named, "a-1-py3-none-any.whl");
}

#[test]
fn a_marker_cannot_take_the_stack() {
    for marker in [
        "(".repeat(100_000),
        format!("{}os_name == 'posix'{}", "(".repeat(33), ")".repeat(33)),
        format!("os_name == '{}'", "a".repeat(5000)),
        "os_name ~= 'x'".to_owned(),
        "'x' ~= os_name".to_owned(),
        "os_name == 'x' or \"x\"~=os_name".to_owned(),
        "'a' in extras".to_owned(),
        "os_name=='3\u{b1}''3\u{10000}1'".to_owned(),
        String::new(),
    ] {
        assert!(marker::parse(&marker).is_err(), "{marker:.40}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*") {
        let _ = Lock::parse("pylock.toml", &text);
    }

    #[test]
    fn no_wheel_name_makes_the_reader_panic(text in "[a-zA-Z0-9._+/-]{0,40}(-py3-none-any.whl)?") {
        if let Ok(name) = WheelName::from_str(&text) {
            prop_assert!(!name.as_str().contains('/'));
        }
    }

    #[test]
    fn no_marker_makes_the_reader_panic(
        text in "(os_name|python_version|extra|'3.1'|\"x\"|==|>=|~=|in|not|and|or|\\(|\\)| |\\PC){0,12}",
    ) {
        let _ = marker::parse(&text);
    }
}

proptest! {
    // Each case reads the whole lock.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_damage_to_a_lock_makes_the_reader_panic(
        start in 0..FIXTURE.len(),
        length in 0_usize..80,
        insert in "([\\[\\]{}=\",.\n0-9a-z/-]|ä){0,8}",
    ) {
        let end = (start + length).min(FIXTURE.len());
        let text = format!("{}{insert}{}", &FIXTURE[..start], &FIXTURE[end..]);
        let _ = Lock::parse("pylock.toml", &text);
    }
}
