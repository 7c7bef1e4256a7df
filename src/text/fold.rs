//! Folding: width, case, traditional → simplified, digit styles, look-alike letters; invisible and combining characters
//! drop out. One table, one pass; every folded character remembers where it came from.
//! Must not know terms or detectors. Terms of dictionaries go through the same function.

use super::vector::{Avx2, Columns, ENTRIES_BYTES_MIN, Plane};
use crate::model::Transform;
use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization;

/// What kind of character a folded character is; a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Class(pub u8);

impl Class {
    pub const HAN: u8 = 1;
    pub const DIGIT: u8 = 2;
    pub const LETTER: u8 = 4;
    /// Blank, but not a line end.
    pub const BLANK: u8 = 8;
    /// May stand between the characters of a disguised word: blanks, `*`, `★`, emoji …
    pub const SKIP: u8 = 16;
    /// Ends a sentence: 。！？；, line end.
    pub const END: u8 = 32;
    /// Han numeral 零〇一二…九幺壹…玖.
    pub const NUMERAL: u8 = 64;
    /// Other punctuation.
    pub const PUNCTUATION: u8 = 128;

    pub fn is(self, bits: u8) -> bool {
        self.0 & bits != 0
    }

    /// What words are made of.
    pub const WORD: u8 = Self::HAN | Self::DIGIT | Self::LETTER;

    pub fn is_word(self) -> bool {
        self.is(Self::WORD)
    }
}

/// Folded text with the way back. All offsets into it are indices of folded characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    pub chars: Vec<char>,
    /// Bits of [`Class`], one byte a character.
    pub classes: Vec<u8>,
    /// Byte offset in the passage's text of the character that each folded one came from.
    pub at: Vec<u32>,
    /// Classes of which some character is.
    pub all: Class,
    /// Some character became nothing.
    pub has_dropped: bool,
}

impl Folded {
    pub fn len(&self) -> usize {
        self.chars.len()
    }

    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// Class at `index`; punctuation beyond either end.
    pub fn class(&self, index: usize) -> Class {
        Class(self.classes.get(index).copied().unwrap_or(Class::END))
    }

    /// The folded characters of a range as text.
    pub fn text(&self, start: usize, end: usize) -> String {
        text_of(self.chars.get(start..end.min(self.chars.len())).unwrap_or_default())
    }

    /// Bytes in the passage's text that folded characters `start..end` came from.
    pub fn bytes(&self, text: &str, start: usize, end: usize) -> std::ops::Range<usize> {
        let Some(&first) = self.at.get(start) else { return text.len()..text.len() };
        let last = self.at.get(end.saturating_sub(1)).copied().unwrap_or(first).max(first) as usize;
        let width = text.get(last..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        first as usize..last + width
    }

    /// The folded character that byte `byte` of the passage's text became, or the next one after it.
    pub fn index_of_byte(&self, byte: usize) -> usize {
        self.at.partition_point(|&at| (at as usize) < byte)
    }

    fn clear(&mut self) {
        self.chars.clear();
        self.classes.clear();
        self.at.clear();
        self.all = Class::default();
        self.has_dropped = false;
    }
}

/// Folded characters as text. Most take three bytes each, so the memory is taken at once.
pub fn text_of(chars: &[char]) -> String {
    let mut text = String::with_capacity(3 * chars.len());
    text.extend(chars);
    text
}

/// The folding table; built once for a ruleset.
pub struct FoldTable {
    /// What most scalars of the basic plane fold to, with the class of that. In the fastest memory little else has room.
    plane: Plane,
    /// The few of the plane that fold to a character beyond it.
    beyond: HashMap<char, char>,
    /// Which transform a changed character stands for.
    changed: HashMap<char, Transform>,
    avx2: Option<Avx2>,
}

impl FoldTable {
    /// `traditional`: pairs (traditional, simplified); `lookalikes`: pairs (character, what it looks like).
    pub fn new(traditional: &[(char, char)], lookalikes: &[(char, char)]) -> Self {
        let simplified: HashMap<char, char> = traditional.iter().copied().collect();
        let looks: HashMap<char, char> = lookalikes.iter().copied().collect();
        let (mut beyond, mut changed) = (HashMap::new(), HashMap::new());
        let plane = Plane::new(|c| {
            let Some((to, transform)) = to_fixed_point(c, |c| fold_char(c, &simplified, &looks)) else {
                changed.insert(c, dropped_transform(c));
                return None;
            };
            changed.extend(transform.map(|transform| (c, transform)));
            if to > '\u{ffff}' {
                beyond.insert(c, to);
                return None;
            }
            Some((to, class_of(to).0))
        });
        Self { plane, beyond, changed, avx2: Avx2::detect() }
    }

