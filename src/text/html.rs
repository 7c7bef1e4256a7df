//! HTML to passages: what is shown, what is hidden, attribute texts and addresses, each mapped back to the markup.
//! Must not know detectors; runs nothing and fetches nothing.

use super::passage::{Cell, Passage, PassageText, Role};
use super::records;
use crate::model::Field;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};
use std::collections::HashMap;
use std::ops::Range;

/// Deepest nesting of elements whose style is followed; deeper ones inherit.
const DEPTH_MAX: usize = 4_096;
/// Longest character reference, in bytes (the longest name has 32).
const REFERENCE_BYTES_MAX: usize = 40;

/// Passages of an HTML body.
pub fn passages(body: &str) -> Vec<Passage<'_>> {
    let mut page = Page::new(body);
    page.read(0..body.len());
    page.finish()
}

#[derive(Debug, Clone)]
struct Element {
    name: Vec<u8>,
    hidden: bool,
    background: Option<Colour>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    White,
    Clear,
    Other,
}

#[derive(Debug, Default)]
struct Tag {
    name: Vec<u8>,
    start: usize,
    attributes: Vec<(Vec<u8>, Range<usize>, Range<usize>)>,
    open: bool,
}

#[derive(Debug, Default)]
struct Table {
    number: u32,
    headers: Vec<Range<usize>>,
    column: usize,
    cell_start: Option<usize>,
    header_row: bool,
    rows: usize,
}

/// The state of reading one body. Markdown feeds its raw HTML pieces and its own text through the same state.
pub(super) struct Page<'d> {
    body: &'d str,
    visible: PassageText,
    hidden: PassageText,
    alts: Vec<PassageText>,
    addresses: Vec<PassageText>,
    stack: Vec<Element>,
    /// How many elements of each name are open, so that a stray end tag costs nothing.
    open: HashMap<Vec<u8>, usize>,
    tag: Tag,
    tables: Vec<Table>,
    tables_seen: u32,
    raw_text: bool,
}

impl<'d> Page<'d> {
    pub(super) fn new(body: &'d str) -> Self {
        Self {
            body,
            visible: PassageText::default(),
            hidden: PassageText::default(),
            alts: Vec::new(),
            addresses: Vec::new(),
            stack: Vec::new(),
            open: HashMap::new(),
            tag: Tag::default(),
            tables: Vec::new(),
            tables_seen: 0,
            raw_text: false,
        }
    }

