//! The stack one would write on a first afternoon: fold to a String, Aho-Corasick over the terms, one regular expression
//! per pattern of personal data, and a full cut by jieba when a term hit. Must not use the engine's own search.

use aho_corasick::{AhoCorasick, MatchKind};
use anyhow::Result;
use jieba_rs::Jieba;
use regex::Regex;
use std::collections::HashSet;
use std::hint::black_box;
use unicode_normalization::UnicodeNormalization;
use xianshen::model::Draft;

/// Personal data as regular expressions, the way such lists are usually written.
const PATTERNS: [&str; 21] = [
    r"[1-9]\d{5}(18|19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dx]",
    r"[1-9]\d{7}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}",
    r"1[3-9]\d{9}",
    r"1[3-9]\d[ -]\d{4}[ -]\d{4}",
    r"0\d{2,3}-?\d{7,8}",
    r"400-?\d{3}-?\d{4}",
    r"[3-6]\d{15,18}",
    r"[3-6]\d{3}( \d{4}){3,4}",
    r"[0-9a-hj-npqrtuwxy]{2}\d{6}[0-9a-hj-npqrtuwxy]{10}",
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-hj-np-z][·. ]?[a-hj-np-z0-9]{5,6}",
    r"[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}",
    r"[egdsph][a-hj-np-z0-9]\d{7}",
    r"[hm]\d{8,10}",
    r"(微信|vx|v信|wx)号?[:：]?\s*[a-z][a-z0-9_-]{5,19}",
    r"qq号?[:：]?\s*[1-9]\d{4,10}",
    r"https?://[^\s，。、]+",
    r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(com|cn|net|org|top|xyz|vip|cc)",
    r"\d{1,3}(\.\d{1,3}){3}",
    r"(姓名|联系人|户主)[:：]\s*[\p{Han}]{2,4}",
    r"(住址|地址|家住)[:：]?\s*[\p{Han}\d]{6,40}",
    r"\d+(\.\d+)?元(/[\p{Han}]+)?",
];

pub struct Obvious {
    terms: AhoCorasick,
    patterns: Vec<Regex>,
    jieba: Jieba,
}

impl Obvious {
    pub fn new(terms: &[String]) -> Result<Self> {
        let folded: Vec<String> = terms.iter().map(|term| fold(term)).collect();
        Ok(Self {
            terms: AhoCorasick::builder().match_kind(MatchKind::Standard).build(&folded)?,
            patterns: PATTERNS.iter().map(|pattern| Regex::new(pattern)).collect::<Result<_, _>>()?,
            jieba: Jieba::new(),
        })
    }

    /// Hits on word boundaries and matches of patterns, over all drafts.
    pub fn run(&self, drafts: &[Draft]) -> usize {
        drafts.iter().map(|draft| black_box(self.hits(&draft.body))).sum()
    }

    fn hits(&self, body: &str) -> usize {
        let text = fold(body);
        let found: Vec<_> = self.terms.find_overlapping_iter(&text).collect();
        let mut hits: usize = self.patterns.iter().map(|pattern| pattern.find_iter(&text).count()).sum();
        if !found.is_empty() {
            let mut ends = HashSet::from([0]);
            let mut at = 0;
            for token in self.jieba.cut(&text, false) {
                at += token.word.len();
                ends.insert(at);
            }
            hits += found.iter().filter(|hit| ends.contains(&hit.start()) && ends.contains(&hit.end())).count();
        }
        hits
    }
}

/// Compatibility forms, lower case, no zero-width characters.
fn fold(text: &str) -> String {
    text.nfkc().filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}')).flat_map(char::to_lowercase).collect()
}
