//! Code tables: administrative codes, area codes, card prefixes, holidays, hosts, names.
//! Must not know which detector asks.

use super::load::Sheet;
use crate::model::{Problem, RuleFiles, Text};
use jiff::civil::{Date, Weekday};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// What `codes.csv` says of a finding code; console, reports and docs show exactly this.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct CodeText {
    pub name: String,
    pub message: Text,
    pub suggest: Text,
    pub basis: Text,
    pub finds: String,
    pub why: String,
    pub example: String,
    pub false_alarms: String,
}

/// A name on the approved source list (稿源单位).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceUnit {
    pub name: String,
    pub hosts: Vec<String>,
}

/// A unit or one of its accounts (`units.csv`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitRow {
    pub name: String,
    pub kind: String,
    pub ancestor_hosts: Vec<String>,
    pub own_hosts: Vec<String>,
}

/// A signal of advertising, or of the opposite (`promotion.csv`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromotionWord {
    pub word: String,
    pub signal: String,
    pub points: i32,
}

/// Takes one row: its line, its cells by column, and where problems go.
type TakeRow<'t> = dyn FnMut(u64, &dyn Fn(&str) -> String, &mut Vec<Problem>) + 't;

/// All tables of a ruleset.
#[derive(Debug, Default)]
pub struct Tables {
    /// Six-digit codes ever in force → first and last year.
    admin_codes: FxHashMap<u32, (u16, u16)>,
    /// Names of provinces, prefectures and counties ever in force; of the first two the short ones too (云南, 普洱).
    places: FxHashSet<String>,
    area_codes: FxHashSet<String>,
    /// Card prefix → total length.
    card_prefixes: FxHashMap<u64, Vec<u8>>,
    /// Exception days: `true` = working weekend.
    holidays: BTreeMap<Date, bool>,
    /// Official names of autonomous counties, banners, prefectures, regions.
    pub autonomous: Vec<String>,
    surnames: Surnames,
    /// Characters that given names are made of.
    given: CharSet,
    /// Host → kind (`short` or `map`).
    pub short_links: FxHashMap<String, String>,
    pub ecommerce_hosts: FxHashSet<String>,
    pub official_hosts: FxHashSet<String>,
    /// Names under other domains that are made to be taken for these: jszgedu.com, 12306-cn.top, without hyphens.
    pub imitated_hosts: FxHashSet<String>,
    pub source_units: Vec<SourceUnit>,
    /// Kind → tokens of titles that must not change.
    pub title_tokens: BTreeMap<String, Vec<String>>,
    /// Names of which one wrong character is a severe typo: (name, kind).
    pub fixed_names: Vec<(String, String)>,
    pub promotion: Vec<PromotionWord>,
    /// Character → most common syllable without tone.
    pub pinyin: Vec<(char, String)>,
    /// Other readings of characters that have several.
    pub polyphones: Vec<(char, String)>,
    /// Characters and the parts they are written apart as; one entry a way.
    pub split_characters: Vec<(char, String)>,
    /// Pictures and the characters they are read as.
    pub pictures: Vec<(char, Vec<char>)>,
    /// Pairs of characters of similar shape.
    pub similar_shapes: Vec<(char, char)>,
    pub codes: BTreeMap<String, CodeText>,
    /// Unit → account → row; account is empty for the unit itself.
    units: FxHashMap<String, FxHashMap<String, UnitRow>>,
}

/// Shortest name that is taken for an imitation, in bytes: 12306cn.
const IMITATION_BYTES_MIN: usize = 7;

/// The name of an official host as one word: jszgeducn, and without the country jszgedu.
fn imitations(host: &str) -> impl Iterator<Item = String> {
    let short = host.strip_suffix(".cn").filter(|short| short.contains('.'));
    [Some(host), short].into_iter().flatten().map(|name| name.replace(['.', '-'], ""))
}

