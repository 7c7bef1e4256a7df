//! The first page: which queues wait, how much, and how long.

use super::{Frame, rendered};
use crate::model::Queue;
use crate::web::console::address::queue_address;
use crate::web::console::rows::{QueueRow, Status, Viewer};
use crate::web::console::visible::Visible;
use crate::web::console::words;
use askama::Template;

/// Groups and their queues, most urgent first.
const GROUPS: [(&str, &[Queue]); 3] = [
    ("优先处理", &[Queue::CommentUrgent, Queue::Secrecy, Queue::Major]),
    ("待审稿件", &[Queue::Privacy, Queue::Ad, Queue::Source, Queue::Wording, Queue::Routine]),
    ("群众留言", &[Queue::CommentBlock, Queue::Comment]),
];

#[derive(Template)]
#[template(path = "queues.html", config = "src/web/askama.toml")]
struct QueuesPage<'a> {
    frame: Frame,
    groups: Vec<Group>,
    items: u64,
    oldest: Option<String>,
    pending: u64,
    ruleset: Visible<'a>,
    notice: Option<Visible<'a>>,
}

struct Group {
    name: &'static str,
    /// The first group is the one to look at first.
    first: bool,
    cards: Vec<Card>,
}

struct Card {
    address: String,
    name: &'static str,
    contents: &'static str,
    items: u64,
    oldest: Option<String>,
}

/// All queues with counts and ages, in the order of urgency.
pub fn queues_page(rows: &[QueueRow], status: &Status, viewer: Viewer) -> String {
    let card = |&queue: &Queue| {
        let of_queue = || rows.iter().filter(|row| row.queue == queue);
        Card {
            address: queue_address(queue, None),
            name: queue.chinese(),
            contents: words::queue_contents(queue),
            items: of_queue().map(|row| row.items).sum(),
            oldest: of_queue().filter_map(|row| row.oldest_seconds).max().map(words::age),
        }
    };
    let groups = GROUPS
        .iter()
        .enumerate()
        .map(|(nth, (name, queues))| Group { name, first: nth == 0, cards: queues.iter().map(card).collect() })
        .collect();
    rendered(&QueuesPage {
        frame: Frame::new("待审总览".to_owned(), viewer),
        groups,
        items: rows.iter().map(|row| row.items).sum(),
        oldest: rows.iter().filter_map(|row| row.oldest_seconds).max().map(words::age),
        pending: status.pending,
        ruleset: Visible(&status.ruleset),
        notice: status.notice.as_deref().map(Visible),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(queue: Queue, items: u64, oldest_seconds: Option<u64>) -> QueueRow {
        QueueRow { queue, items, oldest_seconds }
    }

    #[test]
    fn every_queue_is_on_the_page_once_with_its_count_and_age() {
        let page = queues_page(&[row(Queue::Ad, 12, Some(7_300)), row(Queue::Major, 3, Some(61))], &Status::default(), Viewer::default());
        for queue in Queue::ALL {
            assert_eq!(page.matches(&format!("href=\"/queues/{}\"", queue.as_str())).count(), 1, "{queue:?}");
            assert!(page.contains(queue.chinese()));
        }
        assert!(page.contains("2 小时前") && page.contains("1 分钟前") && page.contains("共 <b>15</b> 件"), "{page}");
    }

    #[test]
    fn the_most_urgent_queues_come_first() {
        let page = queues_page(&[], &Status::default(), Viewer::default());
        let at = |queue: Queue| page.find(&format!("/queues/{}\"", queue.as_str())).expect("on the page");
        assert!(at(Queue::CommentUrgent) < at(Queue::Secrecy) && at(Queue::Secrecy) < at(Queue::Major));
        assert!(at(Queue::Major) < at(Queue::Privacy) && at(Queue::Routine) < at(Queue::Comment));
    }

    #[test]
    fn a_notice_is_shown_and_escaped() {
        let status = Status { notice: Some("第 3 行<b>有误".to_owned()), ..Status::default() };
        assert!(queues_page(&[], &status, Viewer::default()).contains("第 3 行&lt;b&gt;有误"));
    }

    #[test]
    fn whoever_signed_in_can_sign_out() {
        let page = |can_sign_out| queues_page(&[], &Status::default(), Viewer { can_sign_out });
        assert!(page(true).contains("<form class=\"sign-out\" method=\"post\" action=\"/logout\">") && !page(false).contains("<form"));
    }
}
