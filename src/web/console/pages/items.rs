//! The list of one queue, oldest first.

use super::{Frame, rendered};
use crate::model::{Queue, Severity};
use crate::web::console::address::{item_address, queue_address};
use crate::web::console::rows::{ItemRow, Viewer};
use crate::web::console::visible::Visible;
use crate::web::console::words;
use askama::Template;

/// Most characters of a title in a list; a longer one ends in `…`.
pub const LIST_TITLE_CHARS_MAX: usize = 80;
/// Most characters of an account, platform or unit name in a list.
pub const LIST_NAME_CHARS_MAX: usize = 40;

#[derive(Template)]
#[template(path = "items.html", config = "src/web/askama.toml")]
struct ItemsPage<'a> {
    frame: Frame,
    queue: Queue,
    contents: &'static str,
    rows: Vec<Row<'a>>,
    next: Option<String>,
}

struct Row<'a> {
    address: String,
    title: Title<'a>,
    /// Account and platform, as far as they are given.
    names: Vec<(Visible<'a>, bool)>,
    /// What the unit is called, and the code it goes by in drafts.
    unit: (Visible<'a>, bool, Visible<'a>),
    kind: &'static str,
    level: &'static str,
    level_name: &'static str,
    blocked: bool,
    undetermined: Option<&'static str>,
    counts: Vec<(Severity, u64)>,
    age: String,
    received: String,
}

enum Title<'a> {
    /// A draft that only the secrecy reviewer may read: its title is content.
    Masked,
    Empty,
    Text {
        text: Visible<'a>,
        cut: bool,
    },
}

/// The items of `queue`. `next` is the cursor of the page after this one.
pub fn items_page(queue: Queue, rows: &[ItemRow], next: Option<&str>, viewer: Viewer) -> String {
    rendered(&ItemsPage {
        frame: Frame::new(queue.chinese().to_owned(), viewer),
        queue,
        contents: words::queue_contents(queue),
        rows: rows.iter().map(|row| Row::new(queue, row)).collect(),
        next: next.map(|cursor| queue_address(queue, Some(cursor))),
    })
}

impl<'a> Row<'a> {
    fn new(queue: Queue, row: &'a ItemRow) -> Self {
        let title = match words::shortened(&row.title, LIST_TITLE_CHARS_MAX) {
            _ if row.is_secret || queue == Queue::Secrecy => Title::Masked,
            (text, None) if text.trim().is_empty() => Title::Empty,
            (text, length) => Title::Text { text: Visible(text), cut: length.is_some() },
        };
        let names = [&row.account, &row.platform];
        let (unit, length) = words::shortened(row.unit_name.as_deref().unwrap_or(&row.unit), LIST_NAME_CHARS_MAX);
        Self {
            address: item_address(&row.unit, &row.id, row.revision),
            title,
            names: names
                .into_iter()
                .filter(|name| !name.is_empty())
                .map(|name| words::shortened(name, LIST_NAME_CHARS_MAX))
                .map(|(name, length)| (Visible(name), length.is_some()))
                .collect(),
            unit: (Visible(unit), length.is_some(), Visible(&row.unit)),
            kind: words::kind(row.kind),
            level: row.level.as_str(),
            level_name: row.level.chinese(),
            blocked: row.blocked,
            undetermined: row.undetermined.map(|reason| reason.chinese()),
            counts: Severity::ALL
                .into_iter()
                .rev()
                .map(|severity| (severity, row.findings.of(severity)))
                .filter(|&(_, count)| count > 0)
                .collect(),
            age: words::age(row.age_seconds),
            received: words::time(row.received_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, Level, UndeterminedReason};
    use crate::web::console::rows::Counts;

    fn row(title: &str) -> ItemRow {
        ItemRow {
            unit: "unit-a".into(),
            unit_name: Some("单位甲".into()),
            id: "A-1".into(),
            revision: 2,
            title: title.into(),
            account: "示例发布".into(),
            platform: "微信".into(),
            kind: Kind::Repost,
            level: Level::L2,
            blocked: true,
            received_at: "2026-11-23T01:00:00Z".parse().expect("a time"),
            age_seconds: 7_200,
            findings: Counts { s0: 0, s1: 4, s2: 0, s3: 1 },
            undetermined: None,
            is_secret: false,
        }
    }

    #[test]
    fn a_row_says_what_a_reviewer_needs_to_choose() {
        let page = items_page(Queue::Ad, &[row("周末活动")], Some("c 1"), Viewer::default());
        for words in ["周末活动", "示例发布", "微信", "单位甲", "转载", "L2", "阻断", "一般 4", "2 小时前", "/queues/ad?after=c%201"]
        {
            assert!(page.contains(words), "{words}");
        }
        assert!(!page.contains("较重"), "a severity without findings is left out");
        assert!(page.contains("<bdi title=\"unit-a\">单位甲</bdi>") && !page.contains("机审未完成"));
        let unnamed = ItemRow { unit_name: None, ..row("周末活动") };
        assert!(items_page(Queue::Ad, &[unnamed], None, Viewer::default()).contains("<bdi title=\"unit-a\">unit-a</bdi>"));
    }

    #[test]
    fn what_the_machine_could_not_judge_says_why() {
        for reason in UndeterminedReason::ALL {
            let row = ItemRow { undetermined: Some(reason), ..row("周末活动") };
            let page = items_page(Queue::Major, &[row], None, Viewer::default());
            assert!(page.contains(&format!("机审未完成：{}", reason.chinese())), "{reason:?}");
        }
    }

    #[test]
    fn a_secret_draft_has_no_title_in_any_list() {
        let page = items_page(Queue::Major, &[ItemRow { is_secret: true, ..row("内部会议安排") }], None, Viewer::default());
        assert!(!page.contains("内部会议安排") && page.contains("标题已隐去"));
    }

    #[test]
    fn a_secrecy_list_holds_no_title() {
        let page = items_page(Queue::Secrecy, &[row("内部会议安排")], None, Viewer::default());
        assert!(!page.contains("内部会议安排") && page.contains("标题已隐去"));
    }

    #[test]
    fn an_empty_queue_says_so() {
        assert!(items_page(Queue::Source, &[], None, Viewer::default()).contains("没有待审"));
    }

    #[test]
    fn hostile_titles_are_text_and_long_ones_are_cut_visibly() {
        let page = items_page(
            Queue::Ad,
            &[row("<img src=x onerror=alert(1)>\u{202e}"), row(&"长".repeat(500)), row(" ")],
            None,
            Viewer::default(),
        );
        assert!(page.contains("&lt;img src=x") && !page.contains("<img") && !page.contains('\u{202e}'));
        assert!(page.contains(&format!("{}…", "长".repeat(LIST_TITLE_CHARS_MAX))) && page.contains("（无标题）"));
    }
}