impl Tables {
    /// Reads every table; a table that is missing altogether is a problem, since its detector would be blind.
    pub fn read(files: &RuleFiles, problems: &mut Vec<Problem>) -> Self {
        let mut tables = Self::default();
        let mut sheet = |name: &str, required: &[&str], take: &mut TakeRow<'_>| {
            let Some(bytes) = files.0.get(name) else {
                problems.push(Problem::missing(name));
                return;
            };
            let Some(sheet) = Sheet::read(name, bytes, required, None, problems) else { return };
            for (line, cells) in sheet.rows() {
                take(line, &|column| cells.get(column).to_owned(), problems);
            }
        };
        let list = |text: String| text.split('|').map(str::trim).filter(|h| !h.is_empty()).map(str::to_lowercase).collect::<Vec<_>>();
        sheet("dictionaries/codes.csv", &["code", "name", "message", "basis"], &mut |_, cell, _| {
            let text = CodeText {
                name: cell("name"),
                message: cell("message").into(),
                suggest: cell("suggest").into(),
                basis: cell("basis").into(),
                finds: cell("finds"),
                why: cell("why"),
                example: cell("example"),
                false_alarms: cell("false_alarms"),
            };
            tables.codes.insert(cell("code"), text);
        });
        sheet("dictionaries/tables/admin_codes.tsv", &["code", "name", "start", "end"], &mut |line, cell, problems| {
            tables.add_place(cell("code").ends_with("00"), &cell("name"));
            match (cell("code").parse(), cell("start").parse(), cell("end").parse()) {
                (Ok(code), Ok(start), Ok(end)) => {
                    let range: &mut (u16, u16) = tables.admin_codes.entry(code).or_insert((start, end));
                    *range = (range.0.min(start), range.1.max(end));
                }
                // "timeline" and "additional" rows without years are in force or unknown.
                (Ok(code), _, _) => {
                    tables.admin_codes.insert(code, (0, 9999));
                }
                _ => problems.push(bad_cell("dictionaries/tables/admin_codes.tsv", line, "code")),
            }
        });
        sheet("dictionaries/tables/phone_area_codes.tsv", &["area"], &mut |_, cell, _| {
            tables.area_codes.insert(cell("area"));
        });
        sheet("dictionaries/tables/bank_bins.tsv", &["bin", "len"], &mut |line, cell, problems| match (
            cell("bin").parse(),
            cell("len").parse(),
        ) {
            (Ok(bin), Ok(len)) => tables.card_prefixes.entry(bin).or_default().push(len),
            _ => problems.push(bad_cell("dictionaries/tables/bank_bins.tsv", line, "bin")),
        });
        sheet("dictionaries/tables/holidays_cn.tsv", &["date", "kind"], &mut |line, cell, problems| match cell("date").parse() {
            Ok(date) => {
                tables.holidays.insert(date, cell("kind") == "work");
            }
            Err(_) => problems.push(bad_cell("dictionaries/tables/holidays_cn.tsv", line, "date")),
        });
        sheet("dictionaries/tables/autonomous_areas.csv", &["name"], &mut |_, cell, _| tables.autonomous.push(cell("name")));
        sheet("dictionaries/tables/surnames.csv", &["surname"], &mut |_, cell, _| {
            tables.surnames.add(&cell("surname"), cell("when") == "told");
        });
        sheet("dictionaries/tables/given_names.csv", &["character"], &mut |_, cell, _| {
            cell("character").chars().for_each(|c| tables.given.insert(c));
        });
        sheet("dictionaries/tables/short_links.csv", &["host", "kind"], &mut |_, cell, _| {
            tables.short_links.insert(cell("host").to_lowercase(), cell("kind"));
        });
        sheet("dictionaries/tables/ecommerce_hosts.csv", &["host"], &mut |_, cell, _| {
            tables.ecommerce_hosts.insert(cell("host").to_lowercase());
        });
        sheet("dictionaries/tables/official_hosts.csv", &["host"], &mut |_, cell, _| {
            let host = cell("host").to_lowercase();
            tables.imitated_hosts.extend(imitations(&host).filter(|name| name.len() >= IMITATION_BYTES_MIN));
            tables.official_hosts.insert(host);
        });
        sheet("dictionaries/tables/source_units.csv", &["name", "hosts"], &mut |_, cell, _| {
            tables.source_units.push(SourceUnit { name: cell("name"), hosts: list(cell("hosts")) });
        });
        sheet("dictionaries/tables/title_tokens.csv", &["kind", "token"], &mut |_, cell, _| {
            tables.title_tokens.entry(cell("kind")).or_default().push(cell("token"));
        });
        sheet("dictionaries/tables/policy_terms.csv", &["term", "kind"], &mut |_, cell, _| {
            tables.fixed_names.push((cell("term"), cell("kind")))
        });
        sheet(
            "dictionaries/tables/promotion.csv",
            &["word", "signal", "points"],
            &mut |line, cell, problems| match cell("points").parse() {
                Ok(points) => tables.promotion.push(PromotionWord { word: cell("word"), signal: cell("signal"), points }),
                Err(_) => problems.push(bad_cell("dictionaries/tables/promotion.csv", line, "points")),
            },
        );
        sheet("dictionaries/tables/pinyin.tsv", &["character", "pinyin"], &mut |_, cell, _| {
            tables.pinyin.extend(cell("character").chars().next().map(|c| (c, cell("pinyin"))));
        });
        sheet("dictionaries/tables/polyphones.csv", &["character", "pinyin"], &mut |_, cell, _| {
            tables.polyphones.extend(cell("character").chars().next().map(|c| (c, cell("pinyin"))));
        });
        sheet("dictionaries/tables/split_characters.tsv", &["character", "parts"], &mut |_, cell, _| {
            if let Some(c) = cell("character").chars().next() {
                tables.split_characters.extend(cell("parts").split(' ').map(|parts| (c, parts.to_owned())));
            }
        });
        sheet("dictionaries/tables/pictures.csv", &["picture", "reads"], &mut |_, cell, _| {
            tables.pictures.extend(cell("picture").chars().next().map(|c| (c, cell("reads").chars().collect())));
        });
        sheet("dictionaries/tables/similar_shapes.tsv", &["character", "similar"], &mut |_, cell, _| {
            if let Some(c) = cell("character").chars().next() {
                tables.similar_shapes.extend(cell("similar").chars().map(|other| (c, other)));
            }
        });
        sheet("units.csv", &["unit", "account", "name", "kind", "ancestor_hosts", "own_hosts"], &mut |_, cell, _| {
            let row = UnitRow {
                name: cell("name"),
                kind: cell("kind"),
                ancestor_hosts: list(cell("ancestor_hosts")),
                own_hosts: list(cell("own_hosts")),
            };
            tables.units.entry(cell("unit")).or_default().insert(cell("account"), row);
        });
        for tokens in tables.title_tokens.values_mut() {
            tokens.sort_by_key(|t| std::cmp::Reverse(t.chars().count()));
        }
        tables.surnames.doubles.sort_unstable();
        tables
    }

    /// What is written of an account of a unit; of the unit itself where `account` is empty.
    pub fn unit(&self, unit: &str, account: &str) -> Option<&UnitRow> {
        self.units.get(unit)?.get(account)
    }

    /// The same of the account, else of the unit itself.
    pub fn unit_or_account(&self, unit: &str, account: &str) -> Option<&UnitRow> {
        let accounts = self.units.get(unit)?;
        accounts.get(account).or_else(|| accounts.get(""))
    }

    /// Whether a surname of one or two characters begins with this character.
    pub fn begins_surname(&self, c: char) -> bool {
        self.surnames.singles.has(c) || self.surnames.double_starts.has(c)
    }

    /// Length in characters of the surname that `chars` begins with; the longer one where two fit.
    pub fn surname_len(&self, chars: &[char]) -> Option<usize> {
        let first = *chars.first()?;
        let is_double = self.surnames.double_starts.has(first)
            && matches!(chars, [_, second, ..] if self.surnames.doubles.binary_search(&[first, *second]).is_ok());
        if is_double { Some(2) } else { self.surnames.singles.has(first).then_some(1) }
    }

    /// Whether the surname of this one character is far more often another word (和, 都, 家): believed only where the text
    /// says that a name stands there.
    pub fn is_rare_surname(&self, c: char) -> bool {
        self.surnames.rare.has(c)
    }

    /// Whether given names are made of these characters.
    pub fn is_given(&self, chars: &[char]) -> bool {
        chars.iter().all(|c| self.given.has(*c))
    }

    fn add_place(&mut self, is_large: bool, name: &str) {
        const PLACE_CHARS_MIN: usize = 3;
        if name.chars().count() < PLACE_CHARS_MIN || name.starts_with("省") || name.starts_with("自治区") || name == "市辖区" {
            return;
        }
        let head = name.trim_end_matches(['省', '市']).trim_end_matches("地区");
        if is_large && head.chars().count() + 1 >= PLACE_CHARS_MIN {
            self.places.insert(head.to_owned());
        }
        self.places.insert(name.to_owned());
    }

    /// Whether this is the name of a province, prefecture or county.
    pub fn is_place(&self, name: &str) -> bool {
        self.places.contains(name)
    }

    /// Whether the six-digit code was ever in force.
    pub fn is_admin_code(&self, code: u32) -> bool {
        self.admin_codes.contains_key(&code)
    }

    /// Whether the digits (with the leading 0) are a landline area code.
    pub fn is_area_code(&self, digits: &str) -> bool {
        self.area_codes.contains(digits)
    }

    /// Whether a card number of this length begins with an issued prefix.
    pub fn has_card_prefix(&self, digits: &[u8]) -> bool {
        let mut prefix = 0u64;
        for (i, digit) in digits.iter().take(12).enumerate() {
            prefix = prefix * 10 + u64::from(*digit);
            if i >= 2 && self.card_prefixes.get(&prefix).is_some_and(|lens| lens.contains(&(digits.len() as u8))) {
                return true;
            }
        }
        false
    }

    /// Whether `date` is a working day; `None` where the State Council table of its year is not known.
    pub fn is_workday(&self, date: Date) -> Option<bool> {
        self.knows_year(date.year()).then(|| match self.holidays.get(&date) {
            Some(&working) => working,
            None => !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
        })
    }

    /// Whether the holiday table holds the year.
    pub fn knows_year(&self, year: i16) -> bool {
        let (Ok(first), Ok(last)) = (Date::new(year, 1, 1), Date::new(year, 12, 31)) else { return false };
        // Every published year has its New Year holiday; the table of the next year may touch the December before.
        self.holidays.range(first..=last).any(|(date, _)| date.month() <= 2)
    }

    /// The day `days` working days after `from`, which is not counted; `None` where the calendar is unknown.
    pub fn add_workdays(&self, from: Date, days: u32) -> Option<Date> {
        let mut date = from;
        let mut left = days;
        while left > 0 {
            date = date.tomorrow().ok()?;
            if self.is_workday(date)? {
                left -= 1;
            }
        }
        Some(date)
    }

    /// Working days from `from` to `to`, both counted; `None` where the calendar is unknown or the span is over two years.
    pub fn workdays_between(&self, from: Date, to: Date) -> Option<u32> {
        let mut date = from;
        let mut count = 0;
        for _ in 0..732 {
            if date > to {
                return Some(count);
            }
            count += u32::from(self.is_workday(date)?);
            date = date.tomorrow().ok()?;
        }
        None
    }
}

