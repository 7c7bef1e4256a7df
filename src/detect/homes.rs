//! Where persons live: home addresses (DOMAIN §3.2, §3.5).
//! Must not know how names are recognised, nor queues.

use super::names::Person;
use super::people::persons_in;
use super::personal::Personal;
use super::reading::Reading;
use super::report::{Found, Report};
use super::{Scan, plain_words};
use crate::model::{Severity, SuppressedReason};
use crate::text::class_bits::ClassBits;
use crate::text::fold::{Class, digit_value, text_of};
use regex::Regex;
use std::borrow::Cow;
use std::ops::Range;

/// …路85号44幢4单元1547室, …小区8栋2单元301, …花园3号楼, …路5号院2单元301室: at least two of number, building, room.
/// What every match holds is told by [`may_hold_room`].
const ROOM: &str = concat!(
    r"[\p{Han}0-9]{0,40}?[\p{Han}](?:[0-9]{1,5}号(?:院)?)?[\p{Han}]{0,10}?[a-z]?[0-9]{1,4}(?:-[0-9]{1,3})?(?:栋|幢|号楼|座)(?:[0-9a-z]{1,3}单元)?(?:[0-9]{1,2}(?:楼|层))?[0-9]{3,5}(?:室|号|房)?",
    r"|[\p{Han}0-9]{0,40}?(?:[0-9]{1,5}号|小区|花园|公寓|家园|苑|新村|大院|佳苑|华府)[0-9]{1,4}(?:栋|幢|号楼)(?:[0-9a-z]{1,3}单元)?",
    r"|[\p{Han}0-9]{0,40}?(?:路|街|道|巷|弄|村|组|大道|小区|花园|公寓|苑)[\p{Han}0-9]{0,12}?[0-9]{1,5}号(?:院)?(?:[0-9]{1,2}单元)?[0-9]{2,4}室",
    r"|[\p{Han}0-9]{0,40}?(?:路|街|道|巷|弄|村|组|大道|小区|花园|公寓|苑)[\p{Han}0-9]{0,12}?[0-9]{1,5}号(?:院)?[0-9]{1,2}单元[0-9]{2,4}(?:室|号)?"
);
/// 联珠镇曼兴村老寨组12号. Every match holds a sign of each of [`VILLAGE_SIGNS`].
const VILLAGE: &str = r"[\p{Han}]{2,12}?(?:乡|镇|街道)[\p{Han}]{1,14}?(?:村民委员会|村委会|村|社区)[\p{Han}0-9]{0,10}?(?:[寨屯队]?小?组|寨|屯|队)(?:[0-9]{1,4}号)?";
/// 癸能村新组17号, right behind a word that says that somebody lives there.
const HAMLET: &str = r"^[\p{Han}]{1,8}?(?:村民委员会|村委会|村|社区)[\p{Han}0-9]{0,10}?(?:[寨屯队]?小?组|寨|屯|队)(?:[0-9]{1,4}号)?";
/// 南正街47号, 双胞路36号三楼, 那哈村12号: a house, right behind a word that says that somebody lives there.
const HOUSE: &str = r"^[\p{Han}0-9]{0,24}?(?:路|街|道|巷|弄|胡同|里|村|社区|小区)[0-9]{1,5}(?:-[0-9]{1,3})?号(?:附[0-9]{1,3}号)?(?:[0-9一二三四五六七八九]{1,2}(?:楼|层))?";
const VILLAGE_SIGNS: [&[char]; 3] = [&['组', '寨', '屯', '队'], &['乡', '镇', '街'], &['村', '社']];

/// What a building, a room, a staircase and the parts of a village end in, and the hyphen of 8-2-301.
const ADDRESS_SIGNS: [char; 11] = ['栋', '幢', '座', '室', '楼', '单', '组', '寨', '屯', '队', '-'];

/// Words right before an address that say that somebody lives there, too common to be looked for everywhere.
const LIVES: [&str; 6] = ["住在", "住所地", "住所", "居于", "住于", "住"];
/// Words that lead to the address of a house.
const LOCATED: [&str; 5] = ["房屋坐落于", "房屋坐落", "房屋位于", "坐落于", "坐落"];
/// Words that lead to where letters go.
const LETTERS: [&str; 4] = ["通讯地址", "通讯地址为", "通信地址", "通信地址为"];
/// How far before an address its owner may begin, in characters: 被征收人张三，房屋坐落…
const OWNER_CHARS: usize = 12;
/// How far before an address the words of a notice about buildings stand, in characters.
const AREA_CHARS: usize = 80;
/// Words of notices about whole buildings: nobody's home is told (DOMAIN §3.5).
const AREAS: [&[char]; 14] = [
    &['停', '水'],
    &['停', '气'],
    &['停', '电'],
    &['停', '供'],
    &['改', '造'],
    &['加', '装'],
    &['范', '围'],
    &['坐', '落'],
    &['施', '工'],
    &['消', '毒'],
    &['验', '收'],
    &['维', '修'],
    &['房', '源'],
    &['注', '册'],
];

