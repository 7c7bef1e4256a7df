//! What must hold for every input: shared by the fuzz targets and by `tests/fuzzed.rs`, which replays the kept inputs.
//! Must not know what any input means.

#[path = "../../tests/rules/mod.rs"]
mod rules;

use rules::{FILES, RULES, assert_sound};
use xianshen::explain::Explainer;
use xianshen::model::{Attachment, Declared, Draft, Format, Image, Kind, Link, Severity, Source, UndeterminedReason, Verdict};
use xianshen::ruleset::{RuleFiles, Ruleset};
use xianshen::text::extract::extract as passages_of;
use xianshen::text::passage::Role;

/// Longest input that is tried: what is longer shows nothing more, later.
const INPUT_BYTES_MAX: usize = 64 << 10;
/// Stands between the fields of a draft.
const BETWEEN_FIELDS: char = '\u{1f}';

/// Three bytes choose kind, format and what is declared; the rest is text, field by field.
fn draft(data: &[u8]) -> Option<Draft> {
    let (head, text) = data.split_first_chunk::<3>()?;
    let text = String::from_utf8_lossy(text);
    let mut fields = text.split(BETWEEN_FIELDS).map(str::to_owned);
    let mut next = || fields.next().filter(|field| !field.is_empty());
    let (title, body) = (next().unwrap_or_default(), next().unwrap_or_default());
    let (subtitle, author, account) = (next(), next(), next());
    let source = Source { name: next(), title: next(), url: next(), text: next() };
    let (label, url, name, alt, qr, attachment, statute) = (next(), next(), next(), next(), next(), next(), next());
    Some(Draft {
        account: account.unwrap_or_else(|| "示例发布".to_owned()),
        as_of: Some(jiff::civil::date(2026, 11, 23)),
        attachments: attachment.map(|name| vec![Attachment { name, sha256: None }]),
        author,
        body,
        declared: (head[2] & 1 == 1 || statute.is_some()).then(|| Declared {
            guardian_consent: (head[2] & 2 == 2).then_some(head[2] & 4 == 4),
            statute,
            template: (head[2] & 8 == 8).then(|| "天气预警".to_owned()),
        }),
        format: [Format::Text, Format::Html, Format::Markdown][usize::from(head[1]) % 3],
        id: "fuzzed".to_owned(),
        images: (name.is_some() || qr.is_some() || alt.is_some())
            .then(|| vec![Image { alt, name: name.unwrap_or_default(), qr, sha256: None }]),
        kind: [Kind::Original, Kind::Repost, Kind::Message, Kind::Reply][usize::from(head[0]) % 4],
        links: url.map(|url| vec![Link { label, url }]),
        platform: "微信".to_owned(),
        revision: 1,
        source: (source != Source::default()).then_some(source),
        subtitle,
        title,
        unit: "mojiang-example".to_owned(),
    })
}

/// Any draft is judged to the end, with sound places, the same each time, and can be explained.
pub fn judge(data: &[u8]) {
    if data.len() > INPUT_BYTES_MAX {
        return;
    }
    let Some(draft) = draft(data) else { return };
    let verdict = RULES.judge(&draft);
    assert_ne!(verdict.undetermined.map(|u| u.reason), Some(UndeterminedReason::Panic));
    assert_sound(&draft, &verdict);
    let stops = verdict.undetermined.is_some() || verdict.findings.iter().any(|f| f.severity == Severity::S3);
    assert_eq!(verdict.blocked, stops);
    let written = serde_json::to_vec(&draft).expect("a draft can be written");
    let read = Draft::from_json(&written).expect("what was written can be read");
    assert_eq!(read, draft);
    let again = RULES.judge(&read).to_json();
    assert_eq!(again, verdict.to_json(), "judging is a function");
    let kept: Verdict = serde_json::from_str(&again).expect("a verdict can be read");
    let explainer = Explainer::new(&draft, &kept, Some(&RULES));
    for finding in &kept.findings {
        assert!(!explainer.finding(finding, &finding.text, false).is_empty());
    }
    for hit in &kept.suppressed {
        assert!(!explainer.suppressed(hit, &hit.text, false).is_empty());
    }
}

