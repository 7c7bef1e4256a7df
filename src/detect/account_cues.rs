//! What stands before an account and says that it is one, whatever it is written with: 加葳芯, 伽V, ➕❤, 丘丘, 小编V. Read
//! backwards from whatever looks like an account; the characters that sound or look alike are word lists.
//! Must not know what makes a contact an advertisement.

use super::Scan;
use super::contacts::{Kind, is_other_word};
use super::reading::Reading;
use crate::lexicon::asked::Answers;
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::text::fold::Class;
use std::ops::Range;

/// How far before the account its cue is looked for, in characters of the text.
const WINDOW_CHARS: usize = 24;
/// Most characters of the window that count: blanks, marks and brackets do not.
const KEPT_CHARS_MAX: usize = 16;
/// Most words of courtesy between the cue and the account where the reader is asked to add it, in characters.
const FILLER_CHARS_MAX: usize = 6;
/// Most small words between a cue and an account: 号 + 就是.
const SMALL_WORDS_MAX: usize = 3;
/// What may stand between a name of WeChat and the account.
const SMALL_WORDS: [&[char]; 13] = [
    &['账', '号'],
    &['帐', '号'],
    &['账', '户'],
    &['号', '码'],
    &['就', '是'],
    &['联', '系'],
    &['咨', '询'],
    &['i', 'd'],
    &['号'],
    &['码'],
    &['是'],
    &['为'],
    &['我'],
];
/// The same, where it asks the reader to do something with the account.
const ASKING_WORDS: [&[char]; 6] = [&['搜', '索'], &['添', '加'], &['下', '单'], &['加', '我'], &['搜'], &['加']];

/// The lists of what cues are made of.
pub struct AccountCues {
    /// 加, ➕.
    add: ListSet,
    /// What sounds like 加: 伽, 嘉.
    add_sound: ListSet,
    /// What sounds or looks like 微: 葳, 卫, v.
    wei: ListSet,
    /// What sounds like 信 or means it: 芯, 鑫, a heart.
    xin: ListSet,
    heart: ListSet,
    /// What doubled stands for QQ: 球, 扣.
    qiu: ListSet,
    wechat_word: ListSet,
    qq_word: ListSet,
    other_word: ListSet,
    /// Who or what a bare V belongs to: 小编, 客服.
    role: ListSet,
    /// A citizen who tells of trouble with an account.
    trouble: ListSet,
}

/// A cue and what it says of the account behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cue {
    pub start: usize,
    pub kind: Kind,
    /// The reader is asked to add the account.
    pub adds: bool,
    /// Written so that it is not found, or with a word that only contacts have: in a message nobody does without a reason.
    pub is_telling: bool,
}

/// What the account may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Letters first, with a digit or `_`.
    Name,
    Digits,
}

/// The characters before an account that count, in their order.
struct Window {
    chars: Vec<char>,
    places: Vec<usize>,
    has_colon: bool,
}

impl Window {
    fn read(reading: &Reading<'_>, before: usize) -> Self {
        let mut window = Self { chars: Vec::with_capacity(KEPT_CHARS_MAX), places: Vec::with_capacity(KEPT_CHARS_MAX), has_colon: false };
        let mut at = before;
        while at > before.saturating_sub(WINDOW_CHARS) && window.chars.len() < KEPT_CHARS_MAX {
            at -= 1;
            let Some(c) = reading.char(at) else { break };
            let class = reading.class(at);
            match c {
                ':' | '：' if window.has_colon || !window.chars.is_empty() => break,
                ':' | '：' => window.has_colon = true,
                ',' | '，' | '、' | '%' => break,
                '\n' | '\r' => {}
                '+' | '√' | '∨' => window.push(c, at),
                _ if class.is_word() => window.push(c, at),
                _ if class.is(Class::END) => break,
                // Hearts and the like stand for characters; arrows and hands only point.
                '❤' | '♡' | '♥' | '💓'..='💟' | '🧡' | '🖤' | '🤍' => window.push(c, at),
                _ => {}
            }
        }
        window.chars.reverse();
        window.places.reverse();
        window
    }

