//! Personal data that a post asks for without need, and pictures of documents and faces that it shows (R-43; DOMAIN §3.2).
//! Must not know numbers; what stands in full digits is in `personal`.

use super::Scan;
use super::beside;
use super::names::Person;
use super::people::persons_in;
use super::personal::Personal;
use super::reading::Reading;
use super::report::{Found, Report};
use crate::model::Severity;
use crate::text::passage::Role;
use std::ops::Range;

/// How far from the datum the verb that asks for it stands, in characters.
const VERB_CHARS: usize = 20;
/// How far before and behind the datum a service is looked for, in characters.
const SERVICE_CHARS: usize = 120;
/// How far around it a sentence is read, in characters.
const SENTENCE_CHARS: usize = 60;
const BASIS_MESSAGE: &str = "要求填报身份证号、银行卡号或人脸等信息，却没有写明办理什么服务，属于超过服务需求获取个人信息";
/// Where people are made to hand in what is asked of them.
const CHANNELS: [&[char]; 16] = [
    &['链', '接'],
    &['二', '维', '码'],
    &['扫', '码'],
    &['小', '程', '序'],
    &['微', '信', '群'],
    &['工', '作', '群'],
    &['群', '内'],
    &['群', '里'],
    &['评', '论', '区'],
    &['留', '言', '区'],
    &['问', '卷'],
    &['投', '票'],
    &['接', '龙'],
    &['抽', '奖'],
    &['打', '卡'],
    &['网', '址'],
];
/// Words that demand something of the reader: news of a register do not.
const DEMANDS: [&[char]; 8] = [&['评', '论', '区'], &['请'], &['须'], &['需'], &['应'], &['即', '可'], &['方', '可'], &['参', '与', '者']];
/// Of whom faces and fingerprints are gathered.
const SUBJECTS: [&[char]; 10] = [
    &['家', '长'],
    &['学', '生'],
    &['师', '生'],
    &['租', '客'],
    &['房', '东'],
    &['住', '户'],
    &['业', '主'],
    &['居', '民'],
    &['村', '民'],
    &['员', '工'],
];
/// What warns, forbids or has people come with their papers.
const GUARDS: [&[char]; 23] = [
    &['不', '收', '集'],
    &['不', '采', '集'],
    &['匿', '名'],
    &['不', '得'],
    &['不', '要'],
    &['无', '需'],
    &['无', '须'],
    &['不', '需'],
    &['切', '勿'],
    &['请', '勿'],
    &['谨', '防'],
    &['警', '惕'],
    &['严', '禁'],
    &['禁', '止'],
    &['诈', '骗'],
    &['骗', '子'],
    &['携', '带'],
    &['凭'],
    &['持', '本', '人'],
    &['持', '有', '效'],
    &['持', '证'],
    &['出', '示'],
    &['泄', '露'],
];
/// Words of a text that shows what it speaks of.
const SHOWN: [&[char]; 11] = [
    &['公', '布'],
    &['统', '一', '采', '集'],
    &['附'],
    &['下', '图'],
    &['见', '图'],
    &['如', '图'],
    &['图', '为'],
    &['公', '示'],
    &['张', '贴'],
    &['曝', '光'],
    &['已', '采', '集'],
];
/// What is asked for or speaks of the matter in general is not shown.
const NOT_SHOWN: [&[char]; 16] = [
    &['办', '理'],
    &['自', '助'],
    &['取', '证'],
    &['门', '禁'],
    &['上', '传'],
    &['提', '交'],
    &['携', '带'],
    &['提', '供'],
    &['申', '请', '材', '料'],
    &['复', '印', '件'],
    &['扫', '描', '件'],
    &['不', '得'],
    &['严', '禁'],
    &['办', '法'],
    &['条', '例'],
    &['识', '别', '技', '术'],
];
/// Whose pictures they may be when no name is told.
const GROUPS: [&[char]; 7] = [&['全', '体'], &['名', '单'], &['学', '生'], &['职', '工'], &['员', '工'], &['村', '民'], &['居', '民']];
/// Notices that look for somebody.
const SOUGHT: [&[char]; 7] = [&['寻', '人'], &['失', '踪'], &['走', '失'], &['通', '缉'], &['悬', '赏'], &['寻', '找'], &['在', '逃']];

pub fn detect(personal: &Personal, scan: &Scan<'_>, index: usize, persons: &[Person], report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let lists = personal.id.and(personal.bank).and(personal.biometric);
    if scan.is_message() || !reading.lists.meets(lists) {
        return;
    }
    asked(personal, scan, index, report);
    shown(personal, scan, index, persons, report);
}

/// The sentence around the range, as far as its words are believed to be about it.
fn near_sentence(reading: &Reading<'_>, range: Range<usize>) -> Range<usize> {
    let near = reading.around(range.clone(), SENTENCE_CHARS, SENTENCE_CHARS);
    let sentence = reading.sentence(range);
    near.start.max(sentence.start)..near.end.min(sentence.end)
}

