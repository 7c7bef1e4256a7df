//! Private contacts: account numbers of WeChat, QQ and the like after the word that names them, however both are written.
//! Must not know what makes a contact an advertisement, beyond who invites to it.

use super::Scan;
use super::numbers::{is_separator, lookalike};
use super::reading::Reading;
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::text::fold::{Class, digit_value};
use std::ops::Range;

/// How far before the word that names an account 加 may stand, in characters: 加上我们客服的微信.
const INVITATION_CHARS: usize = 9;
/// How near a seller or wares may be named, in characters.
const SELLER_CHARS: usize = 12;
/// Longest header of a column that is looked at for each of its cells, in bytes.
const HEADER_BYTES_MAX: usize = 64;
/// How far before it the account that publishes the draft may be named, in characters.
const OWN_CHARS: usize = 24;
/// Most characters between that word and the number.
const BETWEEN_CHARS: usize = 6;
/// Longest number, with what separates its digits, in characters.
const NUMBER_CHARS: usize = 24;

/// Lengths of a WeChat account, in characters.
const ACCOUNT_CHARS: std::ops::RangeInclusive<usize> = 6..=20;
/// What may stand between QQ and its number: QQ联系：200…, QQ（200…）.
const OF_QQ: [&str; 7] = ["联系", "咨询", "方式", "客服", "账号", "(", "（"];

/// What kind of account a contact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    WeChat,
    Qq,
    /// Telegram, shop and video accounts: contacts only where something is sold.
    Other,
}

/// A contact in the making: whether it is advertising depends on its company.
pub struct Contact {
    pub reading: usize,
    pub range: Range<usize>,
    pub kind: Kind,
    /// The reader is asked to add it, or a seller names it.
    pub is_invited: bool,
    pub is_official: bool,
}

pub struct Contacts {
    wechat: ListSet,
    add_wechat: ListSet,
    qq: ListSet,
    add_qq: ListSet,
    other: ListSet,
    seller: ListSet,
    official_account: ListSet,
}

