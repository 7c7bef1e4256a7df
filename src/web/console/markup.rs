//! Finds the markup in an HTML or Markdown body, so that the page can make it quiet or leave it out for reading.
//! Decoration only: must not decide what is judged, and must never drop a character.

use super::segments::{Markup, MarkupRange};
use crate::model::Format;
use html5gum::{Token, Tokenizer, emitters::default::DefaultEmitter};
use pulldown_cmark::{Event, Options, Parser};
use std::ops::Range;

/// Largest body whose markup is looked for.
pub const MARKUP_BODY_BYTES_MAX: usize = 1 << 20;
/// Most stretches of markup; a body with more is shown without the distinction.
pub const MARKUP_RANGES_MAX: usize = 20_000;

/// The markup of `body` by bytes. None when there is too much of it.
pub fn find(format: Format, body: &str) -> Option<Vec<MarkupRange>> {
    let found = match format {
        Format::Text => Vec::new(),
        _ if body.len() > MARKUP_BODY_BYTES_MAX => return None,
        Format::Html => html(body),
        Format::Markdown => markdown(body),
    };
    (found.len() <= MARKUP_RANGES_MAX).then(|| sound(body, found))
}

/// Keeps what is in order and on character boundaries: a wrong range may cost the decoration, never the text.
fn sound(body: &str, found: Vec<MarkupRange>) -> Vec<MarkupRange> {
    let mut end = 0;
    found
        .into_iter()
        .filter(|range| {
            let sound = range.bytes.start >= end && !range.bytes.is_empty() && body.get(range.bytes.clone()).is_some();
            if sound {
                end = range.bytes.end;
            }
            sound
        })
        .collect()
}

/// Elements that start and end a line in reading.
const LINE_ELEMENTS: [&[u8]; 24] = [
    b"p",
    b"div",
    b"br",
    b"section",
    b"article",
    b"header",
    b"footer",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"li",
    b"ul",
    b"ol",
    b"tr",
    b"table",
    b"blockquote",
    b"hr",
    b"pre",
    b"dd",
    b"dt",
    b"figure",
];

fn html(body: &str) -> Vec<MarkupRange> {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut found: Vec<MarkupRange> = Vec::new();
    let mut text_from = 0;
    // Text of style and script elements is code, not writing.
    let mut code = false;
    // A new line is due before the next words, unless the source has one there anyway.
    let (mut line_due, mut words_before) = (None::<usize>, false);
    let is_line = |name: &[u8]| LINE_ELEMENTS.contains(&name);
    for Ok(token) in Tokenizer::new_with_emitter(body, emitter) {
        let (span, markup, line) = match &token {
            Token::StartTag(tag) => {
                code = matches!(&**tag.name, b"style" | b"script");
                let markup = if matches!(&**tag.name, b"td" | b"th") { Markup::Gap } else { Markup::Inline };
                (tag.span, markup, is_line(&tag.name))
            }
            Token::EndTag(tag) => {
                code = false;
                (tag.span, Markup::Inline, is_line(&tag.name))
            }
            Token::Comment(comment) => (comment.span, Markup::Inline, false),
            Token::Doctype(doctype) => (doctype.span, Markup::Inline, false),
            Token::String(text) if code => (text.span, Markup::Inline, false),
            Token::String(text) => {
                if !text.value.trim_ascii().is_empty() {
                    if let Some(due) = line_due.take().filter(|_| words_before)
                        && let Some(tag) = found.get_mut(due)
                    {
                        tag.markup = Markup::Line;
                    }
                    words_before = !text.value.ends_with(b"\n");
                } else if text.value.contains(&b'\n') {
                    words_before = false;
                }
                continue;
            }
            Token::Error(_) => continue,
        };
        characters(body, text_from..span.start, &mut found);
        text_from = span.end;
        if line {
            line_due.get_or_insert(found.len());
        }
        found.push(MarkupRange { bytes: span.start..span.end.min(body.len()), markup });
        if found.len() > MARKUP_RANGES_MAX {
            return found;
        }
    }
    characters(body, text_from..body.len(), &mut found);
    found
}

/// Longest character reference that is read, in bytes.
const REFERENCE_BYTES_MAX: usize = 12;

/// Character references (`&nbsp;`, `&#20889;`) between two tags.
fn characters(body: &str, between: Range<usize>, found: &mut Vec<MarkupRange>) {
    let Some(text) = body.get(between.clone()) else { return };
    for (at, _) in text.match_indices('&') {
        let Some(rest) = text.as_bytes().get(at + 1..) else { return };
        let Some(length) = rest.iter().take(REFERENCE_BYTES_MAX).position(|&b| b == b';') else { continue };
        let Some(c) = text.get(at + 1..at + 1 + length).and_then(referenced) else { continue };
        if !super::visible::is_hidden(c) {
            let start = between.start + at;
            found.push(MarkupRange { bytes: start..start + length + 2, markup: Markup::Character(c) });
        }
    }
}

