//! Numbers of running text with their unit, in one form for digits and Han numerals: 320万亩 is 三百二十万亩.
//! Must not know readings or findings.

use std::ops::Range;

/// A number and what it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// The number alone.
    pub number: Range<usize>,
    /// End of the unit; end of the number where no known unit follows.
    pub end: usize,
    /// Digits without zeros at the ends, and the power of ten.
    pub value: String,
    pub unit: &'static str,
    /// 一 of 一名, 一场 counts nothing in most titles.
    pub is_article: bool,
}

/// Longest run of Han numerals read as one number, in characters; fits 64 bits.
const HAN_CHARS_MAX: usize = 16;
/// A run of Han numerals this long is a number even without a unit.
const HAN_CHARS_SURE: usize = 3;

/// Units as written and as compared; of those that begin alike the longer first.
const UNITS: [(&str, &str); 110] = [
    ("个百分点", "百分点"),
    ("个工作日", "工作日"),
    ("个部门", "部门"),
    ("个小时", "小时"),
    ("个季度", "季度"),
    ("平方公里", "平方千米"),
    ("平方千米", "平方千米"),
    ("平方米", "平方米"),
    ("立方米", "立方米"),
    ("摄氏度", "度"),
    ("个月", "个月"),
    ("个县", "县"),
    ("个市", "市"),
    ("个州", "州"),
    ("个省", "省"),
    ("个村", "村"),
    ("个镇", "镇"),
    ("个乡", "乡"),
    ("个人", "人"),
    ("百分点", "百分点"),
    ("工作日", "工作日"),
    ("部门", "部门"),
    ("季度", "季度"),
    ("分钟", "分钟"),
    ("小时", "小时"),
    ("公里", "千米"),
    ("千米", "千米"),
    ("厘米", "厘米"),
    ("毫米", "毫米"),
    ("公斤", "千克"),
    ("千克", "千克"),
    ("公顷", "公顷"),
    ("周岁", "岁"),
    ("世纪", "世纪"),
    ("℃", "度"),
    ("%", "%"),
    ("‰", "‰"),
    ("元", "元"),
    ("角", "角"),
    ("人", "人"),
    ("名", "人"),
    ("位", "人"),
    ("个", "个"),
    ("户", "户"),
    ("家", "家"),
    ("天", "天"),
    ("日", "日"),
    ("号", "日"),
    ("年", "年"),
    ("月", "月"),
    ("周", "周"),
    ("岁", "岁"),
    ("旬", "旬"),
    ("倍", "倍"),
    ("成", "成"),
    ("次", "次"),
    ("件", "件"),
    ("项", "项"),
    ("条", "条"),
    ("亩", "亩"),
    ("吨", "吨"),
    ("米", "米"),
    ("斤", "斤"),
    ("克", "克"),
    ("辆", "辆"),
    ("台", "台"),
    ("套", "套"),
    ("所", "所"),
    ("座", "座"),
    ("批", "批"),
    ("期", "期"),
    ("届", "届"),
    ("场", "场"),
    ("起", "起"),
    ("例", "例"),
    ("头", "头"),
    ("只", "只"),
    ("村", "村"),
    ("镇", "镇"),
    ("乡", "乡"),
    ("县", "县"),
    ("市", "市"),
    ("州", "州"),
    ("省", "省"),
    ("国", "国"),
    ("度", "度"),
    ("分", "分"),
    ("秒", "秒"),
    ("时", "时"),
    ("点", "时"),
    ("类", "类"),
    ("种", "种"),
    ("级", "级"),
    ("等", "等"),
    ("枚", "枚"),
    ("架", "架"),
    ("艘", "艘"),
    ("张", "张"),
    ("份", "份"),
    ("本", "本"),
    ("篇", "篇"),
    ("间", "间"),
    ("栋", "栋"),
    ("层", "层"),
    ("组", "组"),
    ("株", "株"),
    ("棵", "棵"),
    ("处", "处"),
    ("死", "死"),
    ("伤", "伤"),
];