impl Contacts {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut lists = lexicon.lists(problems);
        Self {
            wechat: lists.scanned("wechat"),
            add_wechat: lists.scanned("add_wechat"),
            qq: lists.scanned("qq"),
            add_qq: lists.scanned("add_qq"),
            other: lists.scanned("other_contact"),
            seller: lists.asked("seller"),
            official_account: lists.asked("official_account"),
        }
    }

    /// The contacts of one reading, by place.
    pub fn of(&self, scan: &Scan<'_>, index: usize) -> Vec<Contact> {
        let Some(reading) = scan.readings.get(index) else { return Vec::new() };
        let words = [self.wechat, self.add_wechat, self.qq, self.add_qq, self.other].into_iter().fold(ListSet::default(), ListSet::and);
        let mut contacts: Vec<Contact> = Vec::new();
        for hit in reading.words_in(scan.lexicon, words, 0..reading.len()) {
            let lists = scan.lexicon.lists_of(hit.pattern);
            let kind = self.kind(lists);
            let start = hit.start as usize;
            // qq and vx inside a longer run of letters are something else.
            let glued = |i: Option<usize>| i.and_then(|i| reading.char(i)).is_some_and(|c| c.is_ascii_alphanumeric());
            if reading.char(start).is_some_and(|c| c.is_ascii_alphabetic()) && glued(start.checked_sub(1)) {
                continue;
            }
            let invitation = invitation(reading, start);
            let adds = lists.meets(self.add_wechat.and(self.add_qq)) || invitation.is_some();
            let Some(id) = account(reading, hit.end as usize, kind, adds) else { continue };
            let sells = || reading.has_word(scan.lexicon, self.seller, reading.around(start..id.end, SELLER_CHARS, SELLER_CHARS));
            let span = invitation.unwrap_or(start)..id.end;
            let sells = sells();
            // 加官方微信 is the office's own account; 关注公众号领饮料，加微信 is somebody else's beside it.
            let is_official = !sells && self.is_official(scan, reading, &span, id.start, adds);
            let is_invited = adds || sells;
            match contacts.last_mut() {
                Some(last) if last.range.end == span.end => {
                    last.range.start = last.range.start.min(span.start);
                    last.is_invited |= is_invited;
                }
                _ => contacts.push(Contact { reading: index, range: span, kind, is_invited, is_official }),
            }
        }
        contacts.extend(self.signed(scan, reading, index, &contacts));
        // A column headed QQ or 微信号.
        for cell in &reading.passage.cells {
            let Some(header) = cell.header.as_ref().filter(|header| header.len() <= HEADER_BYTES_MAX) else { continue };
            let chars = |bytes: &Range<usize>| reading.folded.index_of_byte(bytes.start)..reading.folded.index_of_byte(bytes.end);
            let Some(hit) = reading.words_in(scan.lexicon, words, chars(header)).next() else { continue };
            let kind = self.kind(scan.lexicon.lists_of(hit.pattern));
            let place = chars(&cell.span);
            if let Some(id) = account(reading, place.start, kind, false).filter(|id| id.end <= place.end) {
                contacts.push(Contact { reading: index, range: id, kind, is_invited: false, is_official: false });
            }
        }
        contacts
    }

    /// Whether the account is the office's own: named as such before or behind it, or the one that publishes the draft. Where
    /// the reader is asked to add it, only what is added says so: 加官方微信.
    fn is_official(&self, scan: &Scan<'_>, reading: &Reading<'_>, span: &Range<usize>, id: usize, adds: bool) -> bool {
        if adds {
            return reading.has_word(scan.lexicon, self.official_account, span.start..id);
        }
        let account = &*scan.draft.account;
        let own = || !account.is_empty() && reading.text(reading.around(span.clone(), OWN_CHARS, 0)).contains(account);
        reading.has_word(scan.lexicon, self.official_account, reading.around(span.clone(), 12, 4)) || own()
    }

    /// Accounts behind a lone sign: 薇：zhuangxiu_88, V：daikuan666. In 体积V：… or an item V of a list no account follows,
    /// which has letters first and a digit or `_`.
    fn signed(&self, scan: &Scan<'_>, reading: &Reading<'_>, index: usize, known: &[Contact]) -> Vec<Contact> {
        let mut found = Vec::new();
        if !reading.classes.is(Class::LETTER) {
            return found;
        }
        let mut at = 0;
        while let Some(start) = reading.alphanumerics.next(at) {
            at = reading.alphanumerics.run_end(start);
            let Some(sign) = sign_before(reading, start) else { continue };
            let in_account = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
            let end = (start..reading.len()).take(NUMBER_CHARS).take_while(|&i| in_account(i)).last().map_or(start, |i| i + 1);
            let id = reading.chars(start..end);
            let is_account = ACCOUNT_CHARS.contains(&id.len())
                && id.first().is_some_and(char::is_ascii_alphabetic)
                && id.iter().any(|c| c.is_ascii_digit() || *c == '_');
            // Contacts come by place.
            let is_known = || known.get(known.partition_point(|contact| contact.range.end < end)).is_some_and(|c| c.range.end == end);
            if !is_account || is_known() {
                continue;
            }
            let near = reading.around(sign..end, SELLER_CHARS, SELLER_CHARS);
            // In a message the bare sign is itself the invitation.
            let is_invited = scan.is_message() || reading.has_word(scan.lexicon, self.seller, near);
            found.push(Contact { reading: index, range: sign..end, kind: Kind::WeChat, is_invited, is_official: false });
        }
        found
    }

    fn kind(&self, lists: ListSet) -> Kind {
        if lists.meets(self.qq.and(self.add_qq)) {
            Kind::Qq
        } else if lists.meets(self.other) {
            Kind::Other
        } else {
            Kind::WeChat
        }
    }
}

/// Where the sign stands that makes `start` the start of an account: `V：`, `薇: ` behind a break.
fn sign_before(reading: &Reading<'_>, start: usize) -> Option<usize> {
    let blanks = usize::from(start > 0 && reading.char(start - 1) == Some(' '));
    let colon = start.checked_sub(1 + blanks).filter(|&i| matches!(reading.char(i), Some(':' | '：')))?;
    let sign = colon.checked_sub(1).filter(|&i| matches!(reading.char(i), Some('v' | '薇' | '微' | '溦' | '徽')))?;
    let is_behind_word = sign.checked_sub(1).is_some_and(|i| reading.class(i).is_word());
    (!is_behind_word).then_some(sign)
}