    /// Folds `text` into `into`, which is emptied first.
    pub fn fold_into(&self, text: &str, into: &mut Folded) {
        into.clear();
        into.chars.reserve(text.len() / 3);
        into.classes.reserve(text.len() / 3);
        into.at.reserve(text.len() / 3);
        let mut byte = 0;
        while byte < text.len() {
            if let Some(avx2) = self.avx2 {
                let mut columns = Columns { chars: &mut into.chars, classes: &mut into.classes, at: &mut into.at };
                byte = avx2.entries(&self.plane, text, byte, &mut columns);
            }
            byte = self.fold_some(text, byte, into);
        }
        into.all = Class(into.classes.iter().fold(0, |all, class| all | class));
    }

    /// Folds character by character from byte `from` on, up to where [`Avx2::entries`] may go on; the byte where that is.
    fn fold_some(&self, text: &str, from: usize, into: &mut Folded) -> usize {
        let bytes = text.as_bytes();
        let last = if self.avx2.is_some() { bytes.len().saturating_sub(ENTRIES_BYTES_MIN) } else { 0 };
        for (step, c) in text.get(from..).unwrap_or_default().char_indices() {
            let at = from + step;
            if let Some((to, class)) = self.plane.entry(c).or_else(|| self.fold_beyond(c)) {
                into.chars.push(to);
                into.classes.push(class);
                into.at.push(at as u32);
            } else {
                into.has_dropped = true;
            }
            let next = at + c.len_utf8();
            if next < last && bytes.get(next).is_some_and(|&byte| leads_three(byte)) {
                return next;
            }
        }
        text.len()
    }

    /// A character beyond the basic plane, one that folds to such a character, or one that is dropped.
    fn fold_beyond(&self, c: char) -> Option<(char, u8)> {
        let known = |c: char| self.plane.entry(c).or_else(|| self.beyond.get(&c).map(|&to| (to, class_of(to).0)));
        if (c as u32) < 0x1_0000 {
            return known(c);
        }
        let (to, _) = fold_astral(c)?;
        if (to as u32) < 0x1_0000 { known(to) } else { Some((to, class_of(to).0)) }
    }

    pub fn fold(&self, text: &str) -> Folded {
        let mut folded = Folded::default();
        self.fold_into(text, &mut folded);
        folded
    }

    /// The folded characters alone, as for a term.
    pub fn fold_term(&self, term: &str) -> Vec<char> {
        self.fold(term).chars
    }

