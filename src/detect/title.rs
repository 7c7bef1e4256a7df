//! Whether a repost keeps the meaning of its source's title (DOMAIN §4.2, R-33).
//! Must not know findings or passages.

use super::quantity;
use super::wording::edit_distance;
use std::collections::BTreeMap;

/// What became of a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fidelity {
    Same,
    /// Only a column label was added or an outlet suffix removed: the label.
    Allowed(String),
    /// A person compares: similarity in percent.
    Review {
        similarity: u32,
        emotive: bool,
    },
    /// The meaning changed: what differs.
    Distorted(String),
}

/// Longest title whose distance is measured, in characters.
const TITLE_CHARS_MAX: usize = 1_000;

/// Shortest and longest name of a place that is looked up, in characters.
const PLACE_CHARS_MIN: usize = 2;
const PLACE_CHARS_MAX: usize = 12;
/// Longest name of a public body, in characters.
const BODY_CHARS_MAX: usize = 12;

/// Column labels that may be put before a title.
const LABELS: [&str; 14] =
    ["转载", "转发", "政策速递", "关注", "扩散", "周知", "提醒", "权威发布", "聚焦", "要闻", "时政要闻", "最新", "学习", "分享"];

/// Tokens of which one may be left out, but not exchanged for another of its kind, and how a reader names the kind.
const EXCHANGED: [(&str, &str); 3] = [("scope", "范围（部分、所有、过半等）"), ("period", "时段"), ("state", "状态（停运、恢复等）")];

/// Compares a reposted title with the source's. `tokens`: guard tokens by kind (`negation`, `modality`, `legal_stage`,
/// `level`, `direction`, `scope`, `period`, `state`, `clickbait`), and `short_form`: 全称=简称 of public bodies.
pub fn compare(source: &str, title: &str, outlet: Option<&str>, tokens: &BTreeMap<String, Vec<String>>) -> Fidelity {
    let (wanted, have) = (normalise(source), normalise(title));
    if wanted == have {
        return Fidelity::Same;
    }
    let (label, unlabelled) = strip_label(&have);
    let short_forms = tokens.get("short_form").map(Vec::as_slice).unwrap_or_default();
    let wanted_plain = shortened(strip_outlet(&wanted, outlet), short_forms);
    let have_plain = shortened(strip_outlet(&unlabelled, outlet), short_forms);
    if wanted_plain == have_plain {
        return Fidelity::Allowed(label.unwrap_or_default());
    }
    let clickbait = tokens.get("clickbait").map(Vec::as_slice).unwrap_or_default();
    if let Some(label) = have_plain.strip_suffix(&wanted_plain).filter(|head| is_column(head, outlet, clickbait)) {
        return Fidelity::Allowed(label.to_owned());
    }
    let (a, b): (Vec<char>, Vec<char>) = (wanted_plain.chars().collect(), have_plain.chars().collect());
    // 48万人 and 480000人.
    if quantity::in_one_form(&a) == quantity::in_one_form(&b) {
        return Fidelity::Allowed(label.unwrap_or_default());
    }
    let counted_in = |list: &[String]| (counted(&wanted_plain, list), counted(&have_plain, list));
    let differing = |kind: &str, name: &str| -> Option<String> {
        let (a, b) = counted_in(tokens.get(kind)?);
        (a != b).then(|| name.to_owned())
    };
    let exchanged = |(kind, name): &(&str, &str)| -> Option<String> {
        let (a, b) = counted_in(tokens.get(*kind)?);
        swapped(&a, &b).then(|| (*name).to_owned())
    };
    let distorted = numbers_differ(&a, &b)
        .then(|| "数字".to_owned())
        .or_else(|| differing("negation", "否定词"))
        .or_else(|| differing("modality", "语气（拟、将、征求意见等）"))
        .or_else(|| differing("legal_stage", "法律程序阶段"))
        .or_else(|| differing("level", "预警或等级"))
        .or_else(|| differing("direction", "升降方向"))
        .or_else(|| EXCHANGED.iter().find_map(exchanged))
        .or_else(|| (actor(&wanted_plain) != actor(&have_plain)).then(|| "发布或行为主体".to_owned()))
        .or_else(|| bodies_differ(&bodies(&a), &bodies(&b)).then(|| "发布或行为主体".to_owned()));
    if let Some(what) = distorted {
        return Fidelity::Distorted(what);
    }
    let emotive = tokens.get("clickbait").is_some_and(|list| counted(&wanted_plain, list) != counted(&have_plain, list));
    let longer = a.len().max(b.len()).max(1);
    // The distance costs the product of the lengths; what is longer than any title is another text.
    if longer > TITLE_CHARS_MAX {
        return Fidelity::Distorted("整体表述".to_owned());
    }
    let similarity = 100 - 100 * edit_distance(&a, &b, longer).min(longer) / longer;
    if similarity < 55 && !emotive {
        return Fidelity::Distorted("整体表述".to_owned());
    }
    Fidelity::Review { similarity: similarity as u32, emotive }
}

