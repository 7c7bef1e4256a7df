//! Whether a word of harm stands there to be warned of, in warnings, law and education (DOMAIN §4.5, §5.9).
//! Must not know severities.

use super::reading::Reading;
use super::{AccountKind, Scan, terms};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::text::passage::Role;
use std::ops::Range;

/// How far a warning word may stand from the harmful word it defuses, in characters (DOMAIN §4.5).
const WARNING_CHARS: usize = 30;
/// How near the words of a seller stand to what is sold, in characters.
const VOICE_CHARS: usize = 16;
/// How far behind a command its object may stand, in characters: 切勿轻易相信.
const OBJECT_CHARS: usize = 6;
/// Longest part of a turn of advertisements on either side of the word that looks like a warning, in characters.
const IDLE_CHARS: usize = 6;
/// How far before a word of abuse it may say whom somebody called so, in characters: 不要叫我们土包子.
const NAMING_CHARS: usize = 5;

pub struct Warned {
    /// What speaks of crime and prevention wherever it stands.
    topic: ListSet,
    /// 工作, 检查, 管理: everyday words of offices. They tell a quarrel about abuse from abuse and excuse nothing else.
    weak: ListSet,
    /// 到货, 找我, 开户送: who says so sells, whatever the title is about.
    voice: ListSet,
    /// 举报, 骗: who reports or complains.
    told: ListSet,
    /// 不要, 拒绝, 打击: they warn of what they govern and of nothing else.
    command: ListSet,
    /// What a warning tells people to keep from: 参与, 轻信, 上当.
    object: ListSet,
    /// Turns of advertisements that look like warnings: 不要错过, 拒绝套路.
    idle: ListSet,
    legal: ListSet,
    /// 话术, 骗局: what a title or the first sentence under it says of tricks.
    title_warning: ListSet,
    /// 叫我们, 被骂: who repeats a word of abuse to complain of it.
    naming: ListSet,
    /// Wars and films, of which people speak in the words of the time.
    history: ListSet,
}