/// Surnames of one and of two characters; longer ones are not looked for.
#[derive(Debug, Default)]
struct Surnames {
    singles: CharSet,
    /// Those of the singles that are rare as surnames.
    rare: CharSet,
    double_starts: CharSet,
    /// Sorted.
    doubles: Vec<[char; 2]>,
}

impl Surnames {
    fn add(&mut self, surname: &str, is_rare: bool) {
        let mut chars = surname.chars();
        match (chars.next(), chars.next(), chars.next()) {
            (Some(only), None, _) => {
                self.singles.insert(only);
                if is_rare {
                    self.rare.insert(only);
                }
            }
            (Some(first), Some(second), None) => {
                self.double_starts.insert(first);
                self.doubles.push([first, second]);
            }
            _ => {}
        }
    }
}

/// Characters of the basic plane, one bit each.
#[derive(Debug, Default)]
struct CharSet(Vec<u64>);

impl CharSet {
    fn insert(&mut self, c: char) {
        self.0.resize(1 << 10, 0);
        if let Some(word) = self.0.get_mut(c as usize >> 6) {
            *word |= 1 << (c as u32 & 63);
        }
    }

    fn has(&self, c: char) -> bool {
        self.0.get(c as usize >> 6).is_some_and(|word| word >> (c as u32 & 63) & 1 == 1)
    }
}

fn bad_cell(file: &str, line: u64, key: &str) -> Problem {
    Problem {
        file: file.into(), line: Some(line), key: key.into(), reason: "单元格内容不对".into(), cure: "按同列其他行的写法改正".into()
    }
}
