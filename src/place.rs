//! The string of a draft that a finding points into, and the slice it marks.
//! Must not know how findings are made or shown.

use crate::model::{Draft, Field, Finding, Suppressed};
use std::ops::Range;

/// Where in a draft something stands: a string of it and a half-open range of Unicode scalars there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub field: Field,
    /// Names the string of an object field (`links[0].url`).
    pub path: Option<&'a str>,
    pub start: usize,
    pub end: usize,
}

impl<'a> From<&'a Finding> for Place<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self { field: finding.field, path: finding.path.as_deref(), start: finding.start, end: finding.end }
    }
}

impl<'a> From<&'a Suppressed> for Place<'a> {
    fn from(hit: &'a Suppressed) -> Self {
        Self { field: hit.field, path: hit.path.as_deref(), start: hit.start, end: hit.end }
    }
}

/// The submitted string that `field` and `path` name; `None` when the draft has no such string.
pub fn string<'a>(draft: &'a Draft, field: Field, path: Option<&str>) -> Option<&'a str> {
    match (field, path) {
        (Field::Title, None) => Some(&draft.title),
        (Field::Subtitle, None) => draft.subtitle.as_deref(),
        (Field::Body, None) => Some(&draft.body),
        (Field::Author, None) => draft.author.as_deref(),
        (Field::Source, Some(path)) => {
            let source = draft.source.as_ref()?;
            match path.strip_prefix("source.")? {
                "name" => source.name.as_deref(),
                "title" => source.title.as_deref(),
                "url" => source.url.as_deref(),
                "text" => source.text.as_deref(),
                _ => None,
            }
        }
        (Field::Links, Some(path)) => {
            let (link, key) = item(draft.links.as_deref()?, path, "links")?;
            match key {
                "label" => link.label.as_deref(),
                "url" => Some(&link.url),
                _ => None,
            }
        }
        (Field::Images, Some(path)) => {
            let (image, key) = item(draft.images.as_deref()?, path, "images")?;
            match key {
                "name" => Some(&image.name),
                "alt" => image.alt.as_deref(),
                "qr" => image.qr.as_deref(),
                _ => None,
            }
        }
        (Field::Attachments, Some(path)) => {
            let (attachment, key) = item(draft.attachments.as_deref()?, path, "attachments")?;
            (key == "name").then_some(&*attachment.name)
        }
        _ => None,
    }
}

/// `links[3].url` of `links`: the fourth item and `url`.
fn item<'a, 'p, T>(items: &'a [T], path: &'p str, list: &str) -> Option<(&'a T, &'p str)> {
    let (index, key) = path.strip_prefix(list)?.strip_prefix('[')?.split_once("].")?;
    Some((items.get(index.parse::<usize>().ok()?)?, key))
}

/// The bytes of scalars `start..end` of `text`; `None` when the text is shorter or the range is backwards.
pub fn bytes(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let mut at = text.char_indices().map(|(byte, _)| byte).chain(std::iter::once(text.len()));
    let first = at.nth(start)?;
    let last = match end.checked_sub(start)? {
        0 => first,
        scalars => at.nth(scalars - 1)?,
    };
    Some(first..last)
}

/// The submitted slice at a place, unmasked.
pub fn slice<'a>(draft: &'a Draft, place: Place<'_>) -> Option<&'a str> {
    let text = string(draft, place.field, place.path)?;
    text.get(bytes(text, place.start, place.end)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attachment, Format, Image, Kind, Link, Source};

    fn draft() -> Draft {
        Draft {
            account: String::new(),
            as_of: None,
            attachments: Some(vec![Attachment { name: "名单.xlsx".into(), sha256: None }]),
            author: Some("甲".into()),
            body: "正文😀文".into(),
            declared: None,
            format: Format::Text,
            id: "a".into(),
            images: Some(vec![Image { alt: Some("图".into()), name: "a.png".into(), qr: Some("扫码".into()), sha256: None }]),
            kind: Kind::Original,
            links: Some(vec![
                Link { label: None, url: "http://a.example".into() },
                Link { label: Some("标签".into()), url: String::new() },
            ]),
            platform: String::new(),
            revision: 1,
            source: Some(Source { name: Some("源".into()), text: None, title: Some("题".into()), url: None }),
            subtitle: None,
            title: "标题".into(),
            unit: "u".into(),
        }
    }

    #[test]
    fn every_string_of_a_draft_has_a_place() {
        let draft = draft();
        for (field, path, expected) in [
            (Field::Title, None, Some("标题")),
            (Field::Subtitle, None, None),
            (Field::Body, None, Some("正文😀文")),
            (Field::Author, None, Some("甲")),
            (Field::Source, Some("source.title"), Some("题")),
            (Field::Source, Some("source.text"), None),
            (Field::Links, Some("links[1].label"), Some("标签")),
            (Field::Links, Some("links[0].url"), Some("http://a.example")),
            (Field::Links, Some("links[2].url"), None),
            (Field::Links, Some("links[x].url"), None),
            (Field::Images, Some("images[0].qr"), Some("扫码")),
            (Field::Images, Some("images[0].alt"), Some("图")),
            (Field::Attachments, Some("attachments[0].name"), Some("名单.xlsx")),
            (Field::Body, Some("body"), None),
        ] {
            assert_eq!(string(&draft, field, path), expected, "{field:?} {path:?}");
        }
    }

    #[test]
    fn a_slice_counts_scalars_not_bytes() {
        let draft = draft();
        let at = |start, end| slice(&draft, Place { field: Field::Body, path: None, start, end });
        assert_eq!(at(1, 3), Some("文😀"));
        assert_eq!(at(4, 4), Some(""));
        assert_eq!(at(3, 4), Some("文"));
        assert_eq!(at(3, 5), None);
        assert_eq!(at(3, 2), None);
        assert_eq!(at(5, 5), None);
    }
}
