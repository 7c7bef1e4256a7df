//! Every string of a draft that a finding can stand in, in reading order, with its Chinese label.

use crate::model::{Draft, Field, Severity};
use crate::web::console::markup;
use crate::web::console::segments::{Mark, Markup, MarkupRange, Segment, cut};
use crate::web::console::visible::{Visible, masked};
use crate::web::console::words;
use std::borrow::Cow;
use std::collections::HashMap;

/// One string as the page shows it.
pub(super) struct DraftString<'a> {
    pub field: Field,
    /// As findings name it (`links[0].url`).
    pub path: Option<String>,
    /// Groups the strings of one link or image; empty for plain fields.
    group: String,
    label: &'static str,
    pub text: Cow<'a, str>,
    /// None when there is too much to tell apart.
    markup: Option<Vec<MarkupRange>>,
}

/// A string cut at its findings.
pub(super) struct MarkedString<'a> {
    pub name: String,
    pub empty: bool,
    pub pieces: Vec<Piece<'a>>,
}

/// A segment, ready for the template.
pub(super) struct Piece<'a> {
    pub text: Visible<'a>,
    pub severity: Option<Severity>,
    /// Numbers of the findings over it, with blanks between.
    pub numbers: String,
    pub badges: Vec<Badge>,
    pub quiet: Quiet,
}

/// The number of a finding where it begins.
pub(super) struct Badge {
    pub number: u32,
    pub severity: Severity,
}

/// How a piece of markup is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quiet {
    /// It is not markup.
    No,
    Markup,
    /// Markup that reads as a blank or a new line.
    StandsFor(&'static str),
    Character(char),
}

/// All strings of the draft. With `mask` the text of each is replaced character for character.
pub(super) fn strings(draft: &Draft, mask: bool) -> Vec<DraftString<'_>> {
    let mut all = Strings { mask, found: Vec::new() };
    all.push(Field::Title, None, "", "标题", Some(&draft.title));
    all.push(Field::Subtitle, None, "", "副标题", draft.subtitle.as_ref());
    all.push(Field::Body, None, "", "正文", Some(&draft.body));
    if !mask && let Some(body) = all.found.last_mut() {
        body.markup = markup::find(draft.format, &draft.body);
    }
    all.push(Field::Author, None, "", "作者", draft.author.as_ref());
    if let Some(source) = &draft.source {
        let parts = [
            ("name", "来源名称", &source.name),
            ("title", "原标题", &source.title),
            ("url", "原文网址", &source.url),
            ("text", "原文", &source.text),
        ];
        for (key, label, text) in parts {
            all.push(Field::Source, Some(format!("source.{key}")), "", label, text.as_ref());
        }
    }
    for (nth, link) in draft.links.iter().flatten().enumerate() {
        let group = format!("链接 {}", nth + 1);
        all.push(Field::Links, Some(format!("links[{nth}].label")), &group, "文字", link.label.as_ref());
        all.push(Field::Links, Some(format!("links[{nth}].url")), &group, "网址", Some(&link.url));
    }
    for (nth, image) in draft.images.iter().flatten().enumerate() {
        let group = format!("图片 {}", nth + 1);
        for (key, label, text) in [
            ("name", "文件名", Some(&image.name)),
            ("alt", "替代文字", image.alt.as_ref()),
            ("qr", "二维码内容", image.qr.as_ref()),
            ("sha256", "校验值", image.sha256.as_ref()),
        ] {
            all.push(Field::Images, Some(format!("images[{nth}].{key}")), &group, label, text);
        }
    }
    for (nth, attachment) in draft.attachments.iter().flatten().enumerate() {
        let group = format!("附件 {}", nth + 1);
        all.push(Field::Attachments, Some(format!("attachments[{nth}].name")), &group, "文件名", Some(&attachment.name));
        all.push(Field::Attachments, Some(format!("attachments[{nth}].sha256")), &group, "校验值", attachment.sha256.as_ref());
    }
    all.found
}

struct Strings<'a> {
    mask: bool,
    found: Vec<DraftString<'a>>,
}

