//! Names of autonomous counties and prefectures that are none: 黎平侗族自治县, 恩施苗族土家族自治州 (DOMAIN §5.7).
//! Must not know findings, severities or sentences.

use crate::lexicon::Lexicon;
use std::collections::HashMap;

/// 自治县, 自治州, 自治旗.
const SUFFIX_CHARS: usize = 3;
/// Length of a place's name before its peoples, in characters.
const STEM_CHARS_MAX: usize = 6;
const STEM_CHARS_MIN: usize = 2;
const PEOPLES: [&str; 47] = [
    "蒙古族",
    "回族",
    "藏族",
    "维吾尔族",
    "苗族",
    "彝族",
    "壮族",
    "布依族",
    "朝鲜族",
    "满族",
    "侗族",
    "瑶族",
    "白族",
    "土家族",
    "哈尼族",
    "哈萨克族",
    "傣族",
    "黎族",
    "傈僳族",
    "佤族",
    "畲族",
    "高山族",
    "拉祜族",
    "水族",
    "东乡族",
    "纳西族",
    "景颇族",
    "柯尔克孜族",
    "土族",
    "达斡尔族",
    "仫佬族",
    "羌族",
    "布朗族",
    "撒拉族",
    "毛南族",
    "仡佬族",
    "锡伯族",
    "阿昌族",
    "普米族",
    "塔吉克族",
    "怒族",
    "鄂温克族",
    "德昂族",
    "保安族",
    "裕固族",
    "京族",
    "独龙族",
];

/// What stands before the peoples of each official name (墨江 of 墨江哈尼族自治县), and the name.
pub struct AreaNames {
    by_stem: HashMap<Vec<char>, String>,
}

impl AreaNames {
    /// `officials` are the folded official names.
    pub fn new(officials: &[Vec<char>]) -> Self {
        let stem_of = |name: &Vec<char>| {
            let before = name.get(..name.len().checked_sub(SUFFIX_CHARS)?)?;
            let stem = without_peoples(before);
            (stem.len() < before.len()).then(|| (stem.to_vec(), name.iter().collect()))
        };
        Self { by_stem: officials.iter().filter_map(stem_of).collect() }
    }

    /// The official name that was meant (of the county that is no autonomous one, if so) and how long the wrong name is,
    /// where `run` ends in a name of an autonomous area that does not exist.
    pub fn wrong(&self, run: &[char], lexicon: &Lexicon) -> Option<(String, usize)> {
        let (before, suffix) = run.split_at_checked(run.len().checked_sub(SUFFIX_CHARS)?)?;
        let stem_run = without_peoples(before);
        if stem_run.len() == before.len() || !matches!(suffix, ['自', '治', '县' | '州' | '旗']) {
            return None;
        }
        let peoples = before.len() - stem_run.len();
        for len in (STEM_CHARS_MIN..=STEM_CHARS_MAX.min(stem_run.len())).rev() {
            let stem = stem_run.get(stem_run.len() - len..)?;
            let whole = len + peoples + SUFFIX_CHARS;
            let text = |chars: &[char]| chars.iter().collect::<String>();
            // 海南黎族苗族自治州 was one once.
            if lexicon.tables.is_place(&text(run.get(run.len() - whole..)?)) {
                return None;
            }
            if let Some(official) = self.by_stem.get(stem) {
                return Some((official.clone(), whole));
            }
            let county = ["县", "市", "区"].iter().map(|rank| text(stem) + rank).find(|name| lexicon.tables.is_place(name));
            if let Some(county) = county {
                return Some((county, whole));
            }
        }
        None
    }
}

fn without_peoples(mut chars: &[char]) -> &[char] {
    let ends = |chars: &[char], people: &str| people.chars().rev().eq(chars.iter().rev().take(people.chars().count()).copied());
    while let Some(people) = PEOPLES.iter().filter(|people| ends(chars, people)).max_by_key(|people| people.len()) {
        chars = chars.get(..chars.len().saturating_sub(people.chars().count())).unwrap_or_default();
    }
    chars
}