/// 填写问卷 … 身份证号: the datum is asked for, by a channel open to anybody, and no service is named that needs it.
fn asked(personal: &Personal, scan: &Scan<'_>, index: usize, report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let role = reading.passage.role;
    let is_linked = matches!(role, Role::LinkLabel | Role::ImageAlt | Role::Qr | Role::BodyAlt)
        || scan.draft.links.as_ref().is_some_and(|links| !links.is_empty())
        || scan.draft.images.iter().flatten().any(|image| image.qr.is_some());
    let serves = |reading: &Reading<'_>, range: Range<usize>| reading.has_word(scan.lexicon, personal.ask_service, range);
    let lists = personal.id.and(personal.bank).and(personal.biometric);
    let mut done: [bool; 3] = [false; 3];
    let mut end = 0;
    for hit in reading.words_in(scan.lexicon, lists, 0..reading.len()) {
        let range = hit.start as usize..hit.end as usize;
        let datum = scan.lexicon.lists_of(hit.pattern);
        let (kind, code) = if datum.meets(personal.biometric) {
            (0, "PII.BIOMETRIC")
        } else if datum.meets(personal.id) {
            (1, "PII.ID18")
        } else if reading.holds_one(range.clone(), &[&['卡'], &['银', '行', '账']]) {
            (2, "PII.BANK")
        } else {
            continue;
        };
        if done.get(kind) != Some(&false) || range.start < end {
            continue;
        }
        let sentence = near_sentence(reading, range.clone());
        let near = reading.around(range.clone(), VERB_CHARS, VERB_CHARS);
        let near = near.start.max(sentence.start)..near.end.min(sentence.end);
        if !reading.has_word(scan.lexicon, personal.ask_verb, near) {
            continue;
        }
        if reading.holds_one(sentence.clone(), &GUARDS) {
            end = sentence.end;
            continue;
        }
        // Whatever comes next stands in the same company.
        end = range.end + VERB_CHARS;
        let paragraph = reading.around(range.clone(), SERVICE_CHARS, SERVICE_CHARS);
        // 采集虹膜、声纹和指纹: nobody needs those for what a school or a street does.
        let is_of_body = kind == 0 && reading.holds_one(paragraph.clone(), &SUBJECTS) && {
            reading.holds_one(sentence.clone(), &DEMANDS) || reading.holds_one(sentence.clone(), &[&['将']])
        };
        let is_open = is_linked || is_of_body || reading.holds_one(paragraph.clone(), &CHANNELS) && reading.holds_one(sentence, &DEMANDS);
        let names_service =
            serves(reading, paragraph) || scan.title().is_some_and(|title| serves(title, 0..SERVICE_CHARS.min(title.len())));
        if is_open && !names_service {
            if let Some(done) = done.get_mut(kind) {
                *done = true;
            }
            let more = ["号码", "号"].iter().find(|word| reading.starts_with(range.end, word)).map_or(0, |word| word.chars().count());
            let range = range.start..range.end + more;
            end = range.end;
            let found = Found::new(code, Severity::S2, index, range, "personal/asked");
            report.find(found.saying(BASIS_MESSAGE).instead("删去这一项，或写明办理的服务和必须填报的依据"));
        }
    }
}

/// 附张三身份证照片, 全体学生指纹、人脸信息附后.
fn shown(personal: &Personal, scan: &Scan<'_>, index: usize, persons: &[Person], report: &mut Report) {
    let Some(reading) = scan.readings.get(index).filter(|r| r.lists.meets(personal.biometric)) else { return };
    // Pictures tell by their own names: `people::biometric`.
    if matches!(reading.passage.role, Role::ImageAlt | Role::AttachmentName | Role::BodyAlt) {
        return;
    }
    let mut done = 0;
    for hit in reading.words_in(scan.lexicon, personal.biometric, 0..reading.len()) {
        let range = hit.start as usize..hit.end as usize;
        let sentence = near_sentence(reading, range.clone());
        if range.start < done {
            continue;
        }
        if !reading.holds_one(sentence.clone(), &SHOWN) || reading.holds_one(sentence.clone(), &NOT_SHOWN) {
            done = sentence.end;
            continue;
        }
        done = range.end;
        let somebody = persons_in(persons, sentence.clone()).next().is_some()
            || reading.holds_one(sentence.clone(), &GROUPS)
            || beside::of_document(reading, scan.lexicon, range.start, &personal.names);
        if somebody && !report.covers(&["PII.BIOMETRIC"], index, &range) {
            done = sentence.end;
            let severity = if reading.holds_one(sentence, &SOUGHT) { Severity::S1 } else { Severity::S2 };
            report.find(Found::new("PII.BIOMETRIC", severity, index, range, "personal/biometric"));
        }
    }
}
