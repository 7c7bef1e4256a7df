//! What may reach a terminal: neutralised characters, colours only where they are wanted, widths in columns.
//! Must not know drafts or verdicts.

use clap::ValueEnum;
use std::io::IsTerminal;
use unicode_width::UnicodeWidthChar;

/// Columns when the terminal does not tell.
pub const COLUMNS_DEFAULT: usize = 100;
const COLUMNS_MIN: usize = 40;
const COLUMNS_MAX: usize = 160;

/// Combining marks shown on one character; a flood of them is counted instead.
const MARKS_MAX: usize = 2;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb.
    #[default]
    Auto,
    Always,
    Never,
}

impl Colour {
    /// Whether standard output is to be coloured.
    pub fn is_on(self) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => std::io::stdout().is_terminal() && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
        }
    }
}

/// Columns of the terminal; `COLUMNS` and a plain default where there is none.
pub fn columns() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let seen = || console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    told.or_else(seen).unwrap_or(COLUMNS_DEFAULT).clamp(COLUMNS_MIN, COLUMNS_MAX)
}

/// How a piece of text looks on a terminal that has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Plain,
    Bold,
    Dim,
    Blue,
    Yellow,
    Magenta,
    Red,
    Green,
    /// Marks a hit.
    Mark,
}

impl Look {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Blue => "34",
            Self::Yellow => "33",
            Self::Magenta => "35",
            Self::Red => "1;31",
            Self::Green => "32",
            Self::Mark => "1;7",
        }
    }
}

/// Text with looks, or the same without.
#[derive(Debug, Clone, Copy)]
pub struct Painter {
    pub is_on: bool,
}

impl Painter {
    /// Appends `text`, which must be neutralised already.
    pub fn add(self, out: &mut String, look: Look, text: &str) {
        if self.is_on && look != Look::Plain && !text.is_empty() {
            out.push_str(&format!("\x1b[{}m{text}\x1b[0m", look.code()));
        } else {
            out.push_str(text);
        }
    }

    pub fn paint(self, look: Look, text: &str) -> String {
        let mut out = String::new();
        self.add(&mut out, look, text);
        out
    }
}

/// One thing that is shown, and the columns it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    pub columns: usize,
}

/// Characters as cells: control, bidi and invisible characters become visible signs, runs of one of them are counted,
/// combining marks stay with their character.
pub fn cells(chars: impl IntoIterator<Item = char>) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    let mut chars = chars.into_iter().peekable();
    let mut marks = 0;
    while let Some(c) = chars.next() {
        if is_invisible(c) {
            let mut run = 1;
            while chars.next_if_eq(&c).is_some() {
                run += 1;
            }
            cells.push(sign(c, run));
            marks = 0;
            continue;
        }
        match c {
            '\n' => cells.push(Cell { text: "↵".into(), columns: 1 }),
            '\t' => cells.push(Cell { text: " ".into(), columns: 1 }),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => cells.push(sign(c, 1)),
            _ => {
                let columns = c.width().unwrap_or(1);
                match cells.last_mut() {
                    Some(base) if columns == 0 && marks < MARKS_MAX => {
                        marks += 1;
                        base.text.push(c);
                        continue;
                    }
                    Some(_) if columns == 0 => {
                        let mut run = 1;
                        while chars.next_if(|next| next.width() == Some(0) && !is_invisible(*next)).is_some() {
                            run += 1;
                        }
                        let text = format!("⟨组合符×{run}⟩");
                        cells.push(Cell { columns: columns_of(&text), text });
                    }
                    _ => cells.push(Cell { text: c.into(), columns }),
                }
            }
        }
        marks = 0;
    }
    cells
}

fn sign(c: char, run: usize) -> Cell {
    let mut text = match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}').to_string(),
        '\x7f' => "␡".to_owned(),
        _ => format!("⟨U+{:04X}⟩", c as u32),
    };
    if run > 1 {
        text.push_str(&format!("×{run}"));
    }
    Cell { columns: columns_of(&text), text }
}