    /// Reads a stretch of the body as HTML.
    pub(super) fn read(&mut self, range: Range<usize>) {
        let Some(source) = self.body.get(range.clone()) else { return };
        let base = range.start;
        let page = &mut *self;
        let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, span: Span<usize>| {
            page.event(event, base + span.start..base + span.end);
            None::<()>
        });
        emitter.naively_switch_states(true);
        for token in Tokenizer::new_with_emitter(source, emitter) {
            let _: Result<(), std::convert::Infallible> = token;
        }
        // A tag that never closes swallows the rest: nothing passes unseen.
        if self.tag.open {
            self.tag.open = false;
            let rest = self.tag.start..range.end;
            self.hide(rest);
        }
    }

    fn event(&mut self, event: CallbackEvent<'_>, span: Range<usize>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag.name.clear();
                self.tag.name.extend_from_slice(name);
                self.tag.start = span.start;
                self.tag.attributes.clear();
                self.tag.open = true;
            }
            CallbackEvent::AttributeName { name } => self.tag.attributes.push((name.to_vec(), span, 0..0)),
            CallbackEvent::AttributeValue { .. } => {
                if let Some((_, _, value)) = self.tag.attributes.last_mut() {
                    if value.start == value.end {
                        *value = span;
                    } else {
                        value.end = span.end;
                    }
                }
            }
            CallbackEvent::CloseStartTag { self_closing } => self.start_tag(self_closing, span.end),
            CallbackEvent::EndTag { name } => {
                self.raw_text = false;
                self.end_tag(name, span.start);
            }
            CallbackEvent::String { .. } => self.text(span),
            CallbackEvent::Comment { .. } => self.hide(span),
            CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
        }
    }

    fn is_hidden(&self) -> bool {
        self.stack.last().is_some_and(|e| e.hidden)
    }

    /// Text between tags.
    pub(super) fn text(&mut self, span: Range<usize>) {
        let raw = self.raw_text;
        let hidden = self.is_hidden();
        let Some(source) = self.body.get(span.clone()) else { return };
        let into = if hidden { &mut self.hidden } else { &mut self.visible };
        if raw {
            into.take(source, span.start);
        } else {
            decode(source, span.start, into);
        }
    }

    /// Text taken over without decoding (markdown has decoded it).
    pub(super) fn text_as_is(&mut self, span: Range<usize>) {
        let hidden = self.is_hidden();
        let Some(source) = self.body.get(span.clone()) else { return };
        let into = if hidden { &mut self.hidden } else { &mut self.visible };
        into.take(source, span.start);
    }

    /// Text that replaces a stretch of the body (markdown escapes and references).
    pub(super) fn replaced(&mut self, text: &str, span: Range<usize>) {
        let into = if self.is_hidden() { &mut self.hidden } else { &mut self.visible };
        into.replace(text, span.start, span.len(), true);
    }

    /// A line end or cell end in the shown text.
    pub(super) fn separate(&mut self, by: char, at: usize) {
        if !self.visible.is_empty() && !self.visible.ends_with('\n') {
            let mut buffer = [0; 4];
            self.visible.replace(by.encode_utf8(&mut buffer), at, 0, false);
        }
    }

    pub(super) fn hide(&mut self, span: Range<usize>) {
        let Some(source) = self.body.get(span.clone()) else { return };
        if !self.hidden.is_empty() {
            self.hidden.replace("\n", span.start, 0, false);
        }
        decode(source, span.start, &mut self.hidden);
    }

    fn decoded_address(&mut self, span: Range<usize>) {
        let Some(source) = self.body.get(span.clone()) else { return };
        let mut address = PassageText::default();
        decode(source, span.start, &mut address);
        self.addresses.push(address);
    }

    pub(super) fn address(&mut self, text: &str, span: Range<usize>) {
        let mut address = PassageText::default();
        match self.body.get(span.clone()) {
            Some(source) if source == text => address.take(text, span.start),
            _ => address.replace(text, span.start, span.len(), true),
        }
        self.addresses.push(address);
    }

    pub(super) fn alt(&mut self, span: Range<usize>) {
        let Some(source) = self.body.get(span.clone()) else { return };
        let mut alt = PassageText::default();
        decode(source, span.start, &mut alt);
        self.alts.push(alt);
    }

    fn start_tag(&mut self, self_closing: bool, end: usize) {
        self.tag.open = false;
        let tag = std::mem::take(&mut self.tag);
        let name = tag.name.as_slice();
        let parent = self.stack.last();
        let mut hidden = parent.is_some_and(|e| e.hidden) || matches!(name, b"script" | b"style" | b"template" | b"noscript");
        // How characters are read stands above them, not between them.
        hidden |= matches!(name, b"rt" | b"rp");
        let mut background = parent.and_then(|e| e.background);
        let mut colour = None;
        let mut is_hidden_input = false;
        for (attribute, _, value) in &tag.attributes {
            let value = self.body.get(value.clone()).unwrap_or_default();
            match attribute.as_slice() {
                b"hidden" => hidden = true,
                b"type" if value.eq_ignore_ascii_case("hidden") => is_hidden_input = true,
                b"style" => {
                    let style = Style::read(value);
                    hidden |= style.hidden;
                    background = style.background.or(background);
                    colour = style.colour.or(colour);
                }
                b"bgcolor" => background = Some(read_colour(value)),
                b"color" => colour = Some(read_colour(value)),
                _ => {}
            }
        }
        hidden |=
            matches!((colour, background), (Some(Colour::Clear), _) | (Some(Colour::White), None | Some(Colour::White | Colour::Clear)));
        for (attribute, at, value) in &tag.attributes {
            self.attribute(attribute, at.clone(), value.clone(), is_hidden_input);
        }
        self.block(name, true, end);
        let void = matches!(
            name,
            b"area"
                | b"base"
                | b"br"
                | b"col"
                | b"embed"
                | b"hr"
                | b"img"
                | b"input"
                | b"link"
                | b"meta"
                | b"param"
                | b"source"
                | b"track"
                | b"wbr"
        );
        self.raw_text = matches!(name, b"script" | b"style" | b"xmp" | b"iframe" | b"noembed" | b"noframes");
        if !void && !self_closing && self.stack.len() < DEPTH_MAX {
            *self.open.entry(tag.name.clone()).or_default() += 1;
            self.stack.push(Element { name: tag.name, hidden, background });
        }
    }

    fn end_tag(&mut self, name: &[u8], at: usize) {
        self.block(name, false, at);
        if self.open.get(name).copied().unwrap_or(0) == 0 {
            return;
        }
        while let Some(element) = self.stack.pop() {
            if let Some(count) = self.open.get_mut(&element.name) {
                *count = count.saturating_sub(1);
            }
            if element.name == name {
                break;
            }
        }
    }

    fn attribute(&mut self, name: &[u8], at: Range<usize>, value: Range<usize>, is_hidden_input: bool) {
        let text = self.body.get(value.clone()).unwrap_or_default();
        match name {
            b"alt" | b"title" | b"aria-label" | b"placeholder" | b"label" | b"content" | b"summary" => self.alt(value),
            b"value" if !is_hidden_input => self.alt(value),
            b"href" | b"src" | b"action" | b"formaction" | b"poster" | b"cite" | b"data" | b"xlink:href" | b"background" | b"data-src"
            | b"srcset" => {
                self.decoded_address(value);
            }
            b"style" => {
                for url in addresses_of_style(text) {
                    self.decoded_address(value.start + url.start..value.start + url.end);
                }
            }
            b"class" | b"id" => {}
            // The card of a mini-program in a post.
            b"data-miniprogram-nickname" if !text.is_empty() => {
                let address = format!("#小程序://{text}");
                self.address(&address, value);
            }
            _ if is_hidden_input || !text.is_ascii() || text.contains("://") => self.hide(value),
            _ => {}
        }
        if !name.is_ascii() {
            self.hide(at);
        }
    }

    /// Line and cell ends, and the columns of tables.
    fn block(&mut self, name: &[u8], opens: bool, at: usize) {
        match name {
            b"td" | b"th" => {
                if opens {
                    self.cell_opens(name == b"th");
                } else {
                    self.cell_closes(at);
                }
            }
            b"table" if opens => {
                self.separate('\n', at);
                self.table_opens();
            }
            b"table" => {
                self.cell_closes(at);
                self.tables.pop();
                self.separate('\n', at);
            }
            b"tr" => {
                self.cell_closes(at);
                if opens {
                    self.row_opens(false);
                }
                self.separate('\n', at);
            }
            b"br" | b"p" | b"div" | b"li" | b"ul" | b"ol" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"section" | b"article"
            | b"header" | b"footer" | b"blockquote" | b"pre" | b"hr" | b"dl" | b"dt" | b"dd" | b"form" | b"figure" | b"figcaption"
            | b"caption" | b"thead" | b"tbody" | b"tfoot" | b"option" | b"title" | b"body" | b"head" | b"main" | b"aside" | b"nav"
            | b"address" | b"details" | b"summary" => {
                self.separate('\n', at);
            }
            _ => {}
        }
    }

    pub(super) fn table_opens(&mut self) {
        self.tables_seen += 1;
        self.tables.push(Table { number: self.tables_seen, ..Table::default() });
    }

    pub(super) fn table_closes(&mut self) {
        self.tables.pop();
    }

    pub(super) fn row_opens(&mut self, header: bool) {
        if let Some(table) = self.tables.last_mut() {
            table.column = 0;
            table.rows += 1;
            table.header_row = header;
        }
    }

    pub(super) fn cell_opens(&mut self, header: bool) {
        let at = self.visible.len();
        if let Some(table) = self.tables.last_mut() {
            table.cell_start = Some(at);
            // The first row is the header where no cell says so itself.
            table.header_row |= header || table.rows <= 1;
        }
    }

    pub(super) fn cell_closes(&mut self, at: usize) {
        let end = self.visible.len();
        let Some(table) = self.tables.last_mut() else { return };
        let Some(start) = table.cell_start.take() else { return };
        let column = table.column;
        table.column += 1;
        let header = if table.header_row {
            table.headers.truncate(column);
            table.headers.push(start..end);
            None
        } else {
            table.headers.get(column).cloned()
        };
        self.visible.cells.push(Cell { span: start..end, header, table: table.number, row: table.rows as u32 });
        if end == start || !self.visible.ends_with('\n') {
            self.visible.replace("\t", at, 0, false);
        }
    }

    pub(super) fn finish(mut self) -> Vec<Passage<'d>> {
        // Nested tables close inner cells first; look-up needs order of place.
        let mut cells = std::mem::take(&mut self.visible.cells);
        cells.sort_by_key(|c| (c.span.end, c.span.start));
        records::under_keys(&mut cells, self.visible.text());
        self.visible.cells = cells;
        let body = self.body;
        let mut passages = Vec::new();
        passages.extend(self.visible.passage(Field::Body, None, Role::Body, body));
        passages.extend(self.hidden.passage(Field::Body, None, Role::Hidden, body));
        passages.extend(self.alts.into_iter().filter_map(|t| t.passage(Field::Body, None, Role::BodyAlt, body)));
        passages.extend(self.addresses.into_iter().filter_map(|t| t.passage(Field::Body, None, Role::BodyUrl, body)));
        passages
    }
}

