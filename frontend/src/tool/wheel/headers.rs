//! The headers of `WHEEL` and `METADATA`, which look like those of a mail.

/// Headers in their order; a name may come several times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Reads up to the first empty line, after which there is only a description. Lines that begin
    /// with a space continue the one before; what is no header is passed over.
    pub fn parse(text: &str) -> Self {
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = headers.last_mut() {
                    value.push('\n');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
        Self(headers)
    }

    /// The first value of a header, whose name may be in any case; none if all are empty.
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// All values of a header that are not empty.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(own, value)| own.eq_ignore_ascii_case(name) && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_goes_on_over_lines_that_begin_with_a_space() {
        let headers = Headers::parse("Name: six\nLicense: MIT\n  and more\n\nVersion: 9\n");
        assert_eq!(headers.first("name"), Some("six"));
        assert_eq!(headers.first("License"), Some("MIT\nand more"));
        assert_eq!(headers.first("Version"), None);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in any::<String>()) {
            Headers::parse(&text);
        }
    }
}