/// The character of a numeric reference, or of a named one that editors write.
fn referenced(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    Some(match name {
        "nbsp" | "ensp" | "emsp" | "thinsp" => ' ',
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "ldquo" => '“',
        "rdquo" => '”',
        "lsquo" => '‘',
        "rsquo" => '’',
        "mdash" => '—',
        "ndash" => '–',
        "hellip" => '…',
        "middot" => '·',
        "bull" => '•',
        "times" => '×',
        "copy" => '©',
        "deg" => '°',
        "yen" => '¥',
        _ => return None,
    })
}

/// Everything between two stretches of text, line ends excepted.
fn markdown(body: &str) -> Vec<MarkupRange> {
    let mut found = Vec::new();
    let mut written = 0;
    let mut quiet = |from: usize, to: usize| {
        let Some(between) = body.get(from..to) else { return };
        let mut at = from;
        for line in between.split_inclusive('\n') {
            let marked = line.trim_end_matches(['\n', '\r']);
            if !marked.trim().is_empty() {
                found.push(MarkupRange { bytes: at..at + marked.len(), markup: Markup::Inline });
            }
            at += line.len();
        }
    };
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES | Options::ENABLE_TASKLISTS;
    for (event, Range { start, end }) in Parser::new_ext(body, options).into_offset_iter() {
        let text = matches!(event, Event::Text(_) | Event::Code(_) | Event::Html(_) | Event::InlineHtml(_) | Event::FootnoteReference(_));
        if text && start >= written {
            quiet(written, start);
            written = end;
        }
    }
    quiet(written, body.len());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quiet(format: Format, body: &str) -> Vec<&str> {
        find(format, body).expect("not too much").into_iter().map(|range| &body[range.bytes]).collect()
    }

    #[test]
    fn tags_comments_and_code_of_html_are_quiet_and_words_are_not() {
        let body = "<!DOCTYPE html><p class=\"a>b\">甲<br/>乙&amp;丙</p><!-- 暗 --><style>p{color:red}</style>丁<a href='x'";
        assert_eq!(
            quiet(Format::Html, body),
            ["<!DOCTYPE html>", "<p class=\"a>b\">", "<br/>", "&amp;", "</p>", "<!-- 暗 -->", "<style>", "p{color:red}", "</style>"]
        );
    }

    /// The body as it reads once the markup stands for what it means.
    fn reading(body: &str) -> String {
        let (mut out, mut at) = (String::new(), 0);
        for range in find(Format::Html, body).expect("not too much") {
            out.push_str(&body[at..range.bytes.start]);
            match range.markup {
                Markup::Inline => {}
                Markup::Gap => out.push(' '),
                Markup::Line => out.push('\n'),
                Markup::Character(c) => out.push(c),
            }
            at = range.bytes.end;
        }
        out + &body[at..]
    }

    #[test]
    fn html_reads_in_lines() {
        assert_eq!(reading("<div><p>甲</p><p>乙<br><br>丙</p></div>丁"), "甲\n乙\n丙\n丁");
        assert_eq!(reading("<p>甲</p>\n<p>乙</p>\n"), "甲\n乙\n");
        assert_eq!(reading("<tr><td>甲</td><td>乙</td></tr><tr><td>丙</td></tr>"), " 甲 乙\n 丙");
        assert_eq!(reading("甲&nbsp;&#20889;&#x4E59;&lt;b&gt;&unknown;&#0;&"), "甲 写乙<b>&unknown;&#0;&");
    }

    #[test]
    fn signs_of_markdown_are_quiet_and_words_are_not() {
        let body = "# 标题\n\n**粗** [链接](https://a.example/x)\n\n- 一\n- 二 `码`\n";
        assert_eq!(quiet(Format::Markdown, body), ["# ", "**", "**", "[", "](https://a.example/x)", "- ", "- "]);
    }

    #[test]
    fn plain_text_has_no_markup() {
        assert_eq!(find(Format::Text, &"<b>甲</b>".repeat(MARKUP_BODY_BYTES_MAX)), Some(Vec::new()));
    }

    #[test]
    fn too_much_markup_is_left_alone() {
        assert_eq!(find(Format::Html, &"<b>".repeat(MARKUP_RANGES_MAX + 1)), None);
        assert_eq!(find(Format::Html, &"甲".repeat(MARKUP_BODY_BYTES_MAX)), None);
    }

    #[test]
    fn hostile_markup_takes_linear_time() {
        let started = std::time::Instant::now();
        for unit in ["<", "<a ", "<!--", "<![CDATA[", "[", "![", "*a_", "> ", "`", "<p a='"] {
            let body = unit.repeat(MARKUP_BODY_BYTES_MAX / unit.len());
            find(Format::Html, &body);
            find(Format::Markdown, &body);
        }
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    }

    proptest! {
        #[test]
        fn markup_ranges_are_ascending_and_on_boundaries(body in "[a-z<>/!\\-\"'=&;#*_`\\[\\]()\n字😀 ]{0,80}") {
            for format in [Format::Html, Format::Markdown] {
                let mut end = 0;
                for range in find(format, &body).expect("not too much") {
                    prop_assert!(range.bytes.start >= end && range.bytes.end > range.bytes.start);
                    prop_assert!(body.get(range.bytes.clone()).is_some());
                    end = range.bytes.end;
                }
            }
        }
    }
}
