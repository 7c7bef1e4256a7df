//! Where a string of a JSON document stands in its source, and where its n-th character does.
//! Must not know drafts. Walks JSON that a parser has accepted already; on anything else it finds nothing.

use std::ops::Range;

/// The bytes between the quotes of the string that `path` (`body`, `links[0].url`) names.
pub fn string(json: &str, path: &str) -> Option<Range<usize>> {
    let mut cursor = Cursor { bytes: json.as_bytes(), at: 0 };
    for step in path.split('.') {
        let (key, index) = match step.split_once('[') {
            Some((key, index)) => (key, Some(index.strip_suffix(']')?.parse().ok()?)),
            None => (step, None),
        };
        cursor.enter_key(json, key)?;
        if let Some(index) = index {
            cursor.enter_index(index)?;
        }
    }
    cursor.blanks();
    let whole = cursor.string()?;
    Some(whole.start + 1..whole.end - 1)
}

/// The byte in `raw`, the source between the quotes of a string, at which the character number `scalar` begins.
pub fn byte_of_scalar(raw: &str, scalar: usize) -> Option<usize> {
    let mut rest = raw;
    for _ in 0..scalar {
        let mut chars = rest.chars();
        match chars.next()? {
            '\\' => match chars.next()? {
                'u' => {
                    let unit = u16::from_str_radix(chars.as_str().get(..4)?, 16).ok()?;
                    // A pair of surrogates is one character.
                    let escape = if (0xd800..0xdc00).contains(&unit) { 12 } else { 6 };
                    rest = rest.get(escape..)?;
                }
                _ => rest = chars.as_str(),
            },
            _ => rest = chars.as_str(),
        }
    }
    Some(raw.len() - rest.len())
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// A string with its quotes.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(start..self.at);
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// Steps over one value, counting brackets: no recursion, whatever the nesting.
    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            self.blanks();
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                _ => {
                    let scalar = self.bytes.get(self.at..)?.iter().take_while(|byte| !b",:]}{[\" \t\r\n".contains(byte)).count();
                    if scalar == 0 {
                        return None;
                    }
                    self.at += scalar;
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn enter_key(&mut self, json: &str, key: &str) -> Option<()> {
        self.take(b'{')?;
        loop {
            self.blanks();
            let name = self.string()?;
            self.take(b':')?;
            self.blanks();
            if serde_json::from_str::<String>(json.get(name)?).ok()? == key {
                return Some(());
            }
            self.skip_value()?;
            self.take(b',')?;
        }
    }

    fn enter_index(&mut self, index: usize) -> Option<()> {
        self.take(b'[')?;
        for _ in 0..index {
            self.skip_value()?;
            self.take(b',')?;
        }
        self.blanks();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#" { "unit" : "a\"}", "n": -1.5e3, "t":true ,"images":[{"name":"x","alt":null},{ "name" : "y\\" , "qr":"扫" }],
        "source":{"title":"题"}, "e":[], "o":{}, "bo\u0064y":"甲\n😀\ud83d\ude00乙" }"#;

    #[test]
    fn a_string_is_found_by_its_path() {
        for (path, expected) in [
            ("unit", r#"a\""#),
            ("images[1].name", r"y\\"),
            ("images[1].qr", "扫"),
            ("source.title", "题"),
            ("body", r"甲\n😀\ud83d\ude00乙"),
        ] {
            let expected = if path == "unit" { r#"a\"}"# } else { expected };
            assert_eq!(string(JSON, path).and_then(|range| JSON.get(range)), Some(expected), "{path}");
        }
        for absent in [
            "title",
            "images[2].name",
            "images[0].alt",
            "images[0].qr",
            "n",
            "t",
            "source",
            "source.name",
            "e[0].x",
            "unit.x",
            "images[x].name",
            "",
        ] {
            assert_eq!(string(JSON, absent), None, "{absent}");
        }
    }

    #[test]
    fn escapes_count_as_the_characters_they_stand_for() {
        let raw = r"甲\n😀\ud83d\ude00乙\u4e00\\z";
        let scalars: Vec<char> = serde_json::from_str::<String>(&format!("\"{raw}\"")).expect("JSON").chars().collect();
        let starts: Vec<&str> = (0..=scalars.len()).map(|n| &raw[byte_of_scalar(raw, n).expect("in range")..]).collect();
        assert_eq!(
            starts,
            [
                raw,
                r"\n😀\ud83d\ude00乙\u4e00\\z",
                r"😀\ud83d\ude00乙\u4e00\\z",
                r"\ud83d\ude00乙\u4e00\\z",
                r"乙\u4e00\\z",
                r"\u4e00\\z",
                r"\\z",
                "z",
                ""
            ]
        );
        assert_eq!(byte_of_scalar(raw, 9), None);
    }

    #[test]
    fn what_is_no_json_is_searched_in_vain_not_forever() {
        for broken in ["", "{", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":]", "{\"a\":\"\\", "[1]", "{\"a\":[[[["] {
            assert_eq!(string(broken, "b"), None, "{broken}");
        }
    }
}
