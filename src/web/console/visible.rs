//! Writes text of a draft into a page: escaped, and with every character that the eye cannot see made visible.
//! The only place where text becomes HTML. Must not know what the text is.

use askama::filters::HtmlSafe;
use std::fmt::{self, Display, Formatter, Write};
use unicode_normalization::char::is_combining_mark;

/// Most combining marks that one base character keeps; Tibetan stacks need five.
pub const COMBINING_MARKS_MAX: usize = 8;
/// Hidden characters that are explained one by one; later ones in the same piece are marked without an explanation.
pub const EXPLAINED_MAX: usize = 500;

/// Text of a draft, written as escaped text. Bidi controls, zero-width and control characters do not reach the page:
/// `⟦U+202E⟧` stands in their place, so that the reader sees what the machine saw and nothing reorders the line.
#[derive(Debug, Clone, Copy)]
pub struct Visible<'a>(pub &'a str);

impl HtmlSafe for Visible<'_> {}

impl Display for Visible<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.char_indices().peekable();
        let mut plain_from = 0;
        let (mut before, mut marks, mut explained) = (None, 0usize, 0usize);
        while let Some((at, c)) = chars.next() {
            let after = chars.peek().map(|&(_, c)| c);
            marks = if is_combining_mark(c) { marks + 1 } else { 0 };
            let shown = match c {
                '<' => Shown::As("&lt;"),
                '>' => Shown::As("&gt;"),
                '&' => Shown::As("&amp;"),
                '"' => Shown::As("&quot;"),
                '\'' => Shown::As("&#39;"),
                // An HTML parser reads CR LF as one line end; a lone CR would become one too, so it is marked.
                '\r' if after == Some('\n') => Shown::As(""),
                _ if marks > COMBINING_MARKS_MAX => Shown::Marker("组合符过多"),
                _ => match hidden(c, before, after) {
                    Some(name) => Shown::Marker(name),
                    None => Shown::Plain,
                },
            };
            before = Some(c);
            if matches!(shown, Shown::Plain) {
                continue;
            }
            out.write_str(self.0.get(plain_from..at).unwrap_or_default())?;
            plain_from = at + c.len_utf8();
            match shown {
                Shown::Plain => {}
                Shown::As(text) => out.write_str(text)?,
                Shown::Marker(name) => {
                    let mut times = 1usize;
                    while let Some((at, again)) = chars.next_if(|&(_, next)| next == c) {
                        times += 1;
                        plain_from = at + again.len_utf8();
                    }
                    explained += 1;
                    write_marker(out, c, name, times, explained <= EXPLAINED_MAX)?;
                }
            }
        }
        out.write_str(self.0.get(plain_from..).unwrap_or_default())
    }
}

enum Shown {
    Plain,
    As(&'static str),
    Marker(&'static str),
}

fn write_marker(out: &mut Formatter<'_>, c: char, name: &str, times: usize, explain: bool) -> fmt::Result {
    if explain {
        write!(out, "<i class=\"unseen\" title=\"{name}：看不见的字符，机审已计入\">")?;
    }
    write!(out, "⟦U+{:04X}", u32::from(c))?;
    if times > 1 {
        write!(out, "×{times}")?;
    }
    out.write_char('⟧')?;
    if explain { out.write_str("</i>") } else { Ok(()) }
}

/// The Chinese name of a character that cannot be seen or changes the order of its neighbours. Joiners and variation
/// selectors inside an emoji are ordinary writing.
fn hidden(c: char, before: Option<char>, after: Option<char>) -> Option<&'static str> {
    Some(match c {
        '\t' | '\n' => return None,
        '\u{fe0e}' | '\u{fe0f}' if before.is_some_and(takes_variation) => return None,
        '\u{200d}' if before.is_some_and(is_emoji) && after.is_some_and(is_emoji) => return None,
        '\u{ad}' => "软连字符",
        '\u{34f}' => "组合用连接符",
        '\u{61c}' => "阿拉伯字母标记",
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => "谚文填充符",
        '\u{17b4}' | '\u{17b5}' => "高棉文隐形元音",
        '\u{180b}'..='\u{180f}' => "蒙古文控制符",
        '\u{200b}' => "零宽空格",
        '\u{200c}' => "零宽不连字符",
        '\u{200d}' => "零宽连字符",
        '\u{200e}' => "从左至右标记",
        '\u{200f}' => "从右至左标记",
        '\u{2028}' => "行分隔符",
        '\u{2029}' => "段分隔符",
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "改变文字方向的控制符",
        '\u{2060}' => "词连接符",
        '\u{2061}'..='\u{2065}' | '\u{206a}'..='\u{206f}' => "不可见格式符",
        '\u{2800}' => "空白盲文",
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}' => "私用区字符",
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => "变体选择符",
        '\u{feff}' => "零宽不换行空格",
        '\u{fff9}'..='\u{fffb}' => "行间注释控制符",
        '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' => "不可见格式符",
        '\u{e0000}'..='\u{e0fff}' => "标签字符",
        _ if c.is_control() => "控制字符",
        _ if u32::from(c) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c) => "非字符",
        _ => return None,
    })
}

/// A character that is shown as a marker wherever it stands alone.
pub(super) fn is_hidden(c: char) -> bool {
    hidden(c, None, None).is_some()
}

fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{1f000}'..='\u{1faff}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}'
        | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}' | '\u{fe0f}')
}

fn takes_variation(c: char) -> bool {
    is_emoji(c) && c != '\u{fe0f}'
        || matches!(
            c,
            '0'..='9'
                | '#'
                | '*'
                | '©'
                | '®'
                | '\u{203c}'
                | '\u{2049}'
                | '\u{2122}'
                | '\u{2139}'
                | '\u{24c2}'
                | '\u{3030}'
                | '\u{303d}'
                | '\u{3297}'
                | '\u{3299}'
        )
}

/// Text for a page title or an attribute: one line, hidden characters replaced by `�`. Not escaped.
pub fn single_line(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            _ if is_hidden(c) => '\u{fffd}',
            _ => c,
        })
        .collect()
}

/// The same text with every letter, digit and symbol replaced, character for character, so that places stay places.
/// White space and punctuation remain and keep its shape readable.
pub fn masked(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() || is_punctuation(c) { c } else { '▇' }).collect()
}

fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation()
        || matches!(c,
            '·' | '«' | '»' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}'
            | '\u{3014}'..='\u{301f}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}')
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads the HTML of [`Visible`] back: no tags but its own, entities decoded, markers turned into characters.
    pub fn read_back(html: &str) -> String {
        let mut text = String::new();
        let mut rest = html;
        while let Some(open) = rest.find('<') {
            text.push_str(&rest[..open]);
            let close = rest[open..].find('>').expect("a tag ends") + open;
            rest = &rest[close + 1..];
        }
        text.push_str(rest);
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
        let mut out = String::new();
        let mut rest = &*text;
        while let Some(open) = rest.find("⟦U+") {
            out.push_str(&rest[..open]);
            let close = rest.find('⟧').expect("a marker ends");
            let inner = &rest[open + "⟦U+".len()..close];
            let (code, times) = inner.split_once('×').unwrap_or((inner, "1"));
            let c = char::from_u32(u32::from_str_radix(code, 16).expect("hex")).expect("a character");
            out.extend(std::iter::repeat_n(c, times.parse().expect("a number")));
            rest = &rest[close + '⟧'.len_utf8()..];
        }
        out + rest
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(Visible("<script>alert('1')</script>&\"").to_string(), "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;");
    }

    #[test]
    fn a_direction_override_is_named_and_removed() {
        let html = Visible("甲\u{202e}乙").to_string();
        assert!(html.contains("⟦U+202E⟧") && html.contains("title=\"改变文字方向的控制符"), "{html}");
        assert!(!html.contains('\u{202e}'));
    }

    #[test]
    fn a_run_of_one_hidden_character_is_one_marker() {
        let flood = "\u{200b}".repeat(1_000_000);
        let html = Visible(&flood).to_string();
        assert!(html.contains("⟦U+200B×1000000⟧"), "{}", html.len());
    }

    #[test]
    fn emoji_sequences_and_line_ends_are_ordinary_writing() {
        for text in ["👨\u{200d}👩\u{200d}👧", "❤\u{fe0f}", "1\u{fe0f}\u{20e3}", "🇨🇳", "甲\n乙\t丙\u{3000}丁", "བོད་སྐད"]
        {
            assert_eq!(Visible(text).to_string(), text);
        }
        assert_eq!(Visible("甲\r\n乙").to_string(), "甲\n乙");
    }

    #[test]
    fn marks_on_marks_are_cut_down_and_counted() {
        let html = Visible(&format!("a{}", "\u{301}".repeat(10_000))).to_string();
        assert!(html.contains("⟦U+0301×9992⟧"), "{html}");
    }

    #[test]
    fn a_flood_of_different_hidden_characters_stays_within_a_small_factor() {
        let flood = "甲\u{200b}".repeat(500_000);
        let html = Visible(&flood).to_string();
        assert!(html.len() < flood.len() * 4, "{} from {}", html.len(), flood.len());
    }

    #[test]
    fn a_mask_keeps_places_and_punctuation() {
        assert_eq!(masked("会议《纪要》第3条，密级：秘密★。\n"), "▇▇《▇▇》▇▇▇，▇▇：▇▇▇。\n");
        assert_eq!(masked("a😀\u{200b}1").chars().count(), 4);
    }

    proptest! {
        #[test]
        fn no_character_is_lost_and_none_can_hurt(text in "[a-z<>&'\"字，😀❤\u{0}\u{7}\u{85}\u{ad}\u{200b}\u{200d}\u{202e}\u{2066}\u{feff}\u{e000}\u{301}\u{fe0f}\n\t]{0,60}") {
            let html = Visible(&text).to_string();
            prop_assert_eq!(read_back(&html), text.clone());
            let bare = html.replace("<i class=\"unseen\" title=\"", "").replace("：看不见的字符，机审已计入\">", "").replace("</i>", "");
            prop_assert!(!bare.contains(['<', '>', '"', '\'', '\u{202e}', '\u{2066}', '\u{200b}', '\u{0}']), "{}", html);
        }

        #[test]
        fn a_mask_has_as_many_characters_as_its_text_and_no_letter_of_it(text in "\\PC{0,40}") {
            let mask = masked(&text);
            prop_assert_eq!(mask.chars().count(), text.chars().count());
            prop_assert!(!mask.chars().any(char::is_alphanumeric));
        }
    }
}
