//! Private contacts: account numbers of WeChat, QQ and the like after the word that names them, however both are written.
//! Must not know what makes a contact an advertisement, beyond who invites to it.

use super::Scan;
use super::account_cues::{AccountCues, Cue, Shape};
use super::numbers::{is_separator, lookalike};
use super::reading::Reading;
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::text::fold::{Class, digit_value};
use std::ops::Range;

/// How far before the word that names an account 加 may stand, in characters: 加上我们客服的微信.
const INVITATION_CHARS: usize = 9;
/// How near a seller or wares may be named, in characters of the same sentence.
const SELLER_CHARS: usize = 24;
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
/// Digits of a number of QQ that is told by what sounds like it; shorter ones are telephone services and prices.
const QQ_DIGITS: std::ops::RangeInclusive<usize> = 6..=11;
/// How far behind an account the words may reach that ask to add it, in characters.
const AFTER_CHARS: usize = 6;
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
    cues: AccountCues,
}

impl Contacts {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let cues = AccountCues::new(lexicon, problems);
        let mut lists = lexicon.lists(problems);
        Self {
            cues,
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
            // 增加V2026001型.
            if reading.char(start) == Some('加') && start.checked_sub(1).and_then(|i| reading.char(i)).is_some_and(is_other_word) {
                continue;
            }
            let invitation = invitation(reading, start);
            let adds = lists.meets(self.add_wechat.and(self.add_qq)) || invitation.is_some();
            let spelled = || (adds && kind == Kind::WeChat).then(|| spelled_account(reading, hit.end as usize)).flatten();
            let Some(id) = account(reading, hit.end as usize, kind, adds).or_else(spelled) else { continue };
            let span = invitation.unwrap_or(start)..id.end;
            let sells = self.sells(scan, reading, start..id.end);
            // 加官方微信 is the office's own account; 关注公众号领饮料，加微信 is somebody else's beside it.
            let is_official = !sells && self.is_official(scan, reading, &span, id.start, adds);
            // 抖音号：mj8866 in a message; not where somebody tells of trouble with it.
            let is_told = || {
                kind == Kind::Other
                    && scan.is_message()
                    && matches!(reading.char(hit.end as usize), Some(':' | '：'))
                    && !self.cues.is_trouble(scan, reading, span.clone())
            };
            // An office has no account of Telegram.
            let is_handle = kind == Kind::Other && reading.char(id.start.wrapping_sub(1)) == Some('@');
            let is_invited = adds || sells || is_handle || is_told();
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

    /// Whether a seller or wares are named beside.
    fn sells(&self, scan: &Scan<'_>, reading: &Reading<'_>, range: Range<usize>) -> bool {
        let sentence = reading.sentence(range.clone());
        let near = reading.around(range, SELLER_CHARS, SELLER_CHARS);
        reading.has_word(scan.lexicon, self.seller, near.start.max(sentence.start)..near.end.min(sentence.end.max(near.start)))
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

    /// Accounts behind a lone sign (薇：zhuangxiu_88), behind what sounds like a name of WeChat (加葳芯mj_8866), or before the
    /// words that ask to add them. An account has letters first and a digit or `_`, or is a number of QQ.
    fn signed(&self, scan: &Scan<'_>, reading: &Reading<'_>, index: usize, known: &[Contact]) -> Vec<Contact> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(start) = reading.alphanumerics.next(at) {
            at = reading.alphanumerics.run_end(start);
            let Some((id, shape)) = account_like(reading, start) else { continue };
            // Contacts come by place.
            let is_known = known.get(known.partition_point(|contact| contact.range.end < id.end)).is_some_and(|c| c.range.end == id.end);
            if is_known || scan.is_in_address(index, &id) {
                continue;
            }
            at = at.max(id.end);
            if let Some(contact) = self.cued(scan, reading, index, id, shape) {
                found.push(contact);
            }
        }
        found
    }

    fn cued(&self, scan: &Scan<'_>, reading: &Reading<'_>, index: usize, id: Range<usize>, shape: Shape) -> Option<Contact> {
        let is_name = shape == Shape::Name;
        let sells = |range: &Range<usize>| self.sells(scan, reading, range.clone());
        let wechat =
            |range: Range<usize>, is_invited| Some(Contact { reading: index, range, kind: Kind::WeChat, is_invited, is_official: false });
        if let Some(sign) = sign_before(reading, id.start).filter(|_| is_name) {
            // In a message the bare sign is itself the invitation.
            let range = sign..id.end;
            let is_invited = scan.is_message() || sells(&range);
            return wechat(range, is_invited);
        }
        if let Some(cue) = self.cues.before(scan, reading, id.start, shape) {
            return self.by_cue(scan, reading, index, id, cue);
        }
        // mj_8866（绿泡泡）
        if is_name && matches!(reading.char(id.end), Some('（' | '(')) {
            let inside = reading.words_in(scan.lexicon, self.wechat, id.end + 1..id.end + 1 + AFTER_CHARS);
            if let Some(word) = inside.filter(|word| word.start as usize == id.end + 1).last() {
                let range = id.start..word.end as usize;
                let is_invited = scan.is_message() || sells(&range);
                return wechat(range, is_invited);
            }
        }
        // mj_8866加微信.
        let after = reading.words_in(scan.lexicon, self.add_wechat, id.end..id.end + AFTER_CHARS);
        let mut ends = after.filter(|hit| hit.start as usize == id.end).map(|hit| hit.end as usize);
        let end = ends.find(|&end| !reading.class(end).is_word()).filter(|_| is_name)?;
        wechat(id.start..end, true)
    }

    fn by_cue(&self, scan: &Scan<'_>, reading: &Reading<'_>, index: usize, id: Range<usize>, cue: Cue) -> Option<Contact> {
        let Cue { start, kind, adds, is_telling } = cue;
        let range = start..id.end;
        let sells = self.sells(scan, reading, range.clone());
        let is_official = !sells && self.is_official(scan, reading, &range, id.start, adds);
        let is_told = scan.is_message() && is_telling && !self.cues.is_trouble(scan, reading, range.clone());
        let is_invited = adds || sells || is_told;
        // Q：123456 may ask a question, and 抖音号 may be anybody's.
        let is_meant = is_invited || kind == Kind::WeChat || kind == Kind::Qq && !is_telling;
        // 加Q235钢板, 口径100000元: what goes on is no number of an account.
        let next = if is_telling && !adds {
            reading.class(id.end + usize::from(reading.char(id.end) == Some(' ')))
        } else {
            reading.class(id.end)
        };
        let goes_on = kind == Kind::Qq && next.is(Class::HAN);
        (is_meant && !goes_on).then_some(Contact { reading: index, range, kind, is_invited, is_official })
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

/// What may be an account from `start` on: a name of WeChat's form, or a number of QQ's.
fn account_like(reading: &Reading<'_>, start: usize) -> Option<(Range<usize>, Shape)> {
    let in_account = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let end = (start..reading.len()).take(NUMBER_CHARS).take_while(|&i| in_account(i)).last()? + 1;
    let id = reading.chars(start..end);
    // A mailbox, a host.
    let is_address = || match reading.char(end) {
        Some('@') => true,
        Some('.') => reading.char(end + 1).is_some_and(|c| c.is_ascii_alphabetic()),
        _ => false,
    };
    if id.iter().all(char::is_ascii_digit) {
        return (QQ_DIGITS.contains(&id.len()) && id.first() != Some(&'0')).then_some((start..end, Shape::Digits));
    }
    let is_name = ACCOUNT_CHARS.contains(&id.len())
        && id.first().is_some_and(char::is_ascii_alphabetic)
        && id.iter().any(|c| c.is_ascii_digit() || *c == '_');
    (is_name && !is_address()).then_some((start..end, Shape::Name))
}

/// Where the sign stands that makes `start` the start of an account: `V：`, `薇: ` behind a break.
fn sign_before(reading: &Reading<'_>, start: usize) -> Option<usize> {
    let blanks = usize::from(start > 0 && reading.char(start - 1) == Some(' '));
    let colon = start.checked_sub(1 + blanks).filter(|&i| matches!(reading.char(i), Some(':' | '：')))?;
    let sign = colon.checked_sub(1).filter(|&i| matches!(reading.char(i), Some('v' | '薇' | '微' | '溦' | '徽')))?;
    let is_behind_word = sign.checked_sub(1).is_some_and(|i| reading.class(i).is_word());
    (!is_behind_word).then_some(sign)
}

/// What makes 加 another word: 增加, 参加.
pub fn is_other_word(before: char) -> bool {
    matches!(before, '增' | '参' | '更' | '附' | '叠' | '追' | '施')
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
                let is_word = before.is_some_and(is_other_word)
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

/// An account whose characters are set apart, or whose digits are Han: m j _ 8 8 6 6, mj_八八六六, mj.db2026.
fn spelled_account(reading: &Reading<'_>, after: usize) -> Option<Range<usize>> {
    let is_blank = |i: usize| matches!(reading.char(i), Some(' ' | ':' | '：' | '(' | '（' | '“' | '【'));
    let start = (after..after + BETWEEN_CHARS).find(|&i| !is_blank(i))?;
    let is_letter = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_alphabetic());
    let is_part = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric() || c == '_' || digit_value(c).is_some());
    let (mut count, mut has_digit, mut end, mut at) = (0, false, start, start);
    while is_letter(start) && at < start + 2 * NUMBER_CHARS {
        if is_part(at) {
            count += 1;
            has_digit |= !is_letter(at);
            (at, end) = (at + 1, at + 1);
        } else if at == end && matches!(reading.char(at), Some(' ' | '.' | '·')) && is_part(at + 1) {
            // Blanks stand between single characters: in English they stand between words.
            let is_single = !is_part(at + 2) && (at < start + 2 || !is_part(at - 2));
            if reading.char(at) == Some(' ') && !is_single {
                break;
            }
            at += 1;
        } else {
            break;
        }
    }
    (ACCOUNT_CHARS.contains(&count) && has_digit).then_some(start..end)
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
