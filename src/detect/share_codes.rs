//! Share codes of shops: what is copied to be opened there (￥aB3…￥, 复制这段话打开淘宝).
//! Must not know what a code adds to an advertisement.

use super::Scan;
use super::report::Found;
use crate::lexicon::{Lexicon, ListSet};
use crate::model::{Problem, Severity};
use crate::text::fold::Class;
use regex::Regex;
use std::ops::Range;

const COPY: &str = "复制";
/// What begins with it and sends to a shop.
const COPY_AND_OPEN: &str =
    r"^复制.{0,20}(?:打开|咑閞|去|到|后).{0,6}(?:淘.{0,2}[宝寳]|手淘|手机淘|拼多多|抖音|(?i:dou)音|快手|京东|小红书|闲鱼)";
/// Its longest match, in characters.
const COPY_AND_OPEN_CHARS: usize = 34;
/// Each of its shops has one of them.
const SHOP_SIGNS: [char; 7] = ['淘', '拼', '音', '快', '京', '红', '闲'];

pub struct ShareCodes {
    copy: ListSet,
    share_mark: ListSet,
    share_code: Option<Regex>,
    copy_and_open: Option<Regex>,
}

impl ShareCodes {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut lists = lexicon.lists(problems);
        Self {
            copy: lists.scanned("copy"),
            share_mark: lists.scanned("share_mark"),
            share_code: Regex::new(r"[￥¥$€₤₳¢₴₰]\s?[A-Za-z0-9]{8,13}\s?[￥¥$€₤₳¢₴₰]|[(（《👉🔑/]\s?[A-Za-z0-9]{8,13}\s?[)）》👈🔑/]").ok(),
            copy_and_open: Regex::new(COPY_AND_OPEN).ok(),
        }
    }

    /// Without a word of these there is no code.
    pub fn lists(&self) -> ListSet {
        self.copy.and(self.share_mark)
    }

    /// The codes of one reading.
    pub fn detect(&self, scan: &Scan<'_>, index: usize, elements: &mut Vec<Found>) {
        let Some(reading) = scan.readings.get(index) else { return };
        let text = &*reading.passage.text;
        let mark = |c: char| matches!(c, '￥' | '¥' | '$' | '€' | '₤' | '₳' | '¢' | '₴' | '₰' | '👉' | '🔑');
        let has_marks = reading.lists.meets(self.share_mark);
        let is_copied = reading.lists.meets(self.copy);
        if !has_marks && !is_copied {
            return;
        }
        let mut codes: Vec<Range<usize>> = Vec::new();
        // A code that counts has letters.
        let share_code = self.share_code.as_ref().filter(|_| reading.classes.is(Class::LETTER));
        for found in share_code.iter().flat_map(|r| r.find_iter(text)) {
            let inner: String = found.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
            let mixed = inner.chars().any(|c| c.is_ascii_digit())
                && inner.chars().any(|c| c.is_ascii_lowercase())
                && inner.chars().any(|c| c.is_ascii_uppercase());
            let marked = found.as_str().chars().next().is_some_and(mark);
            if (marked && inner.chars().any(|c| c.is_ascii_alphabetic())) || mixed && is_copied {
                codes.push(found.range());
            }
        }
        let kept = codes.is_empty();
        for bytes in codes {
            let range = reading.folded.index_of_byte(bytes.start)..reading.folded.index_of_byte(bytes.end);
            elements.push(Found::new("AD.KOULING", Severity::S3, index, range, "ads/share_code"));
        }
        if kept
            && is_copied
            && let Some(found) = self.copied_and_opened(text)
        {
            let range = reading.folded.index_of_byte(found.start)..reading.folded.index_of_byte(found.end);
            elements.push(Found::new("AD.KOULING", Severity::S3, index, range, "ads/copy_and_open"));
        }
    }

    /// 复制这段话，打开淘宝: the bytes. 可复制 and 复制推广 stand in any report, so each is looked at as far as it can reach.
    fn copied_and_opened(&self, text: &str) -> Option<Range<usize>> {
        text.match_indices(COPY).find_map(|(start, _)| {
            let rest = text.get(start..)?;
            let end = rest.char_indices().nth(COPY_AND_OPEN_CHARS).map_or(rest.len(), |(end, _)| end);
            let near = rest.get(..end).filter(|near| near.contains(SHOP_SIGNS))?;
            let found = self.copy_and_open.as_ref()?.find(near)?;
            Some(start + found.start()..start + found.end())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::string::string_regex;

    proptest! {
        #[test]
        fn what_copy_and_open_matches_is_never_passed_over(found in string_regex(COPY_AND_OPEN.trim_start_matches('^')).unwrap()) {
            prop_assert!(found.starts_with(COPY) && found.contains(SHOP_SIGNS));
            prop_assert!(found.chars().count() <= COPY_AND_OPEN_CHARS);
        }
    }
}