impl Warned {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut lists = lexicon.lists(problems);
        Self {
            topic: lists.asked("warning"),
            weak: lists.asked("warning_weak"),
            voice: lists.asked("offer_voice"),
            told: lists.asked("harm_told"),
            command: lists.asked("warning_command"),
            object: lists.asked("warning_object"),
            idle: lists.asked("warning_idle"),
            legal: lists.asked("legal"),
            title_warning: lists.asked("title_warning"),
            naming: lists.asked("abuse_naming"),
            history: lists.asked("abuse_history"),
        }
    }

    /// What makes the term a warning, for the reviewer.
    pub fn guard(&self, scan: &Scan<'_>, reading: &Reading<'_>, term: &Range<usize>, code: &str) -> Option<&'static str> {
        let mut near = reading.around(term.clone(), WARNING_CHARS, WARNING_CHARS);
        let is_sold = self.is_sold(scan, reading, term);
        // 严禁焚烧秸秆。晚上无聊可以玩百家乐，开户送彩金: a warning before belongs to another sentence; one behind may be of this.
        if is_sold && !terms::is_quoted(reading, term) {
            near.start = near.start.max(reading.sentence(term.clone()).start).min(term.start);
        }
        let is_law = || outside(reading, scan.lexicon, self.legal, reading.sentence(term.clone()), term).next().is_some();
        // What the draft is about excuses what it tells of, not what somebody sells in the middle of it.
        let is_about = (scan.account == AccountKind::Justice || scan.is_education) && !scan.is_message();
        if is_about
            && (!is_sold
                || terms::is_quoted(reading, term)
                || self.is_warned_of(scan, reading, near.clone(), term)
                || reading.has_word(scan.lexicon, self.told, near.clone())
                || is_law())
        {
            return Some(if scan.is_education { "标题或开头表明是宣传、提示" } else { "公安、司法类账号" });
        }
        if reading.passage.role == Role::Title && self.is_title_of_warning(scan, reading) {
            return Some("标题或正文首句表明是揭露骗术");
        }
        // Nobody warns of people: 土包子不要进城 is abuse. In a message only who complains of abuse repeats it.
        if scan.is_message() && code == "ILL.DISCRIMINATION" {
            let is_repeated = self.is_repeated(scan, reading, term)
                || reading.has_word(scan.lexicon, self.history, near.clone())
                || self.has_topic(scan, reading, near, term);
            return is_repeated.then_some("转述或反映歧视用语");
        }
        if self.is_warned_of(scan, reading, near, term) {
            return Some("附近有警示用语");
        }
        let is_office = || code == "ILL.DISCRIMINATION" && reading.has_word(scan.lexicon, self.weak, reading.sentence(term.clone()));
        (is_law() || is_office()).then_some("同句为法律、统计或执法用语")
    }

    /// The seller himself speaks beside the term.
    fn is_sold(&self, scan: &Scan<'_>, reading: &Reading<'_>, term: &Range<usize>) -> bool {
        let sentence = reading.sentence(term.clone());
        let near = reading.around(term.clone(), VOICE_CHARS, VOICE_CHARS);
        reading.has_word(scan.lexicon, self.voice, near.start.max(sentence.start)..near.end.min(sentence.end))
    }

    /// 12种常见刷单返利话术: a title names what the text warns of.
    fn is_title_of_warning(&self, scan: &Scan<'_>, title: &Reading<'_>) -> bool {
        let says = |reading: &Reading<'_>, range| reading.has_word(scan.lexicon, self.title_warning, range);
        says(title, 0..title.len()) || scan.body().is_some_and(|(_, body)| says(body, body.sentence(0..1)))
    }

    fn is_warned_of(&self, scan: &Scan<'_>, reading: &Reading<'_>, near: Range<usize>, term: &Range<usize>) -> bool {
        if self.has_topic(scan, reading, near.clone(), term) {
            return true;
        }
        let clause = reading.clause(term.clone());
        let governs = |word: &Range<usize>| word.end <= term.start && clause.start <= word.start;
        let has_object =
            |word: &Range<usize>| reading.has_word(scan.lexicon, self.object, word.end..(word.end + OBJECT_CHARS).min(reading.len()));
        outside(reading, scan.lexicon, self.command, near, term)
            .any(|word| !self.is_idle(scan, reading, &word) && (governs(&word) || has_object(&word)))
    }

    fn has_topic(&self, scan: &Scan<'_>, reading: &Reading<'_>, near: Range<usize>, term: &Range<usize>) -> bool {
        outside(reading, scan.lexicon, self.topic, near, term).any(|word| !self.is_idle(scan, reading, &word))
    }

    /// The word is part of a turn of advertisements.
    fn is_idle(&self, scan: &Scan<'_>, reading: &Reading<'_>, word: &Range<usize>) -> bool {
        let near = reading.around(word.clone(), IDLE_CHARS, IDLE_CHARS);
        reading.words_in(scan.lexicon, self.idle, near).any(|turn| turn.start as usize <= word.start && word.end <= turn.end as usize)
    }

    fn is_repeated(&self, scan: &Scan<'_>, reading: &Reading<'_>, term: &Range<usize>) -> bool {
        terms::is_quoted(reading, term) || reading.has_word(scan.lexicon, self.naming, term.start.saturating_sub(NAMING_CHARS)..term.start)
    }
}

/// Words of the list outside the term itself: 管制刀具 is not defused by its own 管制.
fn outside<'r>(
    reading: &'r Reading<'_>,
    lexicon: &'r Lexicon,
    list: ListSet,
    window: Range<usize>,
    term: &'r Range<usize>,
) -> impl Iterator<Item = Range<usize>> + 'r {
    let words = reading.words_in(lexicon, list, window).map(|hit| hit.start as usize..hit.end as usize);
    words.filter(|word| word.end <= term.start || word.start >= term.end)
}
