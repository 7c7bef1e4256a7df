//! Phones: landlines by area code, mobiles by prefix, weighed by the words before them (DOMAIN §3.2, §3.3).
//! Must not know persons.

use super::Scan;
use super::numbers::{self, Chain};
use super::personal::{CONTEXT_CHARS, Context, Personal, Settled};
use super::reading::Reading;
use super::report::{self, Found};
use crate::model::Severity;
use crate::text::fold::Class;
use std::ops::Range;

/// How far before a phone the words of a home stand, in characters, and these words: too common to be looked for everywhere.
const HOME_CHARS: usize = 8;
const HOME_WORDS: [&[char]; 4] = [&['家'], &['宅'], &['住', '处'], &['屋', '里']];
/// What says so behind a phone, and how far behind.
const BEHIND_HOME: [&[char]; 4] = [&['宅', '电'], &['住', '宅', '）'], &['住', '宅', ')'], &['家', '庭', '电', '话']];
const BEHIND_CHARS: usize = 5;
/// What 家 is a part of where nobody lives.
const NO_HOME: [&[char]; 8] =
    [&['国', '家'], &['专', '家'], &['商', '家'], &['大', '家'], &['厂', '家'], &['多', '家'], &['家', '电'], &['家', '政']];

/// Letters that touch a phone and say what it is, before it and behind; before an identity number.
const PHONE_CUES: [&str; 12] = ["tel", "mob", "mobile", "phone", "call", "dh", "sj", "sjh", "lxdh", "v", "vx", "wx"];
const CUES_BEHIND: [&str; 9] = ["v", "vx", "wx", "w", "q", "qq", "tel", "wechat", "weixin"];
const ID_CUES: [&str; 8] = ["id", "no", "sfz", "sfzh", "sfzhm", "idno", "idcard", "zjh"];
/// Longest of them, in characters.
const CUE_CHARS: usize = 6;
/// Documents that are sold and asked for as often as numbered: 代开发票13800138041 is no number of one.
const SOLD: [&str; 2] = ["发票", "准考证"];
/// What makes them a number of one all the same.
const NUMBER_SIGNS: [&str; 7] = ["号", "编号", "代码", "：", ":", "为", "#"];

/// Whether the letters that touch a number are such cues, and no part of a code.
pub(super) fn is_beside_cues(reading: &Reading<'_>, number: &Range<usize>, is_mobile: bool, is_id: impl Fn() -> bool) -> bool {
    let is_letter = |i: &usize| reading.char(*i).is_some_and(|c| c.is_ascii_alphabetic());
    let goes_on = |at: Option<usize>| at.and_then(|i| reading.char(i)).is_some_and(|c| c.is_ascii_alphanumeric());
    let before = (number.start.saturating_sub(CUE_CHARS)..number.start).rev().take_while(is_letter).count();
    let behind = (number.end..number.end + CUE_CHARS).take_while(is_letter).count();
    let (before, behind) = (number.start - before..number.start, number.end..number.end + behind);
    if goes_on(before.start.checked_sub(1)) || goes_on(Some(behind.end)) {
        return false;
    }
    let is_cue = |stretch: &Range<usize>, cues: &[&str]| {
        stretch.is_empty() || cues.iter().any(|cue| cue.len() == stretch.len() && reading.starts_with(stretch.start, cue))
    };
    is_mobile && is_cue(&before, &PHONE_CUES) && is_cue(&behind, &CUES_BEHIND) || behind.is_empty() && is_cue(&before, &ID_CUES) && is_id()
}

/// Whether eleven digits are an amount: 13909009114元, 13800138000平方米, ￥13909009114; 15924703003万师傅 is a telephone.
pub fn is_measured(reading: &Reading<'_>, digits: &Range<usize>) -> bool {
    let (next, after) = (reading.char(digits.end), reading.char(digits.end + 1));
    let is = |c: Option<char>, of: &str| c.is_some_and(|c| of.contains(c));
    match next {
        Some('元') => !is(after, "师先女老"),
        Some('%' | '吨' | '亩') => true,
        Some('万' | '亿' | '千' | '平' | '立' | '美' | '公') => is(after, "元吨亩平方立米克瓦斤里顷升度人户"),
        Some('人') => is(after, "次民"),
        Some('户' | '台' | '件' | '斤' | '份' | '度' | '米' | '个' | '张' | '次') => {
            !reading.class(digits.end + 1).is(Class::HAN)
        }
        _ => true,
    }
}

/// Whether a phone's place `between` a word for numbers of another kind and its digits makes it one of those: nothing ends
/// there, and what is sold is not meant. 发票号138…, not 发票，138… or 准考证代打138….
pub(super) fn is_led_by_number_word(reading: &Reading<'_>, between: Range<usize>) -> bool {
    let gap = reading.chars(between.clone());
    if gap.iter().any(|c| matches!(c, ',' | '，' | '、' | '。' | '；' | ';' | '！' | '!' | '\n')) {
        return false;
    }
    !SOLD.iter().any(|word| reading.ends_with(between.start, word))
        || NUMBER_SIGNS.iter().any(|sign| reading.starts_with(between.start, sign))
}