    /// What folding did to `c`, if anything.
    pub fn transform(&self, c: char) -> Option<Transform> {
        if (c as u32) < 0x1_0000 {
            // Nearly every character stays as it is.
            let stays = self.plane.entry(c).is_some_and(|(to, _)| to == c);
            if stays { None } else { self.changed.get(&c).copied() }
        } else {
            match fold_astral(c) {
                None => Some(dropped_transform(c)),
                Some((_, transform)) => transform,
            }
        }
    }
}

/// Whether a byte is the first of a character of three bytes: 1110xxxx.
fn leads_three(byte: u8) -> bool {
    byte & 0xf0 == 0xe0
}

/// Folds until nothing changes any more, so that folding twice is folding once; the first change names the transform.
fn to_fixed_point(c: char, step: impl Fn(char) -> Option<(char, Option<Transform>)>) -> Option<(char, Option<Transform>)> {
    let (mut to, transform) = step(c)?;
    for _ in 0..4 {
        let (next, _) = step(to)?;
        if next == to {
            break;
        }
        to = next;
    }
    Some((to, transform))
}

/// `None`: dropped. Otherwise the folded character and what was done.
fn fold_char(c: char, simplified: &HashMap<char, char>, looks: &HashMap<char, char>) -> Option<(char, Option<Transform>)> {
    if is_dropped(c) {
        return None;
    }
    if c.is_ascii() {
        let lower = c.to_ascii_lowercase();
        return Some((lower, (lower != c).then_some(Transform::Case)));
    }
    if let Some(digit) = styled_digit(c) {
        let transform = if ('０'..='９').contains(&c) { Transform::Width } else { Transform::Digit };
        return Some((digit, Some(transform)));
    }
    if let Some(&to) = looks.get(&c) {
        return Some((to, Some(Transform::Lookalike)));
    }
    if let Some(&to) = simplified.get(&c) {
        return Some((to, Some(Transform::Traditional)));
    }
    if let Some(letter) = circled_letter(c) {
        return Some((letter, Some(Transform::Lookalike)));
    }
    // Compatibility forms: full width, small forms, compatibility ideographs, radicals.
    let mut compatible = c.nfkc();
    if let (Some(to), None) = (compatible.next(), compatible.next())
        && to != c
    {
        let (to, _) = if to.is_ascii() { (to.to_ascii_lowercase(), ()) } else { (simplified.get(&to).copied().unwrap_or(to), ()) };
        let transform = match c {
            '\u{ff00}'..='\u{ffef}' | '\u{fe50}'..='\u{fe6f}' | '\u{3000}' | '\u{a0}' => Transform::Width,
            _ => Transform::Lookalike,
        };
        return Some((to, Some(transform)));
    }
    // Letters with marks: é, ā …
    let mut parts = std::iter::once(c).nfd();
    if let Some(base) = parts.next()
        && base.is_ascii_alphabetic()
    {
        return Some((base.to_ascii_lowercase(), Some(Transform::Combining)));
    }
    Some((c, None))
}

fn fold_astral(c: char) -> Option<(char, Option<Transform>)> {
    if is_dropped(c) {
        return None;
    }
    if let Some(letter) = circled_letter(c) {
        return Some((letter, Some(Transform::Lookalike)));
    }
    let mut compatible = c.nfkc();
    if let (Some(to), None) = (compatible.next(), compatible.next())
        && to != c
    {
        let transform = if to.is_ascii_digit() { Transform::Digit } else { Transform::Lookalike };
        return Some((to.to_ascii_lowercase(), Some(transform)));
    }
    Some((c, None))
}

/// Invisible, control and combining characters: they never separate the characters of a word.
fn is_dropped(c: char) -> bool {
    matches!(c as u32,
        0x00..=0x08 | 0x0b..=0x0c | 0x0e..=0x1f | 0x7f..=0x84 | 0x86..=0x9f
        | 0xad | 0x034f | 0x061c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfeff | 0xffa0 | 0xfff9..=0xfffb
        | 0x0300..=0x036f | 0x0483..=0x0489 | 0x0591..=0x05bd | 0x064b..=0x065f | 0x0e47..=0x0e4e
        | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0x302a..=0x302f | 0x3099..=0x309a | 0xfe20..=0xfe2f
        | 0xfe00..=0xfe0f | 0xe0000..=0xe0fff)
}

fn dropped_transform(c: char) -> Transform {
    match c as u32 {
        0x0300..=0x036f
        | 0x0483..=0x0489
        | 0x0591..=0x05bd
        | 0x064b..=0x065f
        | 0x0e47..=0x0e4e
        | 0x1ab0..=0x1aff
        | 0x1dc0..=0x1dff
        | 0x20d0..=0x20ff
        | 0x302a..=0x302f
        | 0x3099..=0x309a
        | 0xfe20..=0xfe2f => Transform::Combining,
        _ => Transform::Invisible,
    }
}

/// Digits in any style that stand for one digit: ① ⑴ ⒈ ❶ ➀ ² ₂ ２ ٢ … (not Han numerals, which are words).
fn styled_digit(c: char) -> Option<char> {
    let code = c as u32;
    let digit = match code {
        0x2460..=0x2468 => code - 0x2460 + 1,
        0x2474..=0x247c => code - 0x2474 + 1,
        0x2488..=0x2490 => code - 0x2488 + 1,
        0x24f5..=0x24fd => code - 0x24f5 + 1,
        0x2776..=0x277e => code - 0x2776 + 1,
        0x2780..=0x2788 => code - 0x2780 + 1,
        0x278a..=0x2792 => code - 0x278a + 1,
        0x24ea | 0x24ff => 0,
        0x0660..=0x0669 => code - 0x0660,
        0x06f0..=0x06f9 => code - 0x06f0,
        0x0966..=0x096f => code - 0x0966,
        0x0e50..=0x0e59 => code - 0x0e50,
        _ => {
            let mut compatible = c.nfkc();
            return match (compatible.next(), compatible.next()) {
                (Some(to), None) if to.is_ascii_digit() && !c.is_ascii() => Some(to),
                _ => None,
            };
        }
    };
    char::from_digit(digit, 10)
}

/// Letters in circles, squares and brackets: ⓐ ⒜ 🄰 🅐 🅰.
fn circled_letter(c: char) -> Option<char> {
    let code = c as u32;
    let index = match code {
        0x249c..=0x24b5 => code - 0x249c,
        0x24b6..=0x24cf => code - 0x24b6,
        0x24d0..=0x24e9 => code - 0x24d0,
        0x1f110..=0x1f129 => code - 0x1f110,
        0x1f130..=0x1f149 => code - 0x1f130,
        0x1f150..=0x1f169 => code - 0x1f150,
        0x1f170..=0x1f189 => code - 0x1f170,
        _ => return None,
    };
    char::from_u32('a' as u32 + index)
}

/// Class of a folded character.
pub fn class_of(c: char) -> Class {
    let code = c as u32;
    Class(match c {
        '0'..='9' => Class::DIGIT,
        'a'..='z' | 'A'..='Z' => Class::LETTER,
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Class::END,
        ' ' | '\t' | '\u{3000}' => Class::BLANK | Class::SKIP,
        '。' | '！' | '？' | '；' | '!' | '?' | ';' => Class::END | Class::PUNCTUATION,
        '零' | '〇' | '一' | '二' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '幺' | '壹' | '贰' | '叁' | '肆' | '伍' | '陆'
        | '柒' | '捌' | '玖' => Class::HAN | Class::NUMERAL,
        ',' | '，' | '、' | '：' | ':' | '“' | '”' | '‘' | '’' | '"' | '\'' | '《' | '》' | '〈' | '〉' | '〔' | '〕' | '…' | '%' => {
            Class::PUNCTUATION
        }
        '(' | ')' | '（' | '）' | '[' | ']' | '【' | '】' | '「' | '」' | '『' | '』' | '{' | '}' | '<' | '>' => Class::PUNCTUATION,
        '@' | '&' => Class::PUNCTUATION,
        _ if c.is_ascii_punctuation() => Class::PUNCTUATION | Class::SKIP,
        _ if is_han(code) => Class::HAN,
        _ if matches!(code, 0x2010..=0x2027 | 0x2030..=0x205e | 0x2190..=0x2bff | 0x3000..=0x303f | 0x00a1..=0x00bf | 0x00d7 | 0x00f7 | 0x30fb | 0x1f000..=0x1fbff | 0xe000..=0xf8ff) => {
            Class::PUNCTUATION | Class::SKIP
        }
        _ if c.is_alphanumeric() => Class::LETTER,
        _ => Class::PUNCTUATION | Class::SKIP,
    })
}

/// Unified ideographs of all planes.
pub fn is_han(code: u32) -> bool {
    matches!(code, 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff) || code == 0x3007
}

/// The digit a folded character stands for in a number: ASCII digits and Han numerals.
pub fn digit_value(c: char) -> Option<u8> {
    Some(match c {
        '0'..='9' => c as u8 - b'0',
        '零' | '〇' => 0,
        '一' | '壹' | '幺' => 1,
        '二' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    fn new_table() -> FoldTable {
        FoldTable::new(&[('賭', '赌'), ('時', '时')], &[('а', 'a'), ('➕', '+'), ('亾', '𠆤')])
    }

    static TABLE: LazyLock<FoldTable> = LazyLock::new(new_table);
    static PORTABLE: LazyLock<FoldTable> = LazyLock::new(|| FoldTable { avx2: None, ..new_table() });

    proptest! {
        #[test]
        fn folding_is_the_same_on_every_machine(pieces in prop::collection::vec(prop_oneof![
            any::<String>(),
            "[\\p{Han}]{1,20}",
            prop::sample::select(&["賭博", "时", "亾", "𠀋", "\u{200b}", "é", "а", "①", "😀", "ＡＢ", "x1 ", "，", "\n"][..]).prop_map(str::to_owned),
        ], 0..30)) {
            let text = pieces.concat();
            let folded = TABLE.fold(&text);
            prop_assert_eq!(&folded, &PORTABLE.fold(&text));
            // What each character becomes does not depend on its neighbours.
            let mut one_by_one = String::new();
            for c in text.chars() {
                one_by_one.extend(PORTABLE.fold(c.encode_utf8(&mut [0; 4])).chars);
            }
            prop_assert_eq!(folded.chars.iter().collect::<String>(), one_by_one);
        }
    }

    #[test]
    fn every_disguise_of_the_basic_fold_is_undone() {
        for (written, folded) in [
            ("ＡＢＣ１２３", "abc123"),
            ("賭博", "赌博"),
            ("赌\u{200b}博\u{feff}", "赌博"),
            ("赌\u{301}博", "赌博"),
            ("①②⑨⓪", "1290"),
            ("6\u{fe0f}\u{20e3}2\u{fe0f}\u{20e3}", "62"),
            ("𝟏𝟐𝟑𝐀𝓑", "123ab"),
            ("ⓐⓑ🅰", "aba"),
            ("аbc", "abc"),
            ("café", "cafe"),
            ("\u{202e}文\u{2066}字", "文字"),
            ("⼈⺠", "人⺠"),
            ("\u{f9e4}", "理"),
        ] {
            assert_eq!(TABLE.fold(written).chars.iter().collect::<String>(), folded, "{written}");
        }
    }

    #[test]
    fn a_folded_range_leads_back_to_the_submitted_bytes() {
        let text = "a\u{200b}賭\u{301}博b";
        let folded = TABLE.fold(text);
        let range = folded.bytes(text, 1, 3);
        assert_eq!(text.get(range), Some("賭\u{301}博"));
    }

    #[test]
    fn folding_twice_is_folding_once() {
        for code in (0..0x3_0000u32).filter_map(char::from_u32) {
            let once: String = TABLE.fold(&code.to_string()).chars.iter().collect();
            let twice: String = TABLE.fold(&once).chars.iter().collect();
            assert_eq!(once, twice, "U+{:04X}", code as u32);
        }
    }
}