/// One byte chooses the format; every character of every passage leads back to characters of the submitted string.
pub fn extract(data: &[u8]) {
    if data.len() > INPUT_BYTES_MAX {
        return;
    }
    let Some((format, body)) = data.split_first() else { return };
    let format = [Format::Html, Format::Markdown, Format::Text][usize::from(*format) % 3];
    let draft = rules::draft(format, String::from_utf8_lossy(body));
    let Ok(passages) = passages_of(&draft) else { return };
    for passage in &passages {
        let mut before = 0;
        for (at, c) in passage.text.char_indices() {
            let place = passage.locate(at..at + c.len_utf8());
            assert!(passage.submitted.get(place.clone()).is_some(), "{place:?} cuts a character");
            // A blank that stands for markup has no place of its own, and what is hidden is a list of things apart: the value
            // of an attribute, then its name.
            if !place.is_empty() && passage.role != Role::Hidden {
                assert!(place.start >= before, "{:?}: {place:?} goes back behind {before}", passage.role);
                before = place.start;
            }
            passage.has_entity(&(at..at + c.len_utf8()));
        }
        let whole = passage.locate(0..passage.text.len());
        assert!(passage.submitted.get(whole).is_some());
        for cell in &passage.cells {
            assert!(passage.text.get(cell.span.clone()).is_some());
            assert!(cell.header.as_ref().is_none_or(|header| passage.text.get(header.clone()).is_some()));
        }
    }
}

/// Files that a set is made of; the fuzzed one takes the place of one of them, or stands beside them.
const PLACES: [&str; 12] = [
    "dictionaries/fuzzed.csv",
    "dictionaries/fuzzed.cases.toml",
    "dictionaries/codes.csv",
    "dictionaries/words/guards.csv",
    "dictionaries/tables/surnames.csv",
    "dictionaries/tables/admin_codes.tsv",
    "dictionaries/tables/holidays_cn.tsv",
    "dictionaries/tables/pinyin.tsv",
    "dictionaries/tables/lookalikes.csv",
    "dictionaries/tables/source_units.csv",
    "policy.toml",
    "units.csv",
];
/// Small files that let most of a set be read; the large tables are missing, so that one try takes a moment.
const SMALL: [&str; 4] = ["dictionaries/codes.csv", "dictionaries/tables/surnames.csv", "policy.toml", "units.csv"];
/// One good file in so many is tried with the whole set.
const WHOLE_SET_EVERY: usize = 32;

/// One byte chooses the file. Whatever is in it, a set is used or refused with problems that name file and reason.
pub fn dictionary(data: &[u8]) {
    if data.len() > INPUT_BYTES_MAX {
        return;
    }
    let Some((place, content)) = data.split_first() else { return };
    let place = PLACES[usize::from(*place) % PLACES.len()];
    let mut files = RuleFiles::default();
    for name in SMALL {
        files.0.insert(name.to_owned(), FILES.0[name].clone());
    }
    files.0.insert(place.to_owned(), content.to_vec());
    let problems = match Ruleset::compile(&files) {
        Ok(_) => Vec::new(),
        Err(problems) => problems,
    };
    for problem in &problems {
        assert!(!problem.file.is_empty() && !problem.reason.is_empty() && !problem.cure.is_empty(), "{problem:?}");
    }
    let is_good = !problems.iter().any(|problem| problem.file == place);
    let sum: usize = content.iter().map(|&byte| usize::from(byte)).sum();
    if !is_good || !sum.is_multiple_of(WHOLE_SET_EVERY) {
        return;
    }
    let mut whole = FILES.clone();
    whole.0.insert(place.to_owned(), content.to_vec());
    if let Ok(ruleset) = Ruleset::compile(&whole) {
        let text = String::from_utf8_lossy(content);
        let draft = rules::draft(Format::Text, text);
        let verdict = ruleset.judge(&draft);
        assert_ne!(verdict.undetermined.map(|u| u.reason), Some(UndeterminedReason::Panic));
        assert_sound(&draft, &verdict);
        xianshen::cases::run(&ruleset, &whole);
    }
}
