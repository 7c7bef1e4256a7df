//! The sentence around a hit, as it may be shown: masked, neutralised, cut to the width of the terminal.
//! Must not know colours, nor why there is a hit.

use super::terminal::{Cell, cells, columns_of};
use crate::model::{Draft, Field, Format, Verdict};
use crate::place;
use std::collections::HashMap;
use std::ops::Range;

/// Longest run of `<…>` that is taken for a tag.
const TAG_CHARS_MAX: usize = 2_000;

/// A hit takes at most this share of the line, its middle is left out otherwise.
const HIT_SHARE: (usize, usize) = (3, 4);

/// A sentence in three parts, ready to print.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    pub before: String,
    pub hit: String,
    pub after: String,
}

/// The strings of a draft as they may be shown: whatever a masked finding marks is masked in all of them.
pub struct Shown<'a> {
    draft: &'a Draft,
    strings: HashMap<(Field, Option<&'a str>), Vec<char>>,
}

/// Codes whose `text` is masked by contract.
pub fn is_masked(code: &str) -> bool {
    code.starts_with("PII.") || code == "SEC.CREDENTIAL"
}

impl<'a> Shown<'a> {
    pub fn new(draft: &'a Draft, verdict: &'a Verdict) -> Self {
        let findings = verdict.findings.iter().map(|f| (f.field, f.path.as_deref(), f.start..f.end, &*f.text, &*f.code));
        let suppressed = verdict.suppressed.iter().map(|s| (s.field, s.path.as_deref(), s.start..s.end, &*s.text, &*s.code));
        let mut strings: HashMap<_, Vec<char>> = HashMap::new();
        let mut masks = Vec::new();
        for (field, path, range, text, code) in findings.chain(suppressed) {
            strings
                .entry((field, path))
                .or_insert_with(|| place::string(draft, field, path).map(|text| text.chars().collect()).unwrap_or_default());
            if is_masked(code) {
                masks.push((field, path, range, text));
            }
        }
        for (field, path, range, text) in masks {
            if let Some(slice) = strings.get_mut(&(field, path)).and_then(|chars| chars.get_mut(range)) {
                mask(slice, text);
            }
        }
        Self { draft, strings }
    }

    /// Line and column of a scalar, both counted from 1.
    pub fn line_and_column(&self, field: Field, path: Option<&'a str>, start: usize) -> (usize, usize) {
        let chars = self.strings.get(&(field, path)).map(Vec::as_slice).unwrap_or_default();
        let before = chars.get(..start).unwrap_or(chars);
        let lines = before.iter().filter(|&&c| c == '\n').count();
        let column = before.iter().rev().take_while(|&&c| c != '\n').count();
        (lines + 1, column + 1)
    }

    /// The title, masked.
    pub fn title(&self) -> String {
        let masked = self.strings.get(&(Field::Title, None)).map(|chars| chars.iter().collect());
        masked.unwrap_or_else(|| self.draft.title.clone())
    }

    /// The marked characters themselves, masked.
    pub fn hit(&self, field: Field, path: Option<&'a str>, range: Range<usize>) -> String {
        self.strings.get(&(field, path)).and_then(|chars| chars.get(range)).unwrap_or_default().iter().collect()
    }

    /// The sentence around a hit, at most `columns` wide with the marks around the hit counted as `marks` columns.
    pub fn excerpt(&self, field: Field, path: Option<&'a str>, range: Range<usize>, columns: usize, marks: usize) -> Excerpt {
        let Some(chars) = self.strings.get(&(field, path)) else { return Excerpt::default() };
        let Some(hit) = chars.get(range.clone()) else { return Excerpt::default() };
        let columns = columns.saturating_sub(marks);
        // Enough characters to fill the line, and no more: a sentence may have a million.
        let reach = columns + TAG_CHARS_MAX;
        let markup = self.draft.format != Format::Text && field == Field::Body;
        let (before_whole, after_whole) = (chars.get(..range.start).unwrap_or_default(), chars.get(range.end..).unwrap_or_default());
        let before = context(before_whole, reach, markup, Side::Before);
        let after = context(after_whole, reach, markup, Side::After);
        let hit = middle_out(&cells(limited(hit, columns)), columns * HIT_SHARE.0 / HIT_SHARE.1);
        let rest = columns.saturating_sub(columns_of(&hit));
        let (before, after) = (cells(before), cells(after));
        let (wide_before, wide_after) = (width(&before), width(&after));
        // Half of the rest to each side; what one side leaves goes to the other.
        let to_before = (rest / 2).max(rest.saturating_sub(wide_after)).min(wide_before);
        let to_after = rest.saturating_sub(to_before).min(wide_after);
        Excerpt { before: keep_end(&before, to_before), hit, after: keep_start(&after, to_after) }
    }
}

