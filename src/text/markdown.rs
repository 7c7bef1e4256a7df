//! Markdown to passages, through the same state as HTML, since Markdown may hold raw HTML anywhere.
//! Must not know detectors.

use super::html::Page;
use super::passage::Passage;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Blanks, quotes and brackets around address and title of a link, in bytes.
const LINK_TAIL_BYTES_MAX: usize = 256;

/// Passages of a Markdown body.
pub fn passages(body: &str) -> Vec<Passage<'_>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES | Options::ENABLE_TASKLISTS;
    let parser = Parser::new_ext(body, options);
    let mut page = Page::new(body);
    // They come in the order of a hash map; the verdict must not depend on it.
    let mut definitions: Vec<_> = parser.reference_definitions().iter().map(|(_, definition)| definition).collect();
    definitions.sort_by_key(|definition| definition.span.start);
    for definition in definitions {
        page.address(&definition.dest, definition.span.clone());
        if definition.title.is_some() {
            page.hide(definition.span.clone());
        }
    }
    let mut in_html_block = false;
    for (event, span) in parser.into_offset_iter() {
        match event {
            Event::Text(text) | Event::Code(text) => {
                let source = body.get(span.clone()).unwrap_or_default();
                match source.find(&*text) {
                    Some(0) if source.len() == text.len() => page.text_as_is(span),
                    // Code stands between its marks.
                    Some(at) => page.text_as_is(span.start + at..span.start + at + text.len()),
                    None => page.replaced(&text, span),
                }
            }
            // A block comes line by line, but a tag or comment of it may go over several: it is read as one.
            Event::Start(Tag::HtmlBlock) => {
                in_html_block = true;
                page.separate('\n', span.start);
                page.read(span);
            }
            Event::End(TagEnd::HtmlBlock) => {
                in_html_block = false;
                page.separate('\n', span.end);
            }
            Event::Html(_) if in_html_block => {}
            Event::Html(_) | Event::InlineHtml(_) => page.read(span),
            Event::SoftBreak => page.separate(' ', span.start),
            Event::HardBreak | Event::Rule => page.separate('\n', span.start),
            Event::Start(tag) => match tag {
                Tag::Link { dest_url, title, .. } | Tag::Image { dest_url, title, .. } => {
                    // Both stand at the end of the link; nested links would make a search of the whole quadratic.
                    let (tail_start, tail) = tail(body, &span, dest_url.len() + title.len() + LINK_TAIL_BYTES_MAX);
                    let place = match tail.rfind(&*dest_url) {
                        Some(at) if !dest_url.is_empty() => tail_start + at..tail_start + at + dest_url.len(),
                        _ => span.clone(),
                    };
                    page.address(&dest_url, place);
                    if let (false, Some(at)) = (title.is_empty(), tail.rfind(&*title)) {
                        page.alt(tail_start + at..tail_start + at + title.len());
                    }
                }
                Tag::Table(_) => page.table_opens(),
                Tag::TableHead => page.row_opens(true),
                Tag::TableRow => page.row_opens(false),
                Tag::TableCell => page.cell_opens(false),
                Tag::Emphasis | Tag::Strong | Tag::Strikethrough => {}
                _ => page.separate('\n', span.start),
            },
            Event::End(tag) => match tag {
                TagEnd::TableCell => page.cell_closes(span.end),
                TagEnd::Table => page.table_closes(),
                TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image => {}
                _ => page.separate('\n', span.end),
            },
            _ => {}
        }
    }
    page.finish()
}

/// The last `bytes` of a span, from a character boundary on, and where they begin.
fn tail<'d>(body: &'d str, span: &std::ops::Range<usize>, bytes: usize) -> (usize, &'d str) {
    let mut start = span.end.saturating_sub(bytes).max(span.start);
    while !body.is_char_boundary(start) {
        start += 1;
    }
    (start, body.get(start..span.end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::passage::Role;

    #[test]
    fn markdown_text_links_tables_and_raw_html_are_extracted_with_their_places() {
        let body = "## 标题\n\n请*登录*[政务\\_网](https://a.gov.cn/x \"提示\")。\n\n| 户主 | 证号 |\n| --- | --- |\n| 向某 | 12&#51; |\n\n<p style='display:none'>隐藏</p>\n\n<b>行内</b>`代码`";
        let page = passages(body);
        let of = |role| page.iter().filter(|p| p.role == role).map(|p| p.text.to_string()).collect::<Vec<_>>().join("|");
        let text = of(Role::Body);
        for part in ["标题", "请登录政务_网", "向某", "123", "行内", "代码"] {
            assert!(text.contains(part), "{part} in {text:?}");
        }
        assert_eq!(of(Role::BodyUrl), "https://a.gov.cn/x");
        assert_eq!(of(Role::BodyAlt), "提示");
        assert!(of(Role::Hidden).contains("隐藏"));
        let visible = page.iter().find(|p| p.role == Role::Body).expect("body");
        let at = visible.text.find("123").expect("cell");
        assert_eq!(body.get(visible.locate(at..at + 3)), Some("12&#51;"));
        let header = visible.cell(at).and_then(|c| c.header.clone()).expect("header");
        assert_eq!(visible.text.get(header), Some("证号"));
    }
}