/// Takes over text, decoding character references.
fn decode(source: &str, base: usize, into: &mut PassageText) {
    let mut taken = 0;
    let mut from = 0;
    while let Some(found) = source.get(from..).and_then(|rest| memchr::memchr(b'&', rest.as_bytes())) {
        let start = from + found;
        from = start + 1;
        if let Some((decoded, len)) = source.get(start..).and_then(reference) {
            into.take(source.get(taken..start).unwrap_or_default(), base + taken);
            into.replace(&decoded, base + start, len, true);
            taken = start + len;
            from = taken;
        }
    }
    into.take(source.get(taken..).unwrap_or_default(), base + taken);
}

/// The character reference that `rest` starts with: what it stands for and its length in bytes.
fn reference(rest: &str) -> Option<(String, usize)> {
    let name = rest.bytes().skip(1).take(REFERENCE_BYTES_MAX).take_while(|b| b.is_ascii_alphanumeric() || *b == b'#').count();
    if name == 0 {
        return None;
    }
    let closed = rest.as_bytes().get(1 + name) == Some(&b';');
    let whole = rest.get(..1 + name + usize::from(closed))?;
    let mut decoded = String::new();
    let emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| {
        if let CallbackEvent::String { value } = event {
            decoded.push_str(&String::from_utf8_lossy(value));
        }
        None::<()>
    });
    for token in Tokenizer::new_with_emitter(whole, emitter) {
        let _: Result<(), std::convert::Infallible> = token;
    }
    // An old reference without semicolon may stand for a part of the run only: `&ampfoo`.
    let kept = whole.bytes().rev().zip(decoded.bytes().rev()).take_while(|(a, b)| a == b && a.is_ascii()).count();
    let len = whole.len() - kept;
    decoded.truncate(decoded.len() - kept);
    (len > 0 && !decoded.is_empty()).then_some((decoded, len))
}

