//! The hash of a canonical JSON object (keys sorted, no white space) as it is written, without holding it.
//! Must not know what the object means.

use serde::Serialize;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Bytes looked at together for characters that JSON escapes.
const PIECE_BYTES: usize = 64;

/// Small pieces are gathered up to this many bytes: each call of the hasher costs as much as hashing its bytes.
const GATHERED_BYTES: usize = 512;

/// One escaped character between quotes: `"\u001f"`.
const ESCAPED_BYTES_MAX: usize = 8;

/// Takes the fields of one object, in the order of their names.
pub struct CanonicalHash {
    sink: Sink,
    is_empty: bool,
}

impl CanonicalHash {
    pub fn new() -> Self {
        let mut sink = Sink { sha: Sha256::new(), gathered: Vec::with_capacity(GATHERED_BYTES) };
        sink.take(b"{");
        Self { sink, is_empty: true }
    }

    #[inline]
    fn key(&mut self, key: &str) {
        self.sink.take(if self.is_empty { b"\"" } else { b",\"" });
        self.is_empty = false;
        self.sink.take(key.as_bytes());
        self.sink.take(b"\":");
    }

    pub fn field(&mut self, key: &str, value: &impl Serialize) {
        self.key(key);
        // Strings, numbers and lists of them cannot fail to serialise, and the hasher never refuses a write.
        let written = serde_json::to_writer(&mut self.sink, value);
        debug_assert!(written.is_ok());
    }

    /// Left out when there is none.
    pub fn optional(&mut self, key: &str, value: Option<&impl Serialize>) {
        if let Some(value) = value {
            self.field(key, value);
        }
    }

    /// The same as [`Self::field`] for text, faster for long ones: stretches without anything to escape go in as they are.
    pub fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        self.sink.take(b"\"");
        let bytes = text.as_bytes();
        let mut clean = 0;
        let (pieces, rest) = bytes.as_chunks::<PIECE_BYTES>();
        for (piece, at) in pieces.iter().zip((0..).step_by(PIECE_BYTES)) {
            if holds_escaped(piece) {
                clean = self.escape_all(bytes, at..at + PIECE_BYTES, clean);
            }
        }
        if holds_escaped(rest) {
            clean = self.escape_all(bytes, bytes.len() - rest.len()..bytes.len(), clean);
        }
        self.sink.take(bytes.get(clean..).unwrap_or_default());
        self.sink.take(b"\"");
    }

    /// Takes the bytes from `clean` up to the last one of the piece that is escaped; what is left begins behind it.
    fn escape_all(&mut self, bytes: &[u8], piece: Range<usize>, mut clean: usize) -> usize {
        for (&byte, at) in bytes.get(piece.clone()).unwrap_or_default().iter().zip(piece) {
            if from_escaped(byte) == 0 {
                self.sink.take(bytes.get(clean..at).unwrap_or_default());
                self.escape(byte);
                clean = at + 1;
            }
        }
        clean
    }

    fn escape(&mut self, byte: u8) {
        let mut written = [0; ESCAPED_BYTES_MAX];
        let mut rest = written.as_mut_slice();
        let fits = serde_json::to_writer(&mut rest, &char::from(byte)).is_ok();
        debug_assert!(fits);
        let len = ESCAPED_BYTES_MAX - rest.len();
        // Without the quotes around it.
        self.sink.take(written.get(1..len.saturating_sub(1)).unwrap_or_default());
    }

    /// SHA-256, hex.
    pub fn finish(mut self) -> String {
        self.sink.take(b"}");
        self.sink.pass_on();
        hex_text(&self.sink.sha.finalize())
    }
}

/// Bytes in hexadecimal.
pub fn hex_text(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = vec![0; 2 * bytes.len()];
    for ([high, low], byte) in text.as_chunks_mut().0.iter_mut().zip(bytes) {
        (*high, *low) = (DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]);
    }
    // All of them are ASCII.
    String::from_utf8(text).unwrap_or_default()
}

impl Default for CanonicalHash {
    fn default() -> Self {
        Self::new()
    }
}

/// How far a byte is from the nearest that JSON escapes, in a way: 0 only for those.
fn from_escaped(byte: u8) -> u8 {
    byte.saturating_sub(0x1f).min(byte ^ b'"').min(byte ^ b'\\')
}

/// Whether there is something to escape, by the least of numbers: the compiler tests many bytes at once.
fn holds_escaped(bytes: &[u8]) -> bool {
    bytes.iter().fold(u8::MAX, |least, &byte| least.min(from_escaped(byte))) == 0
}

/// The hasher and what it has not been given yet.
struct Sink {
    sha: Sha256,
    gathered: Vec<u8>,
}

impl Sink {
    #[inline]
    fn take(&mut self, bytes: &[u8]) {
        if self.gathered.len() + bytes.len() > GATHERED_BYTES {
            self.pass_on();
        }
        if bytes.len() > GATHERED_BYTES {
            self.sha.update(bytes);
        } else {
            self.gathered.extend_from_slice(bytes);
        }
    }

    fn pass_on(&mut self) {
        self.sha.update(&self.gathered);
        self.gathered.clear();
    }
}

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.take(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_is_hashed_as_it_would_be_serialised(text in "([汉a\"\\\\\u{0}-\u{20}]|\\PC){0,90}") {
            let mut fast = CanonicalHash::new();
            fast.field("a", &1);
            fast.optional("b", None::<&u32>);
            fast.text("c", &text);
            let whole = serde_json::json!({"a": 1, "c": text}).to_string();
            prop_assert_eq!(fast.finish(), hex::encode(Sha256::digest(whole)));
        }
    }
}