/// The quantity whose number begins at `at`, where the character before does not belong to it.
pub fn read(chars: &[char], at: usize) -> Option<Quantity> {
    let first = *chars.get(at)?;
    if first.is_ascii_digit() {
        return Some(arabic(chars, at));
    }
    han_value(first)?;
    let run: Vec<char> = chars.get(at..)?.iter().copied().take_while(|&c| han_value(c).is_some()).take(HAN_CHARS_MAX + 1).collect();
    if run.len() > HAN_CHARS_MAX {
        return None;
    }
    let value = match han(&run) {
        Some(value) => value.to_string(),
        // 十四五, 十五五: compared as written.
        None if run.len() >= HAN_CHARS_SURE => run.iter().collect(),
        None => return None,
    };
    let end = at + run.len();
    let more = usize::from(matches!(chars.get(end), Some('多' | '余')));
    let (unit, unit_len) = unit(chars, end + more).unwrap_or_default();
    if unit.is_empty() && run.len() < HAN_CHARS_SURE || is_part_of_word(chars, at, &run) {
        return None;
    }
    let more = if unit.is_empty() { 0 } else { more };
    Some(Quantity {
        number: at..end,
        end: end + more + unit_len,
        value: plain(&value, 0, more > 0),
        unit,
        is_article: run == ['一'] && !matches!(unit, "级" | "等" | "季度" | "部门" | "月" | "日"),
    })
}

/// 统一, 唯一, 万一, 百家, 千家万户 …: numerals inside words.
fn is_part_of_word(chars: &[char], at: usize, run: &[char]) -> bool {
    let before = at.checked_sub(1).and_then(|i| chars.get(i)).copied().unwrap_or(' ');
    matches!(before, '统' | '唯' | '同' | '单' | '专' | '逐' | '初' | '周' | '期') && run.first() == Some(&'一')
        || run.iter().all(|c| matches!(c, '百' | '千' | '万' | '亿'))
}

/// Every quantity of a text, in order.
pub fn all(chars: &[char]) -> Vec<Quantity> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match read(chars, at) {
            Some(quantity) => {
                at = quantity.end.max(at + 1);
                found.push(quantity);
            }
            None => {
                // What is no number as a whole has none inside.
                let is_han = |c: &char| han_value(*c).is_some();
                at += chars.get(at..).unwrap_or_default().iter().take_while(|c| is_han(c)).count().max(1);
            }
        }
    }
    found
}

/// A text with its quantities in one form.
pub fn in_one_form(chars: &[char]) -> String {
    let mut text = String::new();
    let mut at = 0;
    for quantity in all(chars) {
        text.extend(chars.get(at..quantity.number.start).unwrap_or_default());
        text.push_str(&quantity.value);
        text.push_str(quantity.unit);
        at = quantity.end;
    }
    text.extend(chars.get(at..).unwrap_or_default());
    text
}

/// Whether a number may begin with this character.
pub fn begins(c: char) -> bool {
    c.is_ascii_digit() || han_value(c).is_some()
}

fn arabic(chars: &[char], at: usize) -> Quantity {
    let digit = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
    let mut digits = String::new();
    let mut behind = 0;
    let mut end = at;
    let mut has_point = false;
    while let Some(&c) = chars.get(end) {
        match c {
            '0'..='9' => {
                digits.push(c);
                behind += i32::from(has_point);
            }
            '.' if !has_point && digit(end + 1) => has_point = true,
            ',' | '，' if !has_point && (1..=3).all(|i| digit(end + i)) && !digit(end + 4) => {}
            _ => break,
        }
        end += 1;
    }
    let number = at..end;
    let mut power = -behind;
    while let Some(&c) = chars.get(end) {
        power += match c {
            '千' if matches!(chars.get(end + 1), Some('米' | '克' | '瓦' | '伏' | '卡')) => break,
            '百' if chars.get(end + 1) == Some(&'分') => break,
            '百' => 2,
            '千' => 3,
            '万' => 4,
            '亿' => 8,
            _ => break,
        };
        end += 1;
    }
    let more = usize::from(matches!(chars.get(end), Some('多' | '余')));
    let (unit, unit_len) = unit(chars, end + more).unwrap_or_default();
    Quantity { number, end: end + more + unit_len, value: plain(&digits, power, more > 0), unit, is_article: false }
}