/// Where the addresses of a style stand: background-image:url('https://…').
fn addresses_of_style(style: &str) -> Vec<Range<usize>> {
    let mut addresses = Vec::new();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'(', style.as_bytes().get(at..).unwrap_or_default()).map(|found| at + found) {
        at = open + 1;
        let Some(inside) = style.get(at..).filter(|_| style.get(..open).is_some_and(ends_with_url)) else { continue };
        let inside = inside.get(..inside.find(')').unwrap_or(inside.len())).unwrap_or_default();
        let url = without_quotes(inside);
        let start = at + inside.find(url).unwrap_or(0);
        if !url.is_empty() {
            addresses.push(start..start + url.len());
        }
        // What an address holds is no other one.
        at += inside.len();
    }
    addresses
}

fn ends_with_url(before: &str) -> bool {
    before.as_bytes().last_chunk::<3>().is_some_and(|word| word.eq_ignore_ascii_case(b"url"))
}

/// Without quotes around it, which an attribute may hold as references.
fn without_quotes(text: &str) -> &str {
    const QUOTES: [&str; 6] = ["'", "\"", "&quot;", "&#34;", "&#39;", "&apos;"];
    let text = text.trim();
    let opened = QUOTES.iter().find_map(|quote| text.strip_prefix(quote)).unwrap_or(text);
    QUOTES.iter().find_map(|quote| opened.strip_suffix(quote)).unwrap_or(opened).trim()
}

struct Style {
    hidden: bool,
    background: Option<Colour>,
    colour: Option<Colour>,
}

impl Style {
    fn read(style: &str) -> Self {
        let mut read = Self { hidden: false, background: None, colour: None };
        let style: String = style.to_ascii_lowercase();
        for declaration in style.split(';') {
            let Some((property, value)) = declaration.split_once(':') else { continue };
            let value = value.replace("!important", "");
            let (property, value) = (property.trim(), value.trim());
            let size = || value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%').trim().parse::<f32>().ok();
            match property {
                "display" => read.hidden |= value == "none",
                "visibility" => read.hidden |= matches!(value, "hidden" | "collapse"),
                "opacity" => read.hidden |= size().is_some_and(|s| s < 0.05),
                "font-size" => read.hidden |= size().is_some_and(|s| s < 1.0 && !value.ends_with("em") || s < 0.05),
                "width" | "height" | "max-height" | "max-width" | "line-height" => read.hidden |= size().is_some_and(|s| s == 0.0),
                "text-indent" | "left" | "top" | "margin-left" => read.hidden |= size().is_some_and(|s| s <= -999.0),
                "color" => read.colour = Some(read_colour(value)),
                "background" | "background-color" => read.background = Some(read_colour(value)),
                "background-image" if value != "none" => read.background = Some(Colour::Other),
                _ => {}
            }
        }
        read
    }
}

