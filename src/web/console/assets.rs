//! Style sheet, script and icon of the console, inside the binary, under names that hold a hash of their content.
//! Must not know pages or routes but its own prefix.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::fmt::{self, Display, Formatter};

/// Where the router serves assets.
pub const ASSETS_PREFIX: &str = "/assets/";

/// One file that never changes under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    stem: &'static str,
    ending: &'static str,
    pub content_type: &'static str,
    pub bytes: &'static [u8],
    hash: u64,
}

pub const STYLE: Asset = Asset::new("console", "css", "text/css; charset=utf-8", include_bytes!("../assets/console.css"));
pub const SCRIPT: Asset = Asset::new("console", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/console.js"));
pub const ICON: Asset = Asset::new("icon", "svg", "image/svg+xml", include_bytes!("../assets/icon.svg"));

const ALL: [Asset; 3] = [STYLE, SCRIPT, ICON];

impl Asset {
    const fn new(stem: &'static str, ending: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self { stem, ending, content_type, bytes, hash: fnv1a(bytes) }
    }

    /// `console-0123456789abcdef.css`.
    pub fn name(&self) -> String {
        format!("{}-{:016x}.{}", self.stem, self.hash, self.ending)
    }
}

/// The address of the asset in a page.
impl Display for Asset {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{ASSETS_PREFIX}{}", self.name())
    }
}

/// FNV-1a: names only have to differ when our own files do.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

/// The asset of that name.
pub fn asset(name: &str) -> Option<Asset> {
    ALL.into_iter().find(|asset| asset.name() == name)
}

/// Answers `GET /assets/{name}`: cached for a year, for the name changes with the content.
pub fn asset_response(name: &str) -> Response {
    match asset(name) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
                (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
            ],
            asset.bytes,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn an_asset_is_found_under_its_hashed_name_only() {
        assert_eq!(asset(&STYLE.name()), Some(STYLE));
        assert_eq!(asset("console.css"), None);
        assert!(STYLE.to_string().starts_with("/assets/console-") && STYLE.name() != SCRIPT.name());
        assert_ne!(fnv1a(b"a"), fnv1a(b"b"));
    }

    #[test]
    fn an_asset_is_cached_for_long_and_a_missing_one_is_not_found() {
        let found = asset_response(&SCRIPT.name());
        assert_eq!(found.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(asset_response("../Cargo.toml").status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_script_writes_no_markup_and_the_style_loads_nothing() {
        let (script, style) = (String::from_utf8_lossy(SCRIPT.bytes), String::from_utf8_lossy(STYLE.bytes));
        for sink in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "setAttribute(\"on", "srcdoc"]
        {
            assert!(!script.contains(sink), "{sink}");
        }
        assert!(!style.contains("url(") && !style.contains("@import"));
    }

    /// Relative luminance of WCAG 2.2.
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("hex")) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn colours(scheme: &str) -> HashMap<&str, &str> {
        let block = scheme.split('}').next().unwrap_or_default();
        block
            .lines()
            .filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": "))
            .filter(|(_, value)| value.starts_with('#'))
            .collect()
    }

    #[test]
    fn every_text_has_the_contrast_of_wcag_aa_in_both_schemes() {
        let style = String::from_utf8_lossy(STYLE.bytes);
        let mut schemes = style.split(":root {").skip(1);
        for name in ["light", "dark"] {
            let colours = colours(schemes.next().expect("a scheme"));
            let pairs = [
                ("ink", "paper"),
                ("ink", "card"),
                ("soft", "paper"),
                ("soft", "card"),
                ("accent", "card"),
                ("accent", "paper"),
                ("accent", "accent-wash"),
                ("on-accent", "accent"),
                ("ink", "accent-wash"),
                ("soft", "accent-wash"),
                ("s3-ink", "s3-wash"),
                ("s2-ink", "s2-wash"),
                ("s1-ink", "s1-wash"),
                ("s0-ink", "s0-wash"),
                ("ink", "s3-wash"),
                ("ink", "s2-wash"),
                ("ink", "s1-wash"),
                ("ink", "s0-wash"),
                ("soft", "s3-wash"),
                ("soft", "s2-wash"),
                ("soft", "s1-wash"),
                ("soft", "s0-wash"),
                ("card", "s3-ink"),
                ("card", "s2-ink"),
                ("card", "s1-ink"),
                ("card", "s0-ink"),
            ];
            for (text, ground) in pairs {
                let ratio = contrast(colours[text], colours[ground]);
                assert!(ratio >= 4.5, "{name}: --{text} on --{ground} has {ratio:.2}");
            }
        }
    }
}