/// Patterns over an address of folded text.
pub struct Patterns {
    room: Option<Regex>,
    village: Option<Regex>,
    hamlet: Option<Regex>,
    house: Option<Regex>,
}

impl Default for Patterns {
    fn default() -> Self {
        Self {
            room: Regex::new(ROOM).ok(),
            village: Regex::new(VILLAGE).ok(),
            hamlet: Regex::new(HAMLET).ok(),
            house: Regex::new(HOUSE).ok(),
        }
    }
}

/// An address, wherever it may belong to.
pub struct Address {
    pub range: Range<usize>,
    /// To a building or a room; else to the group of a village.
    is_room: bool,
    /// Without the town, or a room in figures alone: nobody's home but beside a name or a word that says so.
    is_hamlet: bool,
}

/// All addresses of a reading, without the words that lead to them, in order.
pub fn places(personal: &Personal, patterns: &Patterns, scan: &Scan<'_>, reading: &Reading<'_>) -> Vec<Address> {
    let mut places = Vec::new();
    let chars = reading.folded.chars.as_slice();
    let mut signs = ClassBits::default();
    signs.mark_among(chars, &ADDRESS_SIGNS);
    let mut at = 0;
    while let Some(sign) = signs.next(at) {
        at = sign;
        let is_trigger = match chars.get(at) {
            Some('栋' | '幢' | '座' | '室' | '楼' | '单') => {
                at > 0 && chars.get(at - 1).is_some_and(|c| digit_value(*c).is_some() || matches!(c, '号' | '十'))
            }
            Some('-') => {
                if let Some(range) = short_room(reading, at) {
                    let range = after_lead(reading, scan, personal, range.clone())..range.end;
                    at = range.end;
                    places.push(Address { range, is_room: true, is_hamlet: true });
                } else {
                    at += 1;
                }
                continue;
            }
            // 组织, 队伍: everyday words; a group of a village has a sign of its own.
            Some('组') => !chars.get(at + 1).is_some_and(|c| "织建成合装团员长图".contains(*c)),
            Some('队') => !chars.get(at + 1).is_some_and(|c| "伍员长".contains(*c)),
            _ => true,
        };
        if !is_trigger {
            at += 1;
            continue;
        }
        let clause = address_window(reading, at);
        // What every match must hold is looked for first: most windows have none of it.
        let window = with_digits(reading.chars(clause.clone()));
        let may_be_room = may_hold_room(&window);
        let may_be_village = may_hold_village(&window);
        let text = if may_be_room || may_be_village { text_of(&window) } else { String::new() };
        let chars = |bytes: usize| text.get(..bytes).map_or(0, |t| t.chars().count());
        let room = patterns.room.as_ref().filter(|_| may_be_room).and_then(|r| r.find(&text));
        let village = patterns.village.as_ref().filter(|_| may_be_village && room.is_none()).and_then(|r| r.find(&text));
        let Some((found, is_room)) = room.map(|m| (m, true)).or(village.map(|m| (m, false))) else {
            if let Some(range) = hamlet(reading, scan, personal, patterns, clause.clone()) {
                places.push(Address { range, is_room: false, is_hamlet: true });
            }
            at = clause.end.max(at + 1);
            continue;
        };
        let mut range = clause.start + chars(found.start())..clause.start + chars(found.end());
        range.start = after_lead(reading, scan, personal, range.clone());
        at = range.end.max(at + 1);
        // Two signs may tell of one address.
        if places.last().is_none_or(|last: &Address| last.range != range) {
            places.push(Address { range, is_room, is_hamlet: false });
        }
    }
    let houses = houses(personal, patterns, scan, reading);
    if !houses.is_empty() {
        // Places are in order.
        let is_new = |house: &Range<usize>| {
            let next = places.partition_point(|place| place.range.end <= house.start);
            places.get(next).is_none_or(|place| place.range.start >= house.end)
        };
        let houses: Vec<Range<usize>> = houses.into_iter().filter(is_new).collect();
        places.extend(houses.into_iter().map(|range| Address { range, is_room: false, is_hamlet: false }));
        places.sort_by_key(|place| place.range.start);
    }
    places
}

