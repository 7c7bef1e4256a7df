//! Extraction: every string of a draft that a reader, a phone or a crawler would see, as passages.
//! Must not know terms or detectors; fetches nothing.

use super::passage::{Passage, Role};
use super::{html, markdown, tabs};
use crate::model::{Draft, Field, Format};

/// Largest string of a draft that is judged, in bytes; more goes to a person. Offsets fit 32 bits with room to spare.
pub const STRING_BYTES_MAX: usize = 16 << 20;

/// Why a draft cannot be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unextractable {
    /// A string is over [`STRING_BYTES_MAX`].
    TooLarge,
}

/// All passages of a draft, in the order of [`Field`].
pub fn extract(draft: &Draft) -> Result<Vec<Passage<'_>>, Unextractable> {
    let mut passages = Vec::with_capacity(8);
    if !draft.title.is_empty() {
        passages.push(Passage::plain(Field::Title, None, Role::Title, &draft.title));
    }
    if let Some(subtitle) = &draft.subtitle {
        passages.push(Passage::plain(Field::Subtitle, None, Role::Subtitle, subtitle));
    }
    match draft.format {
        Format::Text => {
            let mut body = Passage::plain(Field::Body, None, Role::Body, &draft.body);
            body.cells = tabs::cells(&draft.body);
            passages.push(body);
        }
        Format::Html => passages.extend(html::passages(&draft.body)),
        Format::Markdown => passages.extend(markdown::passages(&draft.body)),
    }
    if let Some(author) = &draft.author {
        passages.push(Passage::plain(Field::Author, None, Role::Author, author));
    }
    if let Some(source) = &draft.source {
        let parts = [
            ("source.name", Role::SourceName, &source.name),
            ("source.title", Role::SourceTitle, &source.title),
            ("source.url", Role::SourceUrl, &source.url),
            ("source.text", Role::SourceText, &source.text),
        ];
        for (path, role, text) in parts {
            if let Some(text) = text {
                passages.push(Passage::plain(Field::Source, Some(path.to_owned()), role, text));
            }
        }
    }
    for (i, link) in draft.links.iter().flatten().enumerate() {
        if let Some(label) = &link.label {
            passages.push(Passage::plain(Field::Links, Some(format!("links[{i}].label")), Role::LinkLabel, label));
        }
        passages.push(Passage::plain(Field::Links, Some(format!("links[{i}].url")), Role::LinkUrl, &link.url));
    }
    for (i, image) in draft.images.iter().flatten().enumerate() {
        passages.push(Passage::plain(Field::Images, Some(format!("images[{i}].name")), Role::ImageName, &image.name));
        if let Some(alt) = &image.alt {
            passages.push(Passage::plain(Field::Images, Some(format!("images[{i}].alt")), Role::ImageAlt, alt));
        }
        if let Some(qr) = &image.qr {
            passages.push(Passage::plain(Field::Images, Some(format!("images[{i}].qr")), Role::Qr, qr));
        }
    }
    for (i, attachment) in draft.attachments.iter().flatten().enumerate() {
        passages.push(Passage::plain(Field::Attachments, Some(format!("attachments[{i}].name")), Role::AttachmentName, &attachment.name));
    }
    if passages.iter().any(|p| p.submitted.len() > STRING_BYTES_MAX || p.text.len() > STRING_BYTES_MAX) {
        return Err(Unextractable::TooLarge);
    }
    Ok(passages)
}