/// Characters that change what a terminal does or shows without being seen themselves.
fn is_invisible(c: char) -> bool {
    !matches!(c, '\n' | '\t' | '\r') && (c.is_control() || is_format(c))
}

/// Format characters (Cf), line and paragraph separators, fillers, tags and noncharacters.
fn is_format(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Text that may be printed: every character shown, none obeyed.
pub fn neutral(text: &str) -> String {
    cells(text.chars()).into_iter().map(|cell| cell.text).collect()
}

/// Columns that neutralised text takes.
pub fn columns_of(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// Neutralised text in lines of at most `columns`.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for cell in cells(text.chars()) {
        let is_first = used == 0;
        if !is_first && used + cell.columns > columns {
            lines.push(String::new());
            used = 0;
        }
        used += cell.columns;
        if let Some(line) = lines.last_mut() {
            line.push_str(&cell.text);
        }
    }
    lines
}

/// Neutralised text cut to `columns`, with `…` where something was cut.
pub fn clip(text: &str, columns: usize) -> String {
    let cells = cells(text.chars());
    if cells.iter().map(|cell| cell.columns).sum::<usize>() <= columns {
        return cells.into_iter().map(|cell| cell.text).collect();
    }
    let (mut out, mut used) = (String::new(), 0);
    for cell in cells {
        if used + cell.columns + 1 > columns {
            break;
        }
        used += cell.columns;
        out.push_str(&cell.text);
    }
    out.push('…');
    out
}

/// The same JSON with every character escaped that a terminal might obey. They stand inside strings only, so it is equal
/// as JSON.
pub fn neutral_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && (c.is_control() || is_format(c)) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        let hostile = "a\x1b[31mb\u{9b}2J\u{202e}c\u{200b}\u{200b}\u{200b}d\u{e0041}\r\n\tz\0\x7f\u{2066}\u{feff}";
        let shown = neutral(hostile);
        assert_eq!(shown, "a␛[31mb⟨U+009B⟩2J⟨U+202E⟩c⟨U+200B⟩×3d⟨U+E0041⟩↵ z␀␡⟨U+2066⟩⟨U+FEFF⟩");
        assert!(!shown.chars().any(|c| c.is_control() || is_format(c)));
        assert_eq!(neutral("普通的字，ABC👍🏽"), "普通的字，ABC👍🏽");
    }

    #[test]
    fn every_scalar_is_shown_or_signed() {
        for c in '\0'..=char::MAX {
            let shown = neutral(&format!("a{c}b"));
            assert!(!shown.chars().any(|c| c.is_control() || is_format(c)), "{c:?}");
        }
    }

    #[test]
    fn a_flood_of_marks_is_counted() {
        let zalgo: String = std::iter::once('e').chain(std::iter::repeat_n('\u{301}', 10_000)).collect();
        let shown = neutral(&zalgo);
        assert_eq!(shown, "e\u{301}\u{301}⟨组合符×9998⟩");
        assert_eq!(neutral("\u{301}a"), "\u{301}a");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(columns_of("先审a"), 5);
        assert_eq!(clip("先审后发", 8), "先审后发");
        assert_eq!(clip("先审后发", 7), "先审后…");
        assert_eq!(clip("先审后发", 6), "先审…");
        assert_eq!(wrap("先审后发ab", 5), ["先审", "后发a", "b"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn escaped_json_is_the_same_json() {
        let value = serde_json::json!({"text": "a\u{9b}\u{202e}\u{e0041}\u{7f}\n先审\"\\"});
        let shown = neutral_json(&value.to_string());
        assert!(shown.chars().all(|c| !c.is_control() && !is_format(c)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), value);
    }

    #[test]
    fn plain_paint_leaves_no_escape() {
        assert_eq!(Painter { is_on: false }.paint(Look::Red, "阻断"), "阻断");
        assert_eq!(Painter { is_on: true }.paint(Look::Red, "阻断"), "\x1b[1;31m阻断\x1b[0m");
        assert_eq!(Painter { is_on: true }.paint(Look::Plain, "阻断"), "阻断");
    }
}