/// Longest address of a house, in characters.
const HOUSE_CHARS: usize = 40;

/// 家住县城南正街47号: houses without a room, right behind a word that says that somebody lives there.
fn houses(personal: &Personal, patterns: &Patterns, scan: &Scan<'_>, reading: &Reading<'_>) -> Vec<Range<usize>> {
    let mut houses: Vec<Range<usize>> = Vec::new();
    let Some(pattern) = patterns.house.as_ref().filter(|_| reading.lists.meets(personal.address)) else { return houses };
    for hit in reading.words_in(scan.lexicon, personal.address, 0..reading.len()) {
        let is_sign = |at: &usize| !matches!(reading.char(*at), Some('为' | '在' | '是' | '于' | ':' | '：' | ' '));
        let start = (hit.end as usize..reading.len()).find(is_sign).unwrap_or(reading.len());
        let window = reading.chars(start..start + HOUSE_CHARS);
        let is_whole = houses.last().is_none_or(|last| last.end <= start);
        if !is_whole || !window.contains(&'号') {
            continue;
        }
        if let Some(found) = pattern.find(&text_of(window)) {
            let range = start..start + found.as_str().chars().count();
            if !is_of_unit(personal, scan, reading, &range) {
                houses.push(range);
            }
        }
    }
    houses
}

/// Words before the address of a unit or of somebody.
const ADDRESS_KEYS: [&str; 4] = ["地址", "住所", "住所地", "所在地"];

/// Whether the sentence is about a unit whose seat this is: …有限公司（…），住所地：….
fn is_of_unit(personal: &Personal, scan: &Scan<'_>, reading: &Reading<'_>, address: &Range<usize>) -> bool {
    let colon = usize::from(address.start > 0 && matches!(reading.char(address.start - 1), Some('：' | ':')));
    let is_key = ADDRESS_KEYS.iter().any(|key| reading.ends_with(address.start - colon, key));
    is_key && reading.has_word(scan.lexicon, personal.office_place, reading.sentence(address.clone()).start..address.start)
}

/// Rooms are told in Han numerals as well: 八栋二单元三零一室 is read as 8栋2单元301室, character by character, 一心村 as it is.
fn with_digits(window: &[char]) -> Cow<'_, [char]> {
    let value = |c: &char| if *c == '十' { Some('1') } else { digit_value(*c).and_then(|d| char::from_digit(u32::from(d), 10)) };
    if !window.iter().any(|c| !c.is_ascii_digit() && value(c).is_some()) {
        return Cow::Borrowed(window);
    }
    let mut read = window.to_vec();
    let mut at = 0;
    while at < window.len() {
        let len = window.get(at..).unwrap_or_default().iter().take_while(|c| value(c).is_some()).count();
        let end = at + len;
        let is_of_room = window.get(end).is_some_and(|c| matches!(c, '栋' | '幢' | '座' | '室' | '楼' | '单' | '号' | '层'))
            || at > 0 && window.get(at - 1).is_some_and(|c| matches!(c, '栋' | '幢' | '元' | '楼' | '层'));
        if len > 0 && is_of_room {
            for c in read.get_mut(at..end).unwrap_or_default() {
                *c = value(c).unwrap_or(*c);
            }
        }
        at = end.max(at + 1);
    }
    Cow::Owned(read)
}

/// What stands right before the figures of such an address.
const SHORT_ESTATES: [&str; 10] = ["小区", "社区", "花园", "家园", "公寓", "苑", "大院", "府", "庭", "新城"];