impl<'a> Strings<'a> {
    fn push(&mut self, field: Field, path: Option<String>, group: &str, label: &'static str, text: Option<&'a String>) {
        let Some(text) = text else { return };
        let text = if self.mask { Cow::Owned(masked(text)) } else { Cow::Borrowed(text.as_str()) };
        self.found.push(DraftString { field, path, group: group.to_owned(), label, text, markup: Some(Vec::new()) });
    }
}

impl DraftString<'_> {
    /// What the string is, in words: `链接 1 网址`.
    pub fn name(&self) -> String {
        if self.group.is_empty() { self.label.to_owned() } else { format!("{} {}", self.group, self.label) }
    }

    /// The markup that is told apart from the words; none when there is too much of it.
    pub fn markup(&self) -> Option<&[MarkupRange]> {
        self.markup.as_deref()
    }

    pub fn marked(&self, marks: &[Mark]) -> MarkedString<'_> {
        MarkedString {
            name: self.name(),
            empty: self.text.is_empty(),
            pieces: cut(&self.text, marks, self.markup.as_deref().unwrap_or_default()).segments.into_iter().map(Piece::new).collect(),
        }
    }
}

impl<'a> Piece<'a> {
    fn new(segment: Segment<'a>) -> Self {
        let quiet = match segment.markup {
            None => Quiet::No,
            Some(Markup::Inline) => Quiet::Markup,
            Some(Markup::Gap) => Quiet::StandsFor("gap"),
            Some(Markup::Line) => Quiet::StandsFor("line"),
            // A finding may cut a reference in two; then it is shown as it was written.
            Some(Markup::Character(c)) if segment.text.starts_with('&') && segment.text.ends_with(';') => Quiet::Character(c),
            Some(Markup::Character(_)) => Quiet::No,
        };
        let numbers: Vec<_> = segment.numbers.iter().map(u32::to_string).collect();
        Self {
            text: Visible(segment.text),
            severity: segment.severity,
            numbers: numbers.join(" "),
            badges: segment.begins.iter().map(|begin| Badge { number: begin.number, severity: begin.severity }).collect(),
            quiet,
        }
    }
}

/// Where a place stands, in words.
pub(super) struct Locator<'s, 'd> {
    by_name: HashMap<(Field, Option<&'s str>), usize>,
    strings: &'s [DraftString<'d>],
    /// First scalar of each line of the body.
    body_lines: Vec<usize>,
}

impl<'s, 'd> Locator<'s, 'd> {
    pub fn new(strings: &'s [DraftString<'d>]) -> Self {
        let body = strings.iter().find(|string| string.field == Field::Body).map_or("", |string| &string.text);
        let after_breaks = body.chars().enumerate().filter(|&(_, c)| c == '\n').map(|(nth, _)| nth + 1);
        Self {
            by_name: strings.iter().enumerate().map(|(nth, string)| ((string.field, string.path.as_deref()), nth)).collect(),
            strings,
            body_lines: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    /// The string that a finding names, by its place in the list.
    pub fn string(&self, field: Field, path: Option<&str>) -> Option<usize> {
        self.by_name.get(&(field, path)).copied()
    }

    /// `正文 第 3 行第 12 字`.
    pub fn place(&self, field: Field, path: Option<&str>, start: usize, end: usize) -> String {
        let Some(string) = self.string(field, path).and_then(|nth| self.strings.get(nth)) else {
            return format!("{}（稿件中没有这一项）", words::field(field));
        };
        let name = string.name();
        if start == end {
            return format!("{name}（缺少内容，没有对应文字）");
        }
        if field == Field::Body && self.body_lines.len() > 1 {
            let line = self.body_lines.partition_point(|&first| first <= start);
            let first = line.checked_sub(1).and_then(|nth| self.body_lines.get(nth)).copied().unwrap_or(0);
            return format!("{name} 第 {line} 行第 {} 字", start - first + 1);
        }
        format!("{name} 第 {} 字", start + 1)
    }
}