/// Lays a masked text over the characters it stands for; where its length differs everything is hidden.
fn mask(slice: &mut [char], masked: &str) {
    let same_length = masked.chars().count() == slice.len();
    let cover = masked.chars().map(Some).chain(std::iter::repeat(None));
    for (c, cover) in slice.iter_mut().zip(cover) {
        match cover {
            // Masked by an earlier finding: a second one never uncovers it.
            _ if *c == '*' => {}
            Some(cover) if same_length => *c = cover,
            _ => *c = '*',
        }
    }
}

/// The first and last characters of a hit that is far too long to be shown.
fn limited(hit: &[char], columns: usize) -> Vec<char> {
    let keep = columns * 2;
    match (hit.get(..keep), hit.get(hit.len().saturating_sub(keep)..)) {
        (Some(head), Some(tail)) if hit.len() > keep * 2 => [head, tail].concat(),
        _ => hit.to_vec(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// The characters of the sentence on one side of a hit, in reading order. Tags are left out; those that begin or end a
/// block end the sentence.
fn context(chars: &[char], reach: usize, markup: bool, side: Side) -> Vec<char> {
    let mut kept = Vec::new();
    let mut rest = chars;
    while kept.len() < reach {
        let step = match side {
            Side::Before => rest.split_last(),
            Side::After => rest.split_first(),
        };
        let Some((&c, shorter)) = step else { break };
        if markup && let Some(tag) = tag(rest, side) {
            rest = match side {
                Side::Before => rest.get(..rest.len() - tag.len()).unwrap_or_default(),
                Side::After => rest.get(tag.len()..).unwrap_or_default(),
            };
            if is_block(tag) {
                break;
            }
            continue;
        }
        match (side, c) {
            (_, '\n') | (Side::Before, '。' | '！' | '？' | '；') => break,
            (Side::After, '。' | '！' | '？' | '；') => {
                kept.push(c);
                break;
            }
            _ => kept.push(c),
        }
        rest = shorter;
    }
    if side == Side::Before {
        kept.reverse();
    }
    let first = kept.iter().position(|c| !c.is_whitespace()).unwrap_or(kept.len());
    let last = kept.iter().rposition(|c| !c.is_whitespace()).map_or(0, |last| last + 1);
    match side {
        Side::Before => kept.get(first..).unwrap_or_default().to_vec(),
        Side::After => kept.get(..last).unwrap_or_default().to_vec(),
    }
}

/// A whole tag at the near end of `chars`.
fn tag(chars: &[char], side: Side) -> Option<&[char]> {
    let tag = match side {
        Side::Before => {
            let near = chars.get(chars.len().saturating_sub(TAG_CHARS_MAX)..)?;
            (near.last() == Some(&'>')).then_some(())?;
            near.get(near.iter().rposition(|&c| c == '<')?..)?
        }
        Side::After => {
            let near = chars.get(..TAG_CHARS_MAX).unwrap_or(chars);
            (near.first() == Some(&'<')).then_some(())?;
            near.get(..=near.iter().position(|&c| c == '>')?)?
        }
    };
    tag.get(1).is_some_and(|&c| c.is_ascii_alphabetic() || c == '/' || c == '!').then_some(tag)
}

/// Tags that stand inside a sentence; every other one ends it.
const INLINE: [&str; 18] =
    ["a", "abbr", "b", "code", "del", "em", "font", "i", "img", "ins", "mark", "s", "small", "span", "strong", "sub", "sup", "u"];

fn is_block(tag: &[char]) -> bool {
    let name: String =
        tag.iter().skip(1).skip_while(|&&c| c == '/').take_while(|c| c.is_ascii_alphanumeric()).map(char::to_ascii_lowercase).collect();
    // A comment has no name and is no boundary: it is a favourite place to cut a word in two.
    !name.is_empty() && !INLINE.contains(&&*name)
}

fn width(cells: &[Cell]) -> usize {
    cells.iter().map(|cell| cell.columns).sum()
}

fn text(cells: &[Cell]) -> String {
    cells.iter().map(|cell| &*cell.text).collect()
}

fn keep_start(cells: &[Cell], columns: usize) -> String {
    if width(cells) <= columns {
        return text(cells);
    }
    let kept = fitting(cells.iter(), columns.saturating_sub(1));
    format!("{}…", text(cells.get(..kept).unwrap_or_default()))
}

fn keep_end(cells: &[Cell], columns: usize) -> String {
    if width(cells) <= columns {
        return text(cells);
    }
    let kept = fitting(cells.iter().rev(), columns.saturating_sub(1));
    format!("…{}", text(cells.get(cells.len() - kept..).unwrap_or_default()))
}

fn middle_out(cells: &[Cell], columns: usize) -> String {
    if width(cells) <= columns {
        return text(cells);
    }
    let head = fitting(cells.iter(), columns.saturating_sub(1) / 2);
    let tail = fitting(cells.iter().rev(), columns.saturating_sub(1) / 2);
    format!("{}…{}", text(cells.get(..head).unwrap_or_default()), text(cells.get(cells.len() - tail..).unwrap_or_default()))
}

/// How many of the cells fit.
fn fitting<'a>(cells: impl Iterator<Item = &'a Cell>, columns: usize) -> usize {
    let mut used = 0;
    cells
        .take_while(|cell| {
            used += cell.columns;
            used <= columns
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fixture;
    use crate::model::Finding;

    fn shown(draft: &Draft, verdict: &Verdict, columns: usize) -> Vec<String> {
        let shown = Shown::new(draft, verdict);
        verdict
            .findings
            .iter()
            .map(|f| {
                let excerpt = shown.excerpt(f.field, f.path.as_deref(), f.start..f.end, columns, 4);
                format!("{}【{}】{}", excerpt.before, excerpt.hit, excerpt.after)
            })
            .collect()
    }

    fn one(body: &str, format: Format, hit: &str, columns: usize) -> String {
        let draft = fixture::draft(body, format);
        let verdict = fixture::verdict(&draft, &[("AD.CONTACT", hit, hit)]);
        shown(&draft, &verdict, columns).remove(0)
    }

    #[test]
    fn the_sentence_is_shown_and_no_more() {
        let body = "第一句。第二句，加微信abc，马上来。第三句。\n第四句";
        assert_eq!(one(body, Format::Text, "加微信abc", 80), "第二句，【加微信abc】，马上来。");
        assert_eq!(one("加微信abc", Format::Text, "加微信abc", 80), "【加微信abc】");
        assert_eq!(one("上一行\n  加微信abc  \n下一行", Format::Text, "加微信abc", 80), "【加微信abc】");
    }

    #[test]
    fn a_long_sentence_is_cut_around_the_hit_to_the_width() {
        let long = "字".repeat(1_000);
        let cut = one(&format!("{long}加微信{long}"), Format::Text, "加微信", 40);
        assert_eq!(cut, format!("…{}【加微信】{}…", "字".repeat(7), "字".repeat(7)));
        assert!(columns_of(&cut) <= 40, "{cut}");
        let left = one(&format!("甲乙加微信{long}"), Format::Text, "加微信", 40);
        assert_eq!(left, format!("甲乙【加微信】{}…", "字".repeat(12)));
        let right = one(&format!("{long}加微信丙。"), Format::Text, "加微信", 40);
        assert!(right.starts_with('…') && right.ends_with("【加微信】丙。") && columns_of(&right) <= 40, "{right}");
        let hit = "甲".repeat(500);
        let long_hit = one(&format!("前{hit}后"), Format::Text, &hit, 40);
        assert!(long_hit.contains("甲…甲") && columns_of(&long_hit) <= 40, "{long_hit}");
    }

    #[test]
    fn tags_around_the_hit_are_left_out_and_blocks_end_the_sentence() {
        let body = "<p style=\"a\">上段</p><p>请<b>加<!-- x -->微信</b>谈<span\n>价</span></p><div>下段</div>";
        assert_eq!(one(body, Format::Html, "加<!-- x -->微信", 80), "请【加<!-- x -->微信】谈价");
        assert_eq!(one("若 a<b 则加微信", Format::Html, "加微信", 80), "若 a<b 则【加微信】");
        assert_eq!(one("<p>加微信</p>", Format::Text, "加微信", 80), "<p>【加微信】</p>");
        // Inside a tag: what stands there is what was submitted.
        assert_eq!(one("<img alt=\"加微信\">后", Format::Html, "加微信", 80), "<img alt=\"【加微信】\">后");
    }

    #[test]
    fn personal_data_stays_masked_in_every_sentence() {
        let body = "张三电话13800138000，加微信13800138000谈，卡6222020000000000000";
        let draft = fixture::draft(body, Format::Text);
        let masks = [
            ("PII.MOBILE", "13800138000", "138****8000"),
            ("AD.CONTACT", "加微信13800138000", "加微信13800138000"),
            // A mask of another length hides everything.
            ("PII.BANK_CARD", "6222020000000000000", "6222***"),
        ];
        let verdict = fixture::verdict(&draft, &masks);
        let mut verdict = verdict;
        let second = Finding { start: 19, end: 30, ..verdict.findings[0].clone() };
        verdict.findings.push(second);
        for sentence in shown(&draft, &verdict, 120) {
            assert!(!sentence.contains("13800138000") && !sentence.contains("62220"), "{sentence}");
        }
    }

    #[test]
    fn personal_data_stays_masked_in_the_title() {
        let mut draft = fixture::draft("正文", Format::Text);
        draft.title = "寻找13800138000的机主".into();
        let mut verdict = fixture::verdict(&draft, &[("PII.MOBILE", "正文", "138****8000")]);
        assert_eq!(Shown::new(&draft, &verdict).title(), draft.title, "nothing is marked there");
        verdict.findings[0] = Finding { field: Field::Title, start: 2, end: 13, ..verdict.findings[0].clone() };
        assert_eq!(Shown::new(&draft, &verdict).title(), "寻找138****8000的机主");
    }

    #[test]
    fn a_second_mask_never_uncovers_the_first() {
        let mut chars: Vec<char> = "13800138000".chars().collect();
        mask(&mut chars, "138****8000");
        mask(&mut chars[..4], "1380");
        assert_eq!(chars.iter().collect::<String>(), "138****8000");
    }

    #[test]
    fn hostile_characters_around_and_in_the_hit_are_signs() {
        let line = one("前\u{202e}\x1b[2J加\u{200b}微信\u{7}后", Format::Text, "加\u{200b}微信", 80);
        assert_eq!(line, "前⟨U+202E⟩␛[2J【加⟨U+200B⟩微信】␇后");
    }

    #[test]
    fn a_million_characters_cost_no_more_than_a_line() {
        let flood = format!("甲{}加微信{}", "\u{200b}".repeat(300_000), "\u{301}".repeat(300_000));
        let line = one(&flood, Format::Text, "加微信", 60);
        assert!(columns_of(&line) <= 60, "{line}");
    }

    #[test]
    fn a_finding_that_points_nowhere_shows_nothing() {
        let draft = fixture::draft("甲", Format::Text);
        let mut verdict = fixture::verdict(&draft, &[("AD.CONTACT", "甲", "甲")]);
        verdict.findings[0].end = 99;
        assert_eq!(shown(&draft, &verdict, 60), ["【】"]);
    }
}
