//! A passage: a stretch of readable text of a draft, with the way back to the submitted field.
//! Must not know how it was extracted or what is searched in it.

use crate::model::Field;
use std::borrow::Cow;
use std::ops::Range;

/// What a passage is to the reader of the published item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Title,
    Subtitle,
    Author,
    Body,
    /// Text in the body that a reader does not see: comments, `display:none`, white on white …
    Hidden,
    /// Alt texts, tool tips and the like inside the body's markup.
    BodyAlt,
    /// A link target inside the body's markup.
    BodyUrl,
    SourceName,
    SourceTitle,
    SourceUrl,
    SourceText,
    LinkLabel,
    LinkUrl,
    ImageName,
    ImageAlt,
    Qr,
    AttachmentName,
}

impl Role {
    /// Prose that is published by the unit itself (not what it quotes as the source, not addresses).
    pub fn is_prose(self) -> bool {
        !matches!(
            self,
            Self::BodyUrl | Self::SourceName | Self::SourceTitle | Self::SourceUrl | Self::SourceText | Self::LinkUrl | Self::ImageName
        )
    }

    pub fn is_address(self) -> bool {
        matches!(self, Self::BodyUrl | Self::LinkUrl | Self::Qr | Self::SourceUrl)
    }
}

/// A stretch of the passage's text and the stretch of the submitted string that it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    /// First byte in the text.
    at: u32,
    /// First byte in the submitted string.
    from: u32,
    /// Bytes in the submitted string. Equal to the text's length where the text was taken over as it is.
    len: u32,
    /// Taken over byte by byte, so that offsets inside the piece map one to one.
    exact: bool,
    /// Decoded from a character reference.
    entity: bool,
}

/// A table cell: bytes of the text, the bytes of its column's header, the number of its table in the passage and of its row
/// in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub span: Range<usize>,
    pub header: Option<Range<usize>>,
    pub table: u32,
    pub row: u32,
}

/// A readable stretch of one field.
#[derive(Debug, Clone)]
pub struct Passage<'d> {
    pub field: Field,
    /// `links[0].url` …; `None` for plain string fields.
    pub path: Option<String>,
    pub role: Role,
    /// The string as submitted, markup included.
    pub submitted: &'d str,
    pub text: Cow<'d, str>,
    /// Empty: text and submitted string are the same.
    pieces: Vec<Piece>,
    pub cells: Vec<Cell>,
}

impl<'d> Passage<'d> {
    /// A passage that is the submitted string itself.
    pub fn plain(field: Field, path: Option<String>, role: Role, submitted: &'d str) -> Self {
        Self { field, path, role, submitted, text: Cow::Borrowed(submitted), pieces: Vec::new(), cells: Vec::new() }
    }

    /// Whether the text is the submitted string.
    pub fn is_as_submitted(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Bytes of the submitted string for bytes of the text.
    pub fn locate(&self, text: Range<usize>) -> Range<usize> {
        if self.pieces.is_empty() {
            return text;
        }
        let piece_of = |byte: usize| self.pieces.partition_point(|p| p.at as usize <= byte).checked_sub(1).and_then(|i| self.pieces.get(i));
        let end_of = self.submitted.len();
        let start =
            piece_of(text.start).map_or(end_of, |p| if p.exact { p.from as usize + (text.start - p.at as usize) } else { p.from as usize });
        if text.is_empty() {
            return start..start;
        }
        let last = text.end - 1;
        let end = piece_of(last).map_or(end_of, |p| {
            if p.exact { p.from as usize + (text.end - p.at as usize).min(p.len as usize) } else { (p.from + p.len) as usize }
        });
        start.min(end)..end
    }

    /// Whether a character reference was decoded inside these bytes of the text.
    pub fn has_entity(&self, text: &Range<usize>) -> bool {
        let first = self.pieces.partition_point(|p| p.at as usize <= text.start).saturating_sub(1);
        self.pieces.iter().skip(first).take_while(|p| (p.at as usize) < text.end).any(|p| p.entity)
    }

    /// The table cell that holds byte `at` of the text.
    pub fn cell(&self, at: usize) -> Option<&Cell> {
        let index = self.cells.partition_point(|c| c.span.end <= at);
        self.cells.get(index).filter(|c| c.span.start <= at)
    }
}

/// Collects the text of one passage piece by piece.
#[derive(Debug, Default)]
pub struct PassageText {
    text: String,
    pieces: Vec<Piece>,
    pub cells: Vec<Cell>,
}

impl PassageText {
    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn ends_with(&self, c: char) -> bool {
        self.text.ends_with(c)
    }

    /// Takes over `submitted[from..]`'s bytes `text` as they are.
    pub fn take(&mut self, text: &str, from: usize) {
        if !text.is_empty() {
            self.piece(text, from, text.len(), true, false);
        }
    }

    /// Puts `text` in the place of `len` submitted bytes.
    pub fn replace(&mut self, text: &str, from: usize, len: usize, entity: bool) {
        if !text.is_empty() {
            self.piece(text, from, len, false, entity);
        }
    }

    fn piece(&mut self, text: &str, from: usize, len: usize, exact: bool, entity: bool) {
        self.pieces.push(Piece { at: self.text.len() as u32, from: from as u32, len: len as u32, exact, entity });
        self.text.push_str(text);
    }

    /// The finished passage; `None` when there is nothing but white space in it.
    pub fn passage<'d>(self, field: Field, path: Option<String>, role: Role, submitted: &'d str) -> Option<Passage<'d>> {
        if self.text.trim().is_empty() {
            return None;
        }
        Some(Passage { field, path, role, submitted, text: Cow::Owned(self.text), pieces: self.pieces, cells: self.cells })
    }
}