    fn push(&mut self, c: char, at: usize) {
        self.chars.push(c);
        self.places.push(at);
    }

    fn ends_with(&self, end: usize, word: &[char]) -> bool {
        self.chars.get(..end).is_some_and(|chars| chars.ends_with(word))
    }
}

impl AccountCues {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut lists = lexicon.lists(problems);
        Self {
            add: lists.asked("cue_add"),
            add_sound: lists.asked("cue_add_sound"),
            wei: lists.asked("cue_wei"),
            xin: lists.asked("cue_xin"),
            heart: lists.asked("cue_heart"),
            qiu: lists.asked("cue_qiu"),
            wechat_word: lists.asked("cue_wechat"),
            qq_word: lists.asked("cue_qq"),
            other_word: lists.asked("cue_other"),
            role: lists.asked("cue_role"),
            trouble: lists.asked("cue_trouble"),
        }
    }

    /// Whether somebody tells of trouble with the account at `range`, in its sentence.
    pub fn is_trouble(&self, scan: &Scan<'_>, reading: &Reading<'_>, range: Range<usize>) -> bool {
        reading.has_word(scan.lexicon, self.trouble, reading.sentence(range))
    }

    /// The cue of an account that begins at `start`.
    pub fn before(&self, scan: &Scan<'_>, reading: &Reading<'_>, start: usize, shape: Shape) -> Option<Cue> {
        let window = Window::read(reading, start);
        let named = match shape {
            Shape::Name => self.add.and(self.wechat_word).and(self.wei).and(self.heart),
            Shape::Digits => self.qq_word.and(self.qiu),
        };
        // Most of what looks like an account has nothing near that could be a part of a cue.
        if !scan.lexicon.asked().has_word(named.and(self.other_word), &window.chars, 0..window.chars.len(), &mut Answers::default()) {
            return None;
        }
        let mut asks = false;
        let mut end = window.chars.len();
        // 微信号就是, 微信下单: small words are passed one by one, the longest first, and after each a cue may end.
        for _ in 0..=SMALL_WORDS_MAX {
            if let Some(cue) = self.ending(scan, &window, end, shape, end == window.chars.len(), asks) {
                return Some(cue);
            }
            let small = |words: &[&[char]]| words.iter().find(|word| window.ends_with(end, word)).map(|word| word.len());
            let (asking, plain) = (small(&ASKING_WORDS), small(&SMALL_WORDS));
            asks |= asking.is_some();
            end -= asking.or(plain)?;
        }
        None
    }

    /// The cue that ends at `end` of the window. `is_next`: nothing but marks stands between it and the account.
    fn ending(&self, scan: &Scan<'_>, window: &Window, end: usize, shape: Shape, is_next: bool, asks: bool) -> Option<Cue> {
        let lexicon = scan.lexicon;
        let is = |list: ListSet, at: Option<usize>| {
            let at = at.filter(|&at| at < end);
            at.is_some_and(|at| lexicon.asked().has_word(list, &window.chars, at..at + 1, &mut Answers::default()))
        };
        let (last, second) = (end.checked_sub(1), end.checked_sub(2));
        let place = |at: usize| window.places.get(at).copied();
        // 加我：mj_8866.
        if window.has_colon
            && is_next
            && shape == Shape::Name
            && last.is_some_and(|at| window.chars.get(at) == Some(&'我'))
            && is(self.add, second)
        {
            return Some(Cue { start: place(second?)?, kind: Kind::WeChat, adds: true, is_telling: true });
        }
        let word = |list: ListSet, end: usize| {
            let mut from = None;
            let until = end as u32;
            lexicon.asked().words(list, &window.chars, 0..end, &mut Answers::default(), |start, end| {
                if end == until {
                    from = Some(from.map_or(start, |known: u32| known.min(start)));
                }
            });
            let from = from? as usize;
            // vx inside a longer run of letters is something else.
            let is_letter = |at: usize| window.chars.get(at).is_some_and(char::is_ascii_alphanumeric);
            let is_glued = from > 0 && is_letter(from) && is_letter(from - 1) && place(from - 1).map(|p| p + 1) == place(from);
            (!is_glued).then_some(from)
        };
        let named = if shape == Shape::Name { self.wechat_word } else { self.qq_word };
        // 加微信领红包：mj_8866.
        let fillers = if is_next { FILLER_CHARS_MAX } else { 0 };
        let by_word = (0..=fillers).find_map(|filler| {
            let from = end.checked_sub(filler).and_then(|end| word(named, end))?;
            let adds = self.adds(scan, window, from);
            (filler == 0 || adds).then_some((from, filler, adds))
        });
        if let Some((from, _, adds)) = by_word {
            let kind = if shape == Shape::Name { Kind::WeChat } else { Kind::Qq };
            let from_add = if adds { from.checked_sub(1)? } else { from };
            // A single letter needs its colon: Q：283….
            let is_letter = end - from == 1;
            let start = place(from_add)?;
            // 扣 扣, Q-Q: what is broken up is meant not to be found.
            let is_broken = place(end - 1).zip(place(from)).is_some_and(|(last, first)| last - first > end - 1 - from);
            let is_telling = asks || is_letter || is_broken;
            return (adds || !is_letter || window.has_colon).then_some(Cue { start, kind, adds: adds || asks, is_telling });
        }
        if let Some(from) = word(self.other_word, end) {
            let adds = self.adds(scan, window, from);
            let start = place(if adds { from.checked_sub(1)? } else { from })?;
            return (adds || window.has_colon).then_some(Cue { start, kind: Kind::Other, adds, is_telling: window.has_colon });
        }
        let (from, kind, is_pair) = match shape {
            Shape::Name if is(self.xin, last) && is(self.wei, second) => (second?, Kind::WeChat, true),
            // 威♥信.
            Shape::Name if is(self.xin, last) && is(self.heart, second) && is(self.wei, end.checked_sub(3)) => {
                (end - 3, Kind::WeChat, true)
            }
            Shape::Name if is(self.wei, last) || is(self.heart, last) => (last?, Kind::WeChat, false),
            Shape::Digits if is(self.qiu, last) && is(self.qiu, second) => (second?, Kind::Qq, true),
            Shape::Digits if is(self.qiu, last) => (last?, Kind::Qq, false),
            _ => return None,
        };
        // 围挡, 口径: a lone character is a cue only right before the account.
        let adds = (is_pair || is_next) && self.adds(scan, window, from);
        if adds {
            return Some(Cue { start: place(from.checked_sub(1)?)?, kind, adds, is_telling: true });
        }
        let before = from.checked_sub(1);
        let is_behind_word = before.is_some_and(|at| {
            let touches = place(at).map(|p| p + 1) == place(from);
            touches && window.chars.get(at).is_some_and(|c| !matches!(c, '\n'))
        });
        let has_role = || word(self.role, from).is_some();
        let stands = if is_pair {
            window.has_colon && (!is_behind_word || scan.is_message())
        } else {
            window.has_colon && kind == Kind::WeChat && has_role()
        };
        stands.then_some(Cue { start: place(from)?, kind, adds: false, is_telling: is_pair || scan.is_message() })
    }

    /// Whether the reader is asked to add what is named from `from` on: 加, or at the start of a phrase what sounds like it.
    fn adds(&self, scan: &Scan<'_>, window: &Window, from: usize) -> bool {
        let Some(at) = from.checked_sub(1) else { return false };
        let is = |list: ListSet, at: usize| scan.lexicon.asked().has_word(list, &window.chars, at..at + 1, &mut Answers::default());
        let before = at.checked_sub(1).and_then(|at| window.chars.get(at).copied());
        if is(self.add, at) {
            return !before.is_some_and(is_other_word);
        }
        is(self.add_sound, at) && (before.is_none() || scan.is_message())
    }
}