/// 胡杨小区8#2-301, …花园8-2-301: the address of a room in figures alone, behind a place to live. `hyphen`: the last one.
fn short_room(reading: &Reading<'_>, hyphen: usize) -> Option<Range<usize>> {
    let run = |ends: &mut usize| {
        let end = *ends;
        while *ends > 0 && end - *ends < 4 && reading.char(*ends - 1).is_some_and(|c| c.is_ascii_digit()) {
            *ends -= 1;
        }
        end - *ends
    };
    let room = (hyphen + 1..hyphen + 6).take_while(|&i| reading.char(i).is_some_and(|c| c.is_ascii_digit())).count();
    let end = hyphen + 1 + room;
    let mut at = hyphen;
    let staircase = run(&mut at);
    if !(3..=4).contains(&room) || !(1..=2).contains(&staircase) || matches!(reading.char(end), Some('-')) || at == 0 {
        return None;
    }
    if matches!(reading.char(at - 1), Some('#' | '-' | '号')) {
        at -= 1;
        let building = run(&mut at);
        if !(1..=3).contains(&building) {
            return None;
        }
    }
    let is_estate = SHORT_ESTATES.iter().any(|estate| reading.ends_with(at, estate));
    let end = end + usize::from(matches!(reading.char(end), Some('室' | '号' | '房')));
    is_estate.then(|| address_window(reading, at - 1).start..end)
}

/// 家住癸能村新组17号: without the town, where a word says that somebody lives there.
fn hamlet(reading: &Reading<'_>, scan: &Scan<'_>, personal: &Personal, patterns: &Patterns, clause: Range<usize>) -> Option<Range<usize>> {
    let [parts, _, villages] = VILLAGE_SIGNS;
    let holds_signs = [parts, villages].iter().all(|signs| reading.chars(clause.clone()).iter().any(|c| signs.contains(c)));
    let is_home = || reading.has_word(scan.lexicon, personal.address, clause.clone());
    // 上寨组38号的李国林: a number tells the house.
    let has_number = || reading.chars(clause.clone()).contains(&'号');
    if !holds_signs || !(is_home() || has_number()) {
        return None;
    }
    let start = after_lead(reading, scan, personal, clause.clone());
    let text = reading.text(start..clause.end);
    let found = patterns.hamlet.as_ref()?.find(&text)?;
    if !is_home() && !found.as_str().ends_with('号') {
        return None;
    }
    Some(start..start + found.as_str().chars().count())
}

/// Home addresses: to the room S3, to the group of a village S2 beside a person.
pub fn addresses(personal: &Personal, scan: &Scan<'_>, index: usize, persons: &[Person], places: &[Address], report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    for Address { range, is_room, is_hamlet } in places {
        let before = range.start.saturating_sub(16)..range.start;
        let sentence = reading.row_or_sentence(range.clone());
        let lives = LIVES.iter().any(|word| reading.ends_with(range.start, word));
        let home = lives || reading.has_word(scan.lexicon, personal.address, reading.around(range.clone(), 12, 0));
        let person = persons_in(persons, sentence.clone()).any(|p| !p.is_masked);
        // 被征收人张三，房屋坐落…: whose house it is stands before.
        let led_by = |words: &[&str]| {
            let colon = usize::from(range.start > 0 && matches!(reading.char(range.start - 1), Some('：' | ':')));
            words.iter().any(|word| reading.ends_with(range.start - colon, word))
        };
        let is_whose = |farthest: usize| {
            let from = range.start.saturating_sub(farthest).max(sentence.start);
            persons_in(persons, from..range.start).any(|p| !p.is_masked)
        };
        let is_area = || reading.holds_one(sentence.start.max(range.start.saturating_sub(AREA_CHARS))..range.end, &AREAS);
        let is_office = || reading.has_word(scan.lexicon, personal.office_place, before.clone());
        let is_letter_box = || !is_room && led_by(&LETTERS) && is_whose(OWNER_CHARS);
        let is_house = || led_by(&LOCATED) && is_whose(range.start);
        let is_units = || {
            let sentence_before = sentence.start..range.start;
            is_of_unit(personal, scan, reading, range) && !persons_in(persons, sentence_before).any(|p| !p.is_masked)
        };
        let public = is_units() || !home && (is_office() && !is_letter_box() || is_area() && !is_house());
        let is_served = || {
            let around = before.start..behind_address(reading, range.end);
            reading.has_word(scan.lexicon, personal.office_place, range.start..around.end)
                || reading.has_word(scan.lexicon, personal.served_place, around)
        };
        let inside_public = !home && (!person && is_served() || is_seat(reading.chars(range.clone())));
        let to_room = *is_room && names_a_room(&with_digits(reading.chars(range.clone())));
        let found = |severity| {
            Found::new("PII.ADDRESS", severity, index, range.clone(), "personal/address").because("room", to_room).because("home", home)
        };
        // Somebody of whom only the family name is told lives there all the same.
        let anybody = || persons_in(persons, sentence.clone()).next().is_some();
        // 联珠镇曼兴村老寨组 is a place like others until somebody lives there.
        let in_village = || !persons.is_empty() || reading.has_word(scan.lexicon, personal.address, sentence.clone());
        if !is_room && !in_village() || *is_hamlet && !person && !(*is_room && home) {
            continue;
        }
        if public || inside_public {
            report.suppress(found(Severity::S2), SuppressedReason::Context, "单位、场所或项目的地址");
        } else if to_room {
            report.find(found(if home || anybody() || scan.is_message() { Severity::S3 } else { Severity::S2 }));
        } else if person && !scan.is_message() {
            report.find(found(Severity::S3));
        } else if home {
            report.find(found(Severity::S2));
        } else if *is_room {
            report.suppress(found(Severity::S2), SuppressedReason::Context, "只到楼栋、单元，没有指明哪一户");
        }
    }
}