/// Where 加 or + stands that belongs to the word at `start`: 加我的微信, 添加店主的微信. 参加 and 加强 are other words.
fn invitation(reading: &Reading<'_>, start: usize) -> Option<usize> {
    let mut at = start;
    let mut found = None;
    while at > 0 && start - at < INVITATION_CHARS {
        at -= 1;
        match reading.char(at) {
            Some('加' | '+') => {
                let before = at.checked_sub(1).and_then(|before| reading.char(before));
                let is_word = matches!(before, Some('增' | '参' | '更' | '附' | '叠' | '追' | '施'))
                    || matches!(
                        reading.char(at + 1),
                        Some(
                            '了' | '过'
                                | '强'
                                | '快'
                                | '大'
                                | '工'
                                | '入'
                                | '密'
                                | '班'
                                | '急'
                                | '深'
                                | '速'
                                | '以'
                                | '重'
                                | '盟'
                                | '剧'
                                | '油'
                        )
                    );
                if is_word {
                    break;
                }
                found = Some(at);
                break;
            }
            Some(' ') => {}
            Some(_) if reading.class(at).is(Class::HAN) => {}
            _ => break,
        }
    }
    found
}

/// The account after a word that names one: `号：mj_bm2026`, `：123456789`. `adds`: the reader is asked to add it, and its
/// digits may be written in any way.
fn account(reading: &Reading<'_>, after: usize, kind: Kind, adds: bool) -> Option<Range<usize>> {
    let is_between = |at: usize| {
        matches!(
            reading.char(at),
            Some('号' | '码' | '：' | ':' | '是' | '为' | ' ' | '同' | '群' | '或' | '/' | '【' | '“' | '=' | '信' | '@')
        ) || !reading.char(at).is_some_and(|c| c.is_ascii()) && reading.class(at).is(Class::SKIP)
    };
    // 微信联系：zhuangxiu_88; a number behind 咨询 is as a rule an office's.
    let is_asked = kind == Kind::WeChat && ["联系：", "联系:", "咨询：", "咨询:"].iter().any(|word| reading.starts_with(after, word));
    let after = after + if is_asked { 2 } else { 0 };
    let mut at = after;
    while at < after + BETWEEN_CHARS {
        let word = || OF_QQ.iter().find(|word| kind == Kind::Qq && reading.starts_with(at, word));
        match if is_between(at) { Some(1) } else { word().map(|word| word.chars().count()) } {
            Some(step) => at += step,
            None => break,
        }
    }
    if (kind == Kind::Qq || adds && !is_asked)
        && let Some(end) = number(reading, at)
    {
        // QQ（2026）12: a bracket between belongs to no number.
        let is_opened = matches!(reading.char(at.wrapping_sub(1)), Some('(' | '（'));
        let is_closed = || reading.chars(at..end).iter().any(|c| matches!(c, ')' | '）'));
        return (!is_opened || !is_closed()).then_some(at..end);
    }
    let end = (at..reading.len())
        .take(NUMBER_CHARS)
        .take_while(|&i| reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
        .last()?
        + 1;
    let text = reading.text(at..end);
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let letters_first = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    let fits = if kind == Kind::Qq && !adds {
        digits && (5..=11).contains(&text.len()) && !text.starts_with('0')
    } else {
        letters_first && ACCOUNT_CHARS.contains(&text.len()) || !is_asked && digits && (5..=12).contains(&text.len())
    };
    fits.then_some(at..end)
}

/// A number of 5 to 11 digits, in any style, in groups or not: its end.
fn number(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let (mut digits, mut end, mut place) = (0, at, at);
    while place < at + NUMBER_CHARS {
        let Some(c) = reading.char(place) else { break };
        let is_digit = digit_value(c).is_some() || (place > at || lookalike(c) == Some(1)) && lookalike(c).is_some();
        if is_digit {
            digits += 1;
            end = place + 1;
        } else if !(is_separator(c) && place == end && digits > 0) {
            break;
        }
        place += 1;
    }
    let first = reading.char(at).and_then(digit_value).or_else(|| reading.char(at).and_then(lookalike));
    let glued = reading.char(end).is_some_and(|c| c.is_ascii_alphanumeric());
    ((5..=11).contains(&digits) && first != Some(0) && !glued).then_some(end)
}
