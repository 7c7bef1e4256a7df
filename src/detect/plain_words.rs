//! Names against ordinary words: 儿童易感染, 居民楼起火, 学生高兴地 begin like a role and a name (DOMAIN §3.5).
//! Must not know where names are looked for.

use super::reading::Reading;
use crate::lexicon::Lexicon;
use std::ops::Range;

/// Surnames that are adverbs before a verb: 易发生, 曾成立, 常来.
const ADVERBS: &str = "易曾常尚单连齐应时都全方";
/// Words of the dictionary that are given names behind such a surname, too: 常建国.
const GIVEN_WORDS: [&str; 24] = [
    "建国", "国庆", "建军", "建华", "建设", "建平", "解放", "跃进", "胜利", "和平", "光明", "光荣", "卫国", "卫东", "永福", "永红", "国强",
    "国华", "爱国", "爱民", "文革", "长青", "志愿", "文明",
];
/// Characters of given names that stand alone behind a word as often: 高兴来, 安全有.
const LONELY: &str = "地得来有能会成行可时同本为如若发生高大多好开";

/// Longest word that may begin like a name, in characters.
const WORD_CHARS: usize = 4;

/// Whether `given` looks like a given name.
pub fn is_given(reading: &Reading<'_>, lexicon: &Lexicon, given: Range<usize>) -> bool {
    given.end <= reading.len() && lexicon.tables.is_given(reading.chars(given))
}

/// Whether the verb 有, 能 or 会 follows what might be a surname: 都有.
pub fn is_verb_alone(reading: &Reading<'_>, given: &Range<usize>) -> bool {
    given.len() == 1 && matches!(reading.char(given.start), Some('有' | '能' | '会'))
}

/// Whether ordinary words stand where a name with the surname at `at` might; nothing but a role stands before it.
/// `is_closed`: a sign stands behind it.
pub fn are_words(reading: &Reading<'_>, lexicon: &Lexicon, at: usize, given: Range<usize>, is_closed: bool) -> bool {
    let is_word = |range: Range<usize>| reading.is_dictionary_word(lexicon, range);
    let is_plain = |range: Range<usize>| reading.is_plain_word(lexicon, range);
    let is_double = given.len() == 2;
    // 黄石|市, 南水北调: the name is the head of a longer word.
    if (given.end + 1..=at + WORD_CHARS).any(|end| is_plain(at..end)) {
        return true;
    }
    if !is_given(reading, lexicon, given.clone()) {
        // 易|感染流感: without a sign behind it nothing but the characters tells a name.
        return !is_closed || is_word(at..at + 2) || is_word(at..given.end) || is_double && is_word(given);
    }
    let last = given.end.checked_sub(1).and_then(|i| reading.char(i));
    let is_adverb = is_double && reading.char(at).is_some_and(|c| ADVERBS.contains(c));
    let is_repeated = || reading.char(given.start) == last;
    let is_verb = || is_plain(given.clone()) && !is_repeated() && !GIVEN_WORDS.iter().any(|word| reading.starts_with(given.start, word));
    let is_lonely = || is_double && last.is_some_and(|c| LONELY.contains(c)) && given.start == at + 1 && is_plain(at..at + 2);
    is_adverb && is_verb() || is_lonely()
}

/// Longest end of a word that goes on behind a role, in characters: 居民楼, 学生证, 业主委员会.
const GOES_ON_CHARS: usize = 3;

/// Whether the role at `role` is the beginning of a longer word.
pub fn goes_on(reading: &Reading<'_>, lexicon: &Lexicon, role: Range<usize>) -> bool {
    (1..=GOES_ON_CHARS).any(|more| reading.is_dictionary_word(lexicon, role.start..role.end + more))
}

/// 联系人|文凤英, not 人文|景观: two characters of a given name that are no word follow the surname at `at`.
pub fn is_name_alone(reading: &Reading<'_>, lexicon: &Lexicon, at: usize) -> bool {
    let given = at + 1..at + 3;
    is_given(reading, lexicon, given.clone()) && !reading.is_plain_word(lexicon, given)
}