/// How far behind an address what is there may be told, in characters: …101室`商铺`, …101室`（原居委会办公用房）`.
const SERVED_CHARS: (usize, usize) = (2, 12);

/// Where what is told of a place right behind its address ends, at the latest.
fn behind_address(reading: &Reading<'_>, end: usize) -> usize {
    let is_bracket = matches!(reading.char(end), Some('(' | '（'));
    (end + if is_bracket { SERVED_CHARS.1 } else { SERVED_CHARS.0 }).min(reading.sentence(end..end).end)
}

/// Whether an address goes on to a room: …5幢2单元1203室, …3栋502, …8号201室.
fn names_a_room(address: &[char]) -> bool {
    let rest = address.strip_suffix(&['室']).or_else(|| address.strip_suffix(&['号'])).or_else(|| address.strip_suffix(&['房']));
    let rest = rest.unwrap_or(address);
    let digits = rest.iter().rev().take_while(|c| c.is_ascii_digit()).count();
    let is_built = rest.iter().any(|c| matches!(c, '栋' | '幢' | '楼' | '座' | '单' | '-'));
    digits >= 3 && (is_built || address.ends_with(&['室'])) || digits >= 2 && address.ends_with(&['室'])
}

/// Whether the window holds what every match of [`VILLAGE`] does.
fn may_hold_village(window: &[char]) -> bool {
    VILLAGE_SIGNS.iter().all(|signs| window.iter().any(|c| signs.contains(c)))
}

/// Whether the window holds what every match of [`ROOM`] does: a building with a number before it that another
/// one follows or that stands in a place to live, a numbered room, or a staircase with its room. 14座绿色矿山 is none.
fn may_hold_room(window: &[char]) -> bool {
    let is_digit = |at: usize| window.get(at).is_some_and(char::is_ascii_digit);
    window.iter().enumerate().any(|(at, c)| {
        let follows_digit = at > 0 && is_digit(at - 1);
        let numbered = |end: usize| window.get(end).is_some_and(char::is_ascii_alphanumeric);
        match c {
            '栋' | '幢' => follows_digit && (numbered(at + 1) || is_of_estate(window, at)),
            '号' if window.get(at + 1) == Some(&'楼') => follows_digit && (numbered(at + 2) || is_of_estate(window, at)),
            '座' => follows_digit && numbered(at + 1),
            '室' => follows_digit,
            '单' => window.get(at + 1) == Some(&'元') && is_digit(at + 2),
            _ => false,
        }
    })
}

/// Whether the number before the building at `at` follows the name of a place to live: 阳光小区3栋, 人民路5号2栋.
fn is_of_estate(window: &[char], at: usize) -> bool {
    let before = window.get(..at).unwrap_or_default();
    let estate = before.iter().rposition(|c| !c.is_ascii_digit()).and_then(|end| before.get(end));
    matches!(estate, Some('号' | '区' | '园' | '寓' | '苑' | '村' | '院' | '府'))
}

/// The stretch of Han characters, digits and address signs around `at`.
fn address_window(reading: &Reading<'_>, at: usize) -> Range<usize> {
    let belongs = |i: usize| {
        reading.class(i).is(Class::HAN | Class::DIGIT | Class::LETTER)
            || matches!(reading.char(i), Some('-' | '(' | ')' | '（' | '）' | '#'))
    };
    let mut start = at;
    while start > 0 && at - start < 60 && belongs(start - 1) {
        start -= 1;
    }
    let mut end = at;
    while end < reading.len() && end - at < 40 && belongs(end) {
        end += 1;
    }
    start..end
}