/// Each names something that the other does not: one was exchanged for another, not only left out.
fn swapped<T: Ord>(a: &BTreeMap<T, usize>, b: &BTreeMap<T, usize>) -> bool {
    a.keys().any(|key| !b.contains_key(key)) && b.keys().any(|key| !a.contains_key(key))
}

/// Whether the places that two titles name were exchanged: 昆明市入选 → 普洱市入选.
pub fn places_differ(source: &str, title: &str, is_place: impl Fn(&str) -> bool) -> bool {
    let places = |text: &str| -> BTreeMap<String, usize> {
        let chars: Vec<char> = normalise(text).chars().collect();
        let mut found = BTreeMap::new();
        let mut at = 0;
        while at < chars.len() {
            let name = (PLACE_CHARS_MIN..=PLACE_CHARS_MAX)
                .rev()
                .filter_map(|len| Some(chars.get(at..at + len)?.iter().collect::<String>()))
                .find(|name| is_place(name));
            at += name.as_ref().map_or(1, |name| name.chars().count());
            // 普洱 and 普洱市, 墨江县 and 墨江哈尼族自治县 are one place.
            found.extend(name.map(|name| (name.chars().take(PLACE_CHARS_MIN).collect::<String>(), 1)));
        }
        found
    };
    swapped(&places(source), &places(title))
}

/// Full names of public bodies in their short form (DOMAIN §4.4 allows it).
fn shortened(title: String, short_forms: &[String]) -> String {
    short_forms
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .fold(title, |text, (full, short)| if text.contains(full) { text.replace(full, short) } else { text })
}

/// Whether each title names a body of which the other names neither the full nor a short form (交通管理局, 交管局).
fn bodies_differ(a: &BTreeMap<String, usize>, b: &BTreeMap<String, usize>) -> bool {
    let is_short_of = |short: &str, full: &str| {
        let mut rest = full.chars();
        short.chars().all(|c| rest.any(|other| other == c))
    };
    let lacks = |one: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>| {
        one.keys().any(|body| !other.keys().any(|o| is_short_of(o, body) || is_short_of(body, o)))
    };
    lacks(a, b) && lacks(b, a)
}

/// The public bodies a title names: 省水利厅, 县医保局, 县人民法院.
fn bodies(title: &[char]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (at, c) in title.iter().enumerate() {
        let after = title.get(at + 1).copied().unwrap_or(' ');
        let before = at.checked_sub(1).and_then(|i| title.get(i)).copied().unwrap_or(' ');
        let ends = match c {
            '厅' => !"客餐大展舞门歌".contains(before) && after != '级',
            '局' => !"结格布大全时开残破当饭定胜危僵败变".contains(before) && !"面势部限地".contains(after),
            '委' => !"员托派任屈婉".contains(after) && before != '常',
            '署' => !"部签联".contains(before) && after != '名',
            '部' => !"全内总干外东西南北中".contains(before) && !"分门署队长位件落级委".contains(after),
            '院' => before == '法' || before == '察',
            _ => false,
        };
        if !ends {
            continue;
        }
        // From the head of the clause, or from the level: 省, 市, 县 …
        let is_start = |&i: &usize| i == 0 || title.get(i - 1).is_some_and(|c| !c.is_alphabetic());
        let first = (at.saturating_sub(BODY_CHARS_MAX)..at)
            .rev()
            .find(|i| is_start(i) || *c != '部' && title.get(*i).is_some_and(|c| "省市县州区镇国".contains(*c)));
        if let Some(first) = first.filter(|first| at - first >= 2) {
            found.insert(title.get(first..=at).unwrap_or_default().iter().collect(), 1);
        }
    }
    found
}

/// Width, blanks, quotes and dashes do not matter.
fn normalise(title: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    // Taken apart, Ⅱ would be two letters, and Ⅰ a part of it.
    let digit = |c: char| match c as u32 {
        roman @ 0x2160..=0x2168 => char::from_digit(roman - 0x215f, 10).unwrap_or(c),
        _ => c,
    };
    title
        .chars()
        .map(digit)
        .nfkc()
        .filter(|c| !c.is_whitespace() && !matches!(*c as u32, 0x200b..=0x200f | 0x2060 | 0xfeff | 0xad))
        .map(|c| match c {
            '“' | '”' | '‘' | '’' | '"' | '\'' | '「' | '」' | '『' | '』' => '\'',
            '—' | '–' | '－' | '―' | '─' => '-',
            '，' => ',',
            '：' => ':',
            '！' => '!',
            '？' => '?',
            _ => c,
        })
        .collect::<String>()
        .trim_end_matches('。')
        .to_lowercase()
}