impl Personal {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn landline(
        &self,
        scan: &Scan<'_>,
        index: usize,
        chain: &Chain,
        from: usize,
        to: usize,
        range: &Range<usize>,
        context: Context,
    ) -> Option<Settled> {
        let groups = chain.groups.get(from..=to)?;
        let (area, number): (Vec<u8>, Vec<u8>) = match groups {
            [whole] if whole.digits.first() == Some(&0) => {
                let split = if matches!(whole.digits.get(1), Some(1 | 2)) { 3 } else { 4 };
                (whole.digits.get(..split)?.to_vec(), whole.digits.get(split..)?.to_vec())
            }
            [area, number] if area.digits.first() == Some(&0) => (area.digits.clone(), number.digits.clone()),
            [area, a, b] if area.digits.first() == Some(&0) => (area.digits.clone(), a.digits.iter().chain(&b.digits).copied().collect()),
            _ => return None,
        };
        let text: String = area.iter().filter_map(|&d| char::from_digit(u32::from(d), 10)).collect();
        let fits = match area.len() {
            3 => number.len() == 8,
            4 if text == "0879" => number.len() == 7,
            4 => matches!(number.len(), 7 | 8),
            _ => false,
        };
        if !fits || !scan.lexicon.tables.is_area_code(&text) || !number.first().is_some_and(|d| (2..=9).contains(d)) {
            return None;
        }
        let is_home =
            || !context.any.meets(self.office) && scan.readings.get(index).is_some_and(|reading| is_at_home(reading, range.start));
        // 0879…（宅电）
        let is_called_home =
            || scan.readings.get(index).is_some_and(|r| r.holds_one(range.end..(range.end + BEHIND_CHARS).min(r.len()), &BEHIND_HOME));
        let severity = if context.any.meets(self.home) || is_home() || is_called_home() { Severity::S2 } else { Severity::S0 };
        let mut found = Found::new("PII.LANDLINE", severity, index, range.clone(), "personal/landline").because("area", text);
        if severity == Severity::S0 {
            found = found.saying("办公电话，公开合法，仅供核对").instead("核对号码是否正确");
        }
        Some(Settled::Found(found))
    }

    /// `layout`: the signs between the groups of digits, and how long each group is.
    pub(super) fn mobile(
        &self,
        scan: &Scan<'_>,
        index: usize,
        digits: &[u8],
        range: &Range<usize>,
        context: Context,
        layout: (&[char], &[usize]),
    ) -> Option<Found> {
        let (separators, shape) = layout;
        let number = match digits {
            [8, 6, rest @ ..] if rest.len() == 11 => rest,
            [0, 0, 8, 6, rest @ ..] if rest.len() == 11 => rest,
            _ => digits,
        };
        if !numbers::is_mobile(number) {
            return None;
        }
        let has_context = context.any.meets(self.phone.and(self.office).and(self.home));
        let uniform = separators.windows(2).all(|pair| pair.first() == pair.last());
        let usual =
            matches!(shape, [11] | [3, 4, 4] | [4, 4, 3] | [3, 8] | [7, 4] | [2, 11] | [4, 11] | [2, 3, 4, 4] | [3, 3, 5] | [3, 4, 2, 2]);
        let spelled = shape.len() >= 3 && shape.iter().all(|&n| n <= 4) && !separators.contains(&'.');
        if !(usual || has_context && uniform || spelled && uniform) {
            return None;
        }
        let is_office = context.any.meets(self.office) && scan.readings.get(index).is_some_and(|r| !self.is_sales_line(scan, r, range));
        let severity = if is_office { Severity::S1 } else { Severity::S2 };
        let text: String = number.iter().filter_map(|&d| char::from_digit(u32::from(d), 10)).collect();
        let masked = report::mask("PII.MOBILE", &text);
        let mut found = Found::new("PII.MOBILE", severity, index, range.clone(), "personal/mobile").because("context", has_context);
        found = if is_office {
            found.instead("公开办公固定电话，不用个人手机号")
        } else {
            found.instead(format!("删除，或遮蔽为 {masked}"))
        };
        Some(found)
    }
}

/// How far before a phone and its title a unit may be named, in characters.
const UNIT_CHARS: usize = 40;
/// What the names of units hold.
const UNITS: [&[char]; 20] = [
    &['局'],
    &['委'],
    &['厅'],
    &['署'],
    &['政', '府'],
    &['中', '心'],
    &['办', '公', '室'],
    &['值', '班', '室'],
    &['法', '院'],
    &['检', '察'],
    &['派', '出', '所'],
    &['司', '法', '所'],
    &['大', '队'],
    &['支', '队'],
    &['工', '会'],
    &['医', '院'],
    &['学', '校'],
    &['联', '社'],
    &['残', '联'],
    &['妇', '联'],
];
const HOTLINE: &str = "热线";

/// Whether the text before a phone, or the title, names a unit.
pub(super) fn names_a_unit(scan: &Scan<'_>, reading: &Reading<'_>, phone: &Range<usize>) -> bool {
    let line = reading.paragraph(phone.clone());
    reading.holds_one(phone.start.saturating_sub(UNIT_CHARS).max(line.start)..(phone.end + HOME_CHARS).min(line.end), &UNITS)
        || scan.title().is_some_and(|title| title.holds_one(0..title.len().min(UNIT_CHARS), &UNITS))
}

impl Personal {
    /// 选购热线, 订房热线; 热线 alone is a unit's only where one is named.
    fn is_sales_line(&self, scan: &Scan<'_>, reading: &Reading<'_>, phone: &Range<usize>) -> bool {
        let before = reading.around(phone.start..phone.start, CONTEXT_CHARS, 0);
        if reading.has_word(scan.lexicon, self.sales_line, before.clone()) {
            return true;
        }
        let is_hotline = before.clone().any(|at| reading.starts_with(at, HOTLINE));
        is_hotline && !names_a_unit(scan, reading, phone)
    }
}

/// 我家座机, 李某家（0879）…: a phone of a home.
fn is_at_home(reading: &Reading<'_>, start: usize) -> bool {
    let sentence = reading.clause(start..start);
    let before = start.saturating_sub(HOME_CHARS).max(sentence.start)..start;
    reading.holds_one(before.clone(), &HOME_WORDS) && !reading.holds_one(before.start.saturating_sub(1)..start, &NO_HOME)
}