/// 1.50 and 1.5, 1,200万 and 12000000 are one value.
fn plain(digits: &str, power: i32, is_more: bool) -> String {
    let digits = digits.trim_start_matches('0');
    let short = digits.trim_end_matches('0');
    let power = if short.is_empty() { 0 } else { power + (digits.len() - short.len()) as i32 };
    format!("{short}e{power}{}", if is_more { "+" } else { "" })
}

fn unit(chars: &[char], at: usize) -> Option<(&'static str, usize)> {
    let rest = chars.get(at..)?;
    UNITS.iter().find_map(|(written, compared)| {
        let len = written.chars().count();
        (rest.len() >= len && written.chars().eq(rest.iter().copied().take(len))).then_some((*compared, len))
    })
}

/// A digit, or 10 to the power of a multiplier.
fn han_value(c: char) -> Option<u64> {
    Some(match c {
        '〇' | '零' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        '十' => 10,
        '百' => 100,
        '千' => 1_000,
        '万' => 10_000,
        '亿' => 100_000_000,
        _ => return None,
    })
}

/// 三百二十万, 二〇二六, 十二; `None` where the signs make no number.
pub fn han(run: &[char]) -> Option<u64> {
    let values = run.iter().map_while(|c| han_value(*c));
    if values.clone().count() < run.len() {
        return None;
    }
    if values.clone().all(|value| value < 10) {
        return values.clone().try_fold(0u64, |sum, value| sum.checked_mul(10)?.checked_add(value));
    }
    // Below ten thousand, below a hundred million, above.
    let (mut total, mut section, mut digit) = (0u64, 0u64, None);
    for value in values {
        match value {
            // 十四五 names a plan.
            0..=9 if digit.is_some_and(|d| d > 0) => return None,
            0..=9 => digit = Some(value),
            10 | 100 | 1_000 => section = section.checked_add(digit.take().filter(|d| *d > 0).unwrap_or(1).checked_mul(value)?)?,
            _ => {
                let counted = section.checked_add(digit.take().unwrap_or(0))?;
                let below = if value == 10_000 { 0 } else { std::mem::take(&mut total) };
                total = total.checked_add(below.checked_add(counted)?.max(1).checked_mul(value)?)?;
                section = 0;
            }
        }
    }
    total.checked_add(section)?.checked_add(digit.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::all;

    fn told(text: &str) -> Vec<String> {
        all(&text.chars().collect::<Vec<_>>()).into_iter().map(|q| format!("{}{}", q.value, q.unit)).collect()
    }

    #[test]
    fn one_value_is_one_form_in_digits_and_han_numerals() {
        for (a, b) in [
            ("320万亩", "三百二十万亩"),
            ("3.25万人", "32500名"),
            ("1,200人", "一千二百人"),
            ("12个县", "十二个县"),
            ("5部门", "五个部门"),
            ("2026年", "二〇二六年"),
            ("1.50亿元", "15000万元"),
        ] {
            assert_eq!(told(a), told(b), "{a} {b}");
        }
        for (a, b) in [
            ("1.5%", "15%"),
            ("3000万元", "3000亿元"),
            ("5%", "5个百分点"),
            ("3天", "3个月"),
            ("七旬", "六旬"),
            ("十四五规划", "十五五规划"),
            ("300多人", "300人"),
        ] {
            assert_ne!(told(a), told(b), "{a} {b}");
        }
    }

    #[test]
    fn numerals_inside_words_count_nothing() {
        for text in ["统一部署", "千家万户", "百姓", "三农", "唯一", "万一"] {
            assert!(told(text).is_empty(), "{text}");
        }
    }
}
