//! Bytes of a file or a line to text: UTF-8 with or without a byte order mark; anything else is refused by name.
//! Must not know drafts. Never replaces what it cannot read: a replaced character would pass unseen.

/// Byte order mark of UTF-8, as editors on Windows write it.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes looked at when guessing; a guess is only a hint for the person who must convert the file.
const GUESS_BYTES_MAX: usize = 64 << 10;

/// The bytes without a leading UTF-8 byte order mark.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes)
}

/// UTF-16 and UTF-32 announce themselves by a byte order mark. Line ends of theirs are not line ends of ours.
pub fn wide_mark(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => Some("UTF-32LE"),
        [0, 0, 0xfe, 0xff, ..] => Some("UTF-32BE"),
        [0xff, 0xfe, ..] => Some("UTF-16LE"),
        [0xfe, 0xff, ..] => Some("UTF-16BE"),
        _ => None,
    }
}

/// The text, or why it cannot be read.
pub fn decode(bytes: &[u8]) -> Result<&str, String> {
    let bytes = without_mark(bytes);
    let refuse = |name: &str| Err(format!("not UTF-8 (looks like {name}): save it as UTF-8"));
    if let Some(name) = wide_mark(bytes) {
        return refuse(name);
    }
    match std::str::from_utf8(bytes) {
        // Plain ASCII in UTF-16 without a mark is valid UTF-8: every other byte is NUL.
        Ok(text) => match unmarked_utf16(bytes) {
            Some(name) => refuse(name),
            None => Ok(text),
        },
        Err(error) => match guess(bytes) {
            Some(name) => refuse(name),
            None => Err(format!("not UTF-8 (byte {} and on): save it as UTF-8", error.valid_up_to())),
        },
    }
}

fn guess(bytes: &[u8]) -> Option<&'static str> {
    let sample = bytes.get(..GUESS_BYTES_MAX).unwrap_or(bytes);
    unmarked_utf16(sample).or_else(|| is_gb18030(sample).then_some("GBK/GB18030"))
}

/// Three in four of the high or of the low bytes are NUL: ASCII, digits and markup in UTF-16.
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static str> {
    let sample = bytes.get(..GUESS_BYTES_MAX).unwrap_or(bytes);
    let half = sample.len() / 2;
    if half < 2 || bytes.len() % 2 == 1 || memchr::memchr(0, sample).is_none() {
        return None;
    }
    let nuls = |first: usize| sample.iter().skip(first).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    match () {
        () if odd * 4 >= half * 3 && even == 0 => Some("UTF-16LE"),
        () if even * 4 >= half * 3 && odd == 0 => Some("UTF-16BE"),
        () => None,
    }
}

/// Every character is one, two or four bytes as GB18030 orders them; the sample may end inside a character.
fn is_gb18030(sample: &[u8]) -> bool {
    let mut rest = sample;
    loop {
        rest = match rest {
            [] | [0x81..=0xfe] => return true,
            [0..=0x7f, rest @ ..] => rest,
            [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, rest @ ..] => rest,
            [0x81..=0xfe, 0x30..=0x39, 0x81..=0xfe, 0x30..=0x39, rest @ ..] => rest,
            [0x81..=0xfe, 0x30..=0x39] | [0x81..=0xfe, 0x30..=0x39, 0x81..=0xfe] => return true,
            _ => return false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 各村：通知 in GBK.
    const GBK: &[u8] = b"\xb8\xf7\xb4\xe5\xa3\xba\xcd\xa8\xd6\xaa";

    fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn utf8_is_read_and_its_mark_dropped() {
        assert_eq!(decode("各村：通知".as_bytes()), Ok("各村：通知"));
        assert_eq!(decode("\u{feff}各村".as_bytes()), Ok("各村"));
        assert_eq!(decode(b""), Ok(""));
        assert_eq!(decode(b"a\0b"), Ok("a\0b"), "one NUL does not make it UTF-16");
        assert_eq!(decode("\u{feff}\u{feff}各".as_bytes()), Ok("\u{feff}各"), "only the mark itself is dropped");
    }

    #[test]
    fn other_encodings_are_refused_by_name() {
        for (bytes, name) in [
            (GBK.to_vec(), "GBK/GB18030"),
            (utf16("各村：通知", false, true), "UTF-16LE"),
            (utf16("各村：通知", true, true), "UTF-16BE"),
            (utf16("{\"unit\":\"a\"}", false, false), "UTF-16LE"),
            (utf16("<p>2026</p>", true, false), "UTF-16BE"),
            (vec![0xff, 0xfe, 0, 0, 0x61, 0, 0, 0], "UTF-32LE"),
        ] {
            let reason = decode(&bytes).expect_err("not UTF-8");
            assert!(reason.contains(name), "{name}: {reason}");
        }
    }

    #[test]
    fn what_is_no_known_encoding_is_refused_with_the_place() {
        assert!(decode(b"ab\xff\xff").expect_err("not UTF-8").contains("byte 2"));
        // A truncated UTF-8 file is not taken for something else's whole text without saying so.
        assert!(decode(&"通知".as_bytes()[..5]).is_err());
    }
}