/// Longest name of a column before a title, in characters, with its sign.
const COLUMN_CHARS_MAX: usize = 14;

/// Whether what stands before an unchanged title is the name of a column (健康科普|, 【安全提示】, #健康溪口#) or of the outlet
/// itself (央视新闻丨, 人民日报评论员:). Another body before a colon would be another speaker.
fn is_column(head: &str, outlet: Option<&str>, clickbait: &[String]) -> bool {
    let Some(sign) = head.chars().next_back() else { return false };
    let outlet = outlet.map(normalise).unwrap_or_default();
    let name = head.trim_matches(['|', '丨', '【', '】', '[', ']', '#', ':']);
    let is_of_outlet = || {
        let short: String = outlet.chars().take(4).collect();
        short.chars().count() >= 3 && name.starts_with(short.trim_end_matches('网')) || !outlet.is_empty() && name.starts_with(&outlet)
    };
    let is_framed = matches!(sign, '|' | '丨') || sign == '】' && head.starts_with('【') || sign == '#' && head.starts_with('#');
    head.chars().count() <= COLUMN_CHARS_MAX
        && !name.is_empty()
        && !name.contains(|c: char| c.is_ascii_digit() || matches!(c, '!' | '?'))
        && !clickbait.iter().any(|word| name.contains(&normalise(word)))
        && (is_framed || sign == ':' && is_of_outlet())
}

/// The column label at the head of a title, with its sign: `转载|`, `【转载】`, `@`.
pub fn label_of(title: &str) -> Option<&str> {
    let signs = ['|', '｜', '丨', ':', '：', '】', ']', '!', '！'];
    let head: String = title.chars().take(12).collect();
    let start = usize::from(title.starts_with('【') || title.starts_with('[')) * title.chars().next().map_or(0, char::len_utf8);
    if let Some(first) = title.chars().next().filter(|c| *c == '@') {
        return title.get(..first.len_utf8());
    }
    let place = head.char_indices().find(|(_, c)| signs.contains(c)).map(|(i, c)| (i, c.len_utf8()))?;
    let word = title.get(start..place.0)?;
    LABELS.contains(&word).then(|| title.get(..place.0 + place.1)).flatten()
}

fn strip_label(title: &str) -> (Option<String>, String) {
    match label_of(title) {
        Some(label) => (Some(label.to_owned()), title.get(label.len()..).unwrap_or_default().to_owned()),
        None => match LABELS.iter().find(|l| title.starts_with(&format!("{l}:")) || title.starts_with(&format!("{l}丨"))) {
            Some(label) => (Some((*label).to_owned()), title.chars().skip(label.chars().count() + 1).collect()),
            None => (None, title.to_owned()),
        },
    }
}

/// `…_云南网`, `…-新华网` at the end of a title.
fn strip_outlet(title: &str, outlet: Option<&str>) -> String {
    let Some(place) = title.rfind(['_', '-', '|', '—']) else { return title.to_owned() };
    let tail = title.get(place..).map(|t| t.trim_start_matches(['_', '-', '|', '—'])).unwrap_or_default();
    // …_国家医疗保障局, as sites of organs sign their pages.
    let is_organ = || {
        matches!(title.get(place..).and_then(|t| t.chars().next()), Some('_' | '|')) && tail.ends_with(['局', '部', '委', '署', '院', '厅'])
    };
    let is_outlet = outlet.is_some_and(|o| normalise(o) == tail)
        || tail.chars().count() <= 12 && is_organ()
        || tail.chars().count() <= 8 && ["网", "报", "新闻", "客户端", "发布", "台"].iter().any(|end| tail.ends_with(end));
    if is_outlet { title.get(..place).unwrap_or_default().trim_end_matches(['_', '-', '|', '—']).to_owned() } else { title.to_owned() }
}

/// How often each token stands in the text; longer tokens first, so that 暂不 does not also count as 不.
fn counted(text: &str, tokens: &[String]) -> BTreeMap<String, usize> {
    let mut rest = text.to_owned();
    let mut counts = BTreeMap::new();
    for token in tokens {
        let token_text = normalise(token);
        let count = rest.matches(token_text.as_str()).count();
        if count > 0 && !token_text.is_empty() {
            counts.insert(token.clone(), count);
            rest = rest.replace(token_text.as_str(), "\u{1}");
        }
    }
    counts
}

