//! The Chinese words of the console that no other part needs: ages, times, names of fields, kinds and states.
//! Must not know pages.

use crate::model::{Field, Format, Kind, Level, Queue};
use jiff::{Timestamp, tz::Offset};

/// A span of time as a reviewer says it.
pub fn age(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match seconds {
        ..MINUTE => "刚刚".to_owned(),
        MINUTE..HOUR => format!("{} 分钟前", seconds / MINUTE),
        HOUR..DAY => format!("{} 小时前", seconds / HOUR),
        DAY.. => format!("{} 天前", seconds / DAY),
    }
}

/// Beijing time, to the minute.
pub fn time(at: Timestamp) -> String {
    let local = Offset::constant(8).to_datetime(at);
    format!("{} {:02}:{:02}", local.date(), local.hour(), local.minute())
}

pub fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Original => "原创",
        Kind::Repost => "转载",
        Kind::Message => "群众留言",
        Kind::Reply => "留言回复",
    }
}

pub fn format(format: Format) -> &'static str {
    match format {
        Format::Text => "纯文本",
        Format::Html => "HTML",
        Format::Markdown => "Markdown",
    }
}

pub fn field(field: Field) -> &'static str {
    match field {
        Field::Title => "标题",
        Field::Subtitle => "副标题",
        Field::Body => "正文",
        Field::Author => "作者",
        Field::Source => "来源",
        Field::Links => "链接",
        Field::Images => "图片",
        Field::Attachments => "附件",
    }
}

/// What waits in a queue (DOMAIN §2.5), in one line.
pub fn queue_contents(queue: Queue) -> &'static str {
    match queue {
        Queue::Secrecy => "密级标志、内部资料、账号口令、涉军身份",
        Queue::Major => "突发事件、灾情疫情、重大舆情，机审未能完成的稿件",
        Queue::Privacy => "身份证号、手机号、银行卡号等个人信息，商业秘密",
        Queue::Ad => "商业广告、引流、可疑链接、违法有害内容",
        Queue::Source => "转载来源、标题与原文不符",
        Queue::Wording => "用语、日期、文号、地名、职务表述",
        Queue::Routine => "机审未发现需要专门处理的问题",
        Queue::CommentUrgent => "险情、线索、危及生命安全，须立即转办",
        Queue::CommentBlock => "违法有害、广告引流的留言，不公开",
        Queue::Comment => "其他群众留言，个人信息遮蔽后可公开",
    }
}

/// Who signs the third review (DOMAIN §2.1). Messages and replies have their own two-person rule.
pub fn final_reviewer(level: Level, kind: Kind) -> &'static str {
    match (kind, level) {
        (Kind::Message | Kind::Reply, _) => "二人审核",
        (_, Level::L3) => "主要领导",
        _ => "分管领导",
    }
}

/// The state of a revision; a word this page does not know is shown as it is.
pub fn state(state: &str) -> &str {
    match state {
        "pending" => "等待机审",
        "screened" => "已机审",
        "superseded" => "已被新版本代替",
        other => other,
    }
}

/// The first `chars_max` characters, and how many there are when that is not all.
pub fn shortened(text: &str, chars_max: usize) -> (&str, Option<usize>) {
    match text.char_indices().nth(chars_max) {
        Some((byte, _)) => (text.get(..byte).unwrap_or_default(), Some(text.chars().count())),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_words() {
        let words: Vec<_> = [0, 59, 60, 3_599, 3_600, 86_399, 86_400, 864_000].map(age).into();
        assert_eq!(words, ["刚刚", "刚刚", "1 分钟前", "59 分钟前", "1 小时前", "23 小时前", "1 天前", "10 天前"]);
    }

    #[test]
    fn times_are_beijing_times() {
        assert_eq!(time("2026-11-22T16:05:59Z".parse().expect("a time")), "2026-11-23 00:05");
    }

    #[test]
    fn a_long_text_is_cut_on_a_character_and_says_so() {
        assert_eq!(shortened("甲乙丙", 3), ("甲乙丙", None));
        assert_eq!(shortened("甲乙丙丁", 3), ("甲乙丙", Some(4)));
    }
}
