//! Whether a repost keeps the meaning of its source's title (DOMAIN §4.2, R-33).
//! Must not know findings or passages.

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

/// Column labels that may be put before a title.
const LABELS: [&str; 14] =
    ["转载", "转发", "政策速递", "关注", "扩散", "周知", "提醒", "权威发布", "聚焦", "要闻", "时政要闻", "最新", "学习", "分享"];

/// Compares a reposted title with the source's. `tokens`: guard tokens by kind (`negation`, `modality`, `legal_stage`,
/// `level`, `direction`, `clickbait`).
pub fn compare(source: &str, title: &str, outlet: Option<&str>, tokens: &BTreeMap<String, Vec<String>>) -> Fidelity {
    let (wanted, have) = (normalise(source), normalise(title));
    if wanted == have {
        return Fidelity::Same;
    }
    let (label, unlabelled) = strip_label(&have);
    let wanted_plain = strip_outlet(&wanted, outlet);
    let have_plain = strip_outlet(&unlabelled, outlet);
    if wanted_plain == have_plain {
        return Fidelity::Allowed(label.unwrap_or_default());
    }
    let differing = |kind: &str, name: &str| -> Option<String> {
        let list = tokens.get(kind)?;
        (counted(&wanted_plain, list) != counted(&have_plain, list)).then(|| name.to_owned())
    };
    let numbers_differ = (numbers(&wanted_plain) != numbers(&have_plain)).then(|| "数字".to_owned());
    let distorted = numbers_differ
        .or_else(|| differing("negation", "否定词"))
        .or_else(|| differing("modality", "语气（拟、将、征求意见等）"))
        .or_else(|| differing("legal_stage", "法律程序阶段"))
        .or_else(|| differing("level", "预警或等级"))
        .or_else(|| differing("direction", "升降方向"))
        .or_else(|| (actor(&wanted_plain) != actor(&have_plain)).then(|| "发布或行为主体".to_owned()));
    if let Some(what) = distorted {
        return Fidelity::Distorted(what);
    }
    let emotive = tokens.get("clickbait").is_some_and(|list| counted(&wanted_plain, list) != counted(&have_plain, list));
    let (a, b): (Vec<char>, Vec<char>) = (wanted_plain.chars().collect(), have_plain.chars().collect());
    let longer = a.len().max(b.len()).max(1);
    let similarity = 100 - 100 * edit_distance(&a, &b, longer).min(longer) / longer;
    if similarity < 55 && !emotive {
        return Fidelity::Distorted("整体表述".to_owned());
    }
    Fidelity::Review { similarity: similarity as u32, emotive }
}

/// Width, blanks, quotes and dashes do not matter.
fn normalise(title: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    title
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
    let is_outlet = outlet.is_some_and(|o| normalise(o) == tail)
        || tail.chars().count() <= 8 && ["网", "报", "新闻", "客户端", "发布", "台"].iter().any(|end| tail.ends_with(end));
    if is_outlet { title.get(..place).unwrap_or_default().to_owned() } else { title.to_owned() }
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

/// Numbers with their unit. A year in front of 年 may be left out or put in.
fn numbers(text: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        if !c.is_ascii_digit() {
            at += 1;
            continue;
        }
        let end =
            (at..chars.len()).find(|&i| !chars.get(i).is_some_and(|c| c.is_ascii_digit() || matches!(c, '.' | ','))).unwrap_or(chars.len());
        let number: String = chars.get(at..end).unwrap_or_default().iter().collect();
        let unit = chars.get(end).copied().unwrap_or(' ');
        let is_year = unit == '年' && number.len() == 4 && (number.starts_with("19") || number.starts_with("20"));
        if !is_year {
            *counts.entry(format!("{number}{unit}")).or_default() += 1;
        }
        at = end;
    }
    counts
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
                tokens.entry(kind.into()).or_default().push(token.into());
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