/// Whether the numbers with their units differ. A year may be left out, but not exchanged for another.
fn numbers_differ(a: &[char], b: &[char]) -> bool {
    let counts = |title: &[char]| {
        let (mut years, mut others) = (BTreeMap::new(), BTreeMap::new());
        for quantity in quantity::all(title).into_iter().filter(|q| !q.is_article) {
            let is_year = quantity.unit == "年" && quantity.number.len() == 4;
            let counted = if is_year { &mut years } else { &mut others };
            *counted.entry((quantity.value, quantity.unit)).or_insert(0) += 1;
        }
        (years, others)
    };
    let ((a_years, a_others), (b_years, b_others)) = (counts(a), counts(b));
    a_others != b_others || swapped(&a_years, &b_years)
}

/// Who acts: the body named at the head of the title, in short form.
fn actor(title: &str) -> Option<String> {
    let head: String = title.chars().take(16).collect();
    let end = ["多部门", "我县", "我省", "我市", "我州", "我区", "我镇", "我乡"].into_iter().find(|w| head.starts_with(w));
    end.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every labelled pair of the shipped vectors.
    #[test]
    fn the_labelled_pairs_come_out_as_labelled() {
        let tokens: BTreeMap<String, Vec<String>> = {
            let mut tokens: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for line in include_str!("../../dictionaries/tables/title_tokens.csv").lines().skip(1) {
                let (kind, token) = line.split_once(',').expect("two columns");
                tokens.entry(kind.into()).or_default().push(token.trim().into());
            }
            for list in tokens.values_mut() {
                list.sort_by_key(|t| std::cmp::Reverse(t.chars().count()));
            }
            tokens
        };
        let pairs = [
            ("关于2026年春节放假安排的通知", "关于2026年春节放假安排的通知", "same"),
            ("全省冬季供水怎么保障?", "转载|全省冬季供水怎么保障?", "allowed"),
            ("全市新增就业3.1万人_云南网", "全市新增就业3.1万人", "allowed"),
            ("我州“三农”工作开新局", "我州'三农'工作开新局", "same"),
            ("省政府关于印发2026年重点项目清单的通知", "省政府印发2026年重点项目清单", "review"),
            ("国家医保局负责人就居民医保政策答记者问", "重磅!居民医保取消上涨,不交也能报", "distorted"),
            ("昆明至玉溪列车暂不停运", "昆明至玉溪列车停运", "distorted"),
            ("全州空气优良率97.1%", "全州空气优良率91.7%", "distorted"),
            ("医生提示:不宜空腹喝茶", "医生提示:宜空腹喝茶", "distorted"),
            ("气象台发布暴雨黄色预警", "气象台发布暴雨红色预警", "distorted"),
            ("2人因盗伐林木被刑事拘留", "2人因盗伐林木被判刑", "distorted"),
            ("人社厅拟出台新办法", "人社厅出台新办法", "distorted"),
            ("省医保局:部分药品12月起下降", "好消息!省医保局:部分药品12月起下降", "review"),
            ("多部门联合检查燃气安全", "我县检查燃气安全", "distorted"),
            ("四部门联合检查燃气安全", "县住建局检查燃气安全", "distorted"),
            ("省林草局：火险等级降低", "省气象局：火险等级降低", "distorted"),
            ("中华人民共和国民政部公布名单", "民政部公布名单", "allowed"),
            ("示例市人民政府办公室公布名单", "示例市政府办公布名单", "allowed"),
            ("全省八成县建成示范站", "全省九成县建成示范站", "distorted"),
            ("全省建成示范站320个", "全省建成示范站三百二十个", "allowed"),
            ("2025年名单公布", "2026年名单公布", "distorted"),
            ("公安部交通管理局提示雨雾天气慢行", "公安部交管局提示雨雾天气慢行", "allowed"),
            ("部分线路停运", "部分线路恢复", "distorted"),
            ("全省冬修启动", "全省冬修启动——云南网", "allowed"),
        ];
        for (source, title, want) in pairs {
            let got = compare(source, title, None, &tokens);
            let name = match got {
                Fidelity::Same => "same",
                Fidelity::Allowed(_) => "allowed",
                Fidelity::Review { .. } => "review",
                Fidelity::Distorted(_) => "distorted",
            };
            assert_eq!(name, want, "{source} / {title}: {got:?}");
        }
    }
}