fn read_colour(value: &str) -> Colour {
    let value: String = value.trim().to_ascii_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    match value.as_str() {
        "white"
        | "#fff"
        | "#ffffff"
        | "#fffffe"
        | "#fefefe"
        | "#ffff"
        | "#ffffffff"
        | "snow"
        | "rgb(255,255,255)"
        | "rgba(255,255,255,1)" => Colour::White,
        "transparent" | "#0000" | "#00000000" | "#fff0" | "#ffffff00" => Colour::Clear,
        _ if value.starts_with("rgba(") && (value.ends_with(",0)") || value.ends_with(",0.0)")) => Colour::Clear,
        _ => Colour::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &str, role: Role) -> Vec<String> {
        passages(body).into_iter().filter(|p| p.role == role).map(|p| p.text.into_owned()).collect()
    }

    #[test]
    fn addresses_of_a_style_are_found() {
        let addresses = |style: &str| addresses_of_style(style).into_iter().map(|url| style[url].to_owned()).collect::<Vec<_>>();
        assert_eq!(addresses("color:red;background:#fff URL( 'https://a.cn/1' ) no-repeat, url(b.png)"), ["https://a.cn/1", "b.png"]);
        assert_eq!(addresses("background:url(&quot;//a.cn/1&quot;)"), ["//a.cn/1"]);
        assert_eq!(addresses("width:calc(1px);background:url(https://a.cn/1"), ["https://a.cn/1"]);
        assert!(addresses("background:url('');color:rgb(0,0,0)").is_empty());
    }

    #[test]
    fn every_character_of_the_text_leads_back_to_its_markup() {
        let body = "<p title='标&amp;题'>各单&nbsp;位<b>赌</b>&#x535a;&ampx</p><!-- 隐藏 -->";
        for passage in passages(body) {
            for (at, c) in passage.text.char_indices() {
                let place = passage.locate(at..at + c.len_utf8());
                let source = body.get(place.clone()).unwrap_or_else(|| panic!("{place:?} off boundary"));
                assert!(source.is_empty() || source.starts_with('&') || source.starts_with(c), "{c:?} from {source:?}");
            }
        }
        assert_eq!(shown(body, Role::Body), ["各单\u{a0}位赌博&x\n"]);
        assert_eq!(shown(body, Role::BodyAlt), ["标&题"]);
        assert_eq!(shown(body, Role::Hidden), [" 隐藏 "].map(|s| format!("<!--{s}-->")));
    }

    #[test]
    fn hidden_text_is_extracted_and_marked() {
        for hidden in [
            "<div style='display:none'>赌博</div>",
            "<span style=\"font-size:0\">赌博</span>",
            "<span style=\"color:#FFF\">赌博</span>",
            "<font color=white>赌博</font>",
            "<div hidden><p>赌博</p></div>",
            "<div style='visibility: hidden !important'>赌博</div>",
            "<p style='color: rgba(0,0,0,0)'>赌博</p>",
            "<input type=hidden value='赌博'>",
            "<script>var a='赌博'</script>",
            "<div style='position:absolute;left:-9999px'>赌博</div>",
            "<a href='x' data-x='赌博",
        ] {
            assert!(shown(hidden, Role::Hidden).concat().contains("赌博"), "{hidden}");
            assert!(!shown(hidden, Role::Body).concat().contains("赌博"), "{hidden}");
        }
        let header = "<div style='background:#c00;color:#fff'>标题<b>栏</b></div>";
        assert_eq!(shown(header, Role::Body), ["标题栏\n"]);
    }

    #[test]
    fn a_cell_knows_its_column() {
        let body = "<table><tr><th>户主</th><th>身份证号</th></tr><tr><td>向某</td><td>123</td></tr></table>";
        let page = passages(body);
        let text = &page[0].text;
        let at = text.find("123").expect("cell");
        let header = page[0].cell(at).and_then(|c| c.header.clone()).expect("header");
        assert_eq!(text.get(header), Some("身份证号"));
    }

    #[test]
    fn unclosed_and_deep_markup_is_linear() {
        let body = format!("{}赌博{}", "<b>".repeat(200_000), "</i></b>".repeat(200_000));
        assert!(shown(&body, Role::Body).concat().contains("赌博"));
    }
}
