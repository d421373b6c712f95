//! Licences told by their own text, where that is one of the common ones and nothing else beside it.

/// A licence, what its text must and must not say (in lower case, blanks made one), and how long it is at most.
struct Form {
    id: &'static str,
    says: &'static [&'static str],
    not: &'static [&'static str],
    longest: usize,
}

/// A little more than the texts have with names and years put in; a file with a second licence is longer.
const FORMS: [Form; 8] = [
    Form {
        id: "MIT",
        says: &[
            "permission is hereby granted, free of charge, to any person obtaining a copy",
            "the above copyright notice and this permission notice shall be included",
            "the software is provided \"as is\"",
        ],
        not: &["redistributions of source code", "apache license"],
        longest: 1700,
    },
    Form {
        id: "BSD-3-Clause",
        says: &[
            "redistributions of source code must retain the above copyright",
            "redistributions in binary form must reproduce the above copyright",
            "may be used to endorse or promote products derived from",
        ],
        not: &["all advertising materials", "permission is hereby granted"],
        longest: 2400,
    },
    Form {
        id: "BSD-2-Clause",
        says: &[
            "redistributions of source code must retain the above copyright",
            "redistributions in binary form must reproduce the above copyright",
        ],
        not: &[
            "endorse or promote",
            "all advertising materials",
            "permission is hereby granted",
        ],
        longest: 2000,
    },
    Form {
        id: "ISC",
        says: &[
            "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted",
            "provided that the above copyright notice and this permission notice appear in all copies",
        ],
        not: &["redistributions of source code"],
        longest: 1300,
    },
    Form {
        id: "Zlib",
        says: &[
            "this software is provided 'as-is', without any express or implied warranty",
            "altered source versions must be plainly marked as such",
            "this notice may not be removed or altered from any source distribution",
        ],
        not: &[
            "redistributions of source code",
            "permission is hereby granted",
        ],
        longest: 1500,
    },
    Form {
        id: "Apache-2.0",
        says: &[
            "apache license version 2.0, january 2004",
            "grant of patent license",
        ],
        not: &[
            "redistributions of source code",
            "permission is hereby granted, free",
        ],
        longest: 12_000,
    },
    Form {
        id: "MPL-2.0",
        says: &["mozilla public license version 2.0", "covered software"],
        not: &["redistributions of source code"],
        longest: 17_500,
    },
    Form {
        id: "Python-2.0.1",
        says: &[
            "python software foundation license version 2",
            "beopen.com license agreement for python 2.0",
            "cnri license agreement for python 1.6.1",
            "cwi license agreement for python 0.9.0 through 1.2",
        ],
        not: &["apache license", "openssl"],
        longest: 16_000,
    },
];

/// The licence whose text this is.
pub fn from_text(text: &str) -> Option<&'static str> {
    let longest = FORMS.iter().map(|form| form.longest).max()?;
    // Blanks go, at most one in two; what is longer still is none of them.
    if text.len() > 2 * longest {
        return None;
    }
    let text = words(text);
    let form = FORMS.iter().find(|form| {
        text.len() <= form.longest
            && form.says.iter().all(|words| text.contains(words))
            && !form.not.iter().any(|words| text.contains(words))
    });
    form.map(|form| form.id)
}

/// The words alone, in lower case: neither how lines are broken, nor how a comment is drawn around them.
fn words(text: &str) -> String {
    let drawn = |c: char| matches!(c, '*' | '/' | '#' | ' ' | '\t');
    let mut words = Vec::new();
    for line in text.lines().map(|line| line.trim_matches(drawn)) {
        words.extend(line.split_whitespace());
    }
    words.join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIT: &str = "Copyright (c) 2020 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files, to deal in the Software without restriction, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies.

THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND.";

    #[test]
    fn a_common_text_is_known_by_what_it_says() {
        assert_eq!(from_text(MIT), Some("MIT"));
        assert_eq!(from_text("Do what you like."), None);
        let comment: Vec<String> = MIT.lines().map(|line| format!(" * {line}")).collect();
        let comment = format!("/*\n{}\n */\n", comment.join("\n"));
        assert_eq!(from_text(&comment), Some("MIT"));
    }

    #[test]
    fn a_file_with_two_licences_is_none_of_them() {
        let two =
            format!("{MIT}\n\nRedistributions of source code must retain the above copyright.");
        assert_eq!(from_text(&two), None);
        let long = format!("{MIT}\n{}", "Parts come under other terms. ".repeat(60));
        assert_eq!(from_text(&long), None);
    }

    #[test]
    fn every_identifier_is_one_of_spdx() {
        for form in FORMS {
            assert!(crate::sbom::licence::expression(form.id).is_some());
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in any::<String>()) {
            from_text(&text);
        }
    }
}