/// Leaves the words that lead to an address (住址、家住、现住) out of its span.
fn after_lead(reading: &Reading<'_>, scan: &Scan<'_>, personal: &Personal, range: Range<usize>) -> usize {
    let mut start = range.start;
    for hit in reading.words_in(scan.lexicon, personal.address, range.clone()) {
        start = start.max(hit.end as usize);
    }
    while start < range.end && matches!(reading.char(start), Some('为' | '在' | '是' | '于')) {
        start += 1;
    }
    // 其房屋坐落于, 将坐落于
    if matches!(reading.char(start), Some('其' | '将' | '该')) && LOCATED.iter().any(|word| reading.starts_with(start + 1, word)) {
        start += 1;
    }
    for words in [LIVES.as_slice(), &LOCATED, &LETTERS, &["位于"]] {
        if let Some(word) = words.iter().find(|word| reading.starts_with(start, word)) {
            start += word.chars().count();
        }
    }
    start.max(behind_dweller(reading, scan, start..range.end)).min(range.end.saturating_sub(1))
}

/// How far from the beginning of what looks like an address 住 may stand, in characters: 被告欧阳海涛住….
const DWELLER_CHARS: usize = 12;
/// What 住 begins that nobody does: 住房, 住建局.
const NO_DWELLING: &str = "建房宅院所宿址户区处楼持用";

/// 被告刘海涛住阳光家园…: where the address begins behind who lives there, else 0.
fn behind_dweller(reading: &Reading<'_>, scan: &Scan<'_>, range: Range<usize>) -> usize {
    let names_somebody = |end: usize| {
        (2..=4).filter_map(|len| end.checked_sub(len)).filter(|start| *start >= range.start).any(|start| {
            let given = scan.lexicon.tables.surname_len(reading.chars(start..end)).map(|len| start + len);
            given.is_some_and(|given| (given + 1..=given + 2).contains(&end) && plain_words::is_given(reading, scan.lexicon, given..end))
        })
    };
    let until = range.end.min(range.start + DWELLER_CHARS);
    let lives = |at: &usize| reading.char(*at) == Some('住') && !reading.char(at + 1).is_some_and(|c| NO_DWELLING.contains(c));
    let dwells = (range.start..until).find(lives).filter(|at| names_somebody(*at));
    dwells.map_or(0, |at| at + 1 + usize::from(matches!(reading.char(at + 1), Some('在' | '于'))))
}

/// What an organ's seat is called: 县委大院, 机关二院, 政府办公楼.
const ORGANS: [&[char]; 6] = [&['党', '委'], &['县', '委'], &['市', '委'], &['机', '关'], &['政', '府'], &['行', '政']];
/// Longest stretch between an organ and its yard or building, in characters.
const SEAT_CHARS: usize = 4;
/// Where those who work there live.
const HOUSING: [&[char]; 5] = [&['家', '属'], &['宿', '舍'], &['小', '区'], &['公', '寓'], &['住', '宅']];

/// Whether an address is the seat of an organ and no housing of those who work there.
fn is_seat(address: &[char]) -> bool {
    let organ = ORGANS.iter().find_map(|organ| address.windows(organ.len()).position(|w| w == *organ).map(|at| at + organ.len()));
    let Some(behind) = organ else { return false };
    let rest = address.get(behind..).unwrap_or_default();
    rest.iter().take(SEAT_CHARS).any(|c| matches!(c, '院' | '楼'))
        && !HOUSING.iter().any(|word| rest.windows(word.len()).any(|w| w == *word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::string::string_regex;

    #[test]
    fn every_pattern_compiles() {
        let patterns = Patterns::default();
        assert!(patterns.room.is_some() && patterns.village.is_some() && patterns.hamlet.is_some() && patterns.house.is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16 * ProptestConfig::default().cases))]

        #[test]
        fn what_a_pattern_matches_is_never_passed_over(
            room in string_regex(ROOM).unwrap(),
            village in string_regex(VILLAGE).unwrap(),
            before in "[\\p{Han}0-9a-z]{0,6}",
            behind in "[\\p{Han}0-9a-z]{0,6}",
        ) {
            let window = |address: &str| format!("{before}{address}{behind}").chars().collect::<Vec<_>>();
            prop_assert!(may_hold_room(&window(&room)));
            prop_assert!(may_hold_village(&window(&village)));
            // Both are looked at around one of these.
            prop_assert!(room.contains(ADDRESS_SIGNS) && village.contains(ADDRESS_SIGNS));
        }
    }
}
