//! The hash of a canonical JSON object (keys sorted, no white space) as it is written, without holding it.
//! Must not know what the object means.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Bytes looked at together for characters that JSON escapes.
const PIECE_BYTES: usize = 32;

/// Takes the fields of one object, in the order of their names.
pub struct CanonicalHash {
    sha: Sha256,
    is_empty: bool,
}

impl CanonicalHash {
    pub fn new() -> Self {
        let mut sha = Sha256::new();
        sha.update(b"{");
        Self { sha, is_empty: true }
    }

    fn key(&mut self, key: &str) {
        self.sha.update(if self.is_empty { "\"" } else { ",\"" });
        self.is_empty = false;
        self.sha.update(key);
        self.sha.update("\":");
    }

    pub fn field(&mut self, key: &str, value: &impl Serialize) {
        self.key(key);
        // Strings, numbers and lists of them cannot fail to serialise, and the hasher never refuses a write.
        let written = serde_json::to_writer(Sink(&mut self.sha), value);
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
        self.sha.update("\"");
        let bytes = text.as_bytes();
        let (mut clean, mut at) = (0, 0);
        while let Some(piece) = bytes.get(at..(at + PIECE_BYTES).min(bytes.len())).filter(|p| !p.is_empty()) {
            if piece.iter().fold(false, |any, &b| any | (b < 0x20) | (b == b'"') | (b == b'\\')) {
                for (&b, place) in piece.iter().zip(at..) {
                    if b < 0x20 || b == b'"' || b == b'\\' {
                        self.sha.update(bytes.get(clean..place).unwrap_or_default());
                        clean = place + 1;
                        self.escape(b);
                    }
                }
            }
            at += piece.len();
        }
        self.sha.update(bytes.get(clean..).unwrap_or_default());
        self.sha.update("\"");
    }

    fn escape(&mut self, byte: u8) {
        let written = serde_json::to_string(&char::from(byte)).unwrap_or_default();
        // Without the quotes around it.
        self.sha.update(written.get(1..written.len().saturating_sub(1)).unwrap_or_default());
    }

    /// SHA-256, hex.
    pub fn finish(mut self) -> String {
        self.sha.update(b"}");
        hex_text(&self.sha.finalize())
    }
}

/// Bytes in hexadecimal.
pub fn hex_text(bytes: &[u8]) -> String {
    let mut digits = vec![0; 2 * bytes.len()];
    // The length fits, and hexadecimal digits are ASCII.
    let written = hex::encode_to_slice(bytes, &mut digits);
    debug_assert!(written.is_ok());
    String::from_utf8(digits).unwrap_or_default()
}

impl Default for CanonicalHash {
    fn default() -> Self {
        Self::new()
    }
}

struct Sink<'a>(&'a mut Sha256);

impl std::io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
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
