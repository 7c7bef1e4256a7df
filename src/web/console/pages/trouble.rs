//! Pages for what cannot be shown.

use super::{Frame, rendered};
use crate::web::console::rows::Viewer;
use askama::Template;

/// Why there is no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The address means nothing.
    BadAddress,
    /// No such item or page.
    NotFound,
    /// Too many requests at once, or starting up.
    Busy,
    /// The store could not be read.
    Failed,
}

impl Trouble {
    /// The HTTP status that goes with the page.
    pub fn status(self) -> u16 {
        match self {
            Self::BadAddress => 400,
            Self::NotFound => 404,
            Self::Busy => 503,
            Self::Failed => 500,
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::BadAddress => ("地址有误", "请从待审总览重新进入。"),
            Self::NotFound => ("没有找到", "稿件不存在，或已不在这个队列。请从待审总览重新进入。"),
            Self::Busy => ("系统繁忙", "请稍等片刻再刷新本页。已收到的稿件不会丢失。"),
            Self::Failed => ("暂时无法读取", "系统没能读出数据，已记入日志。请稍后刷新；仍不行时请联系运维人员。"),
        }
    }
}

#[derive(Template)]
#[template(path = "trouble.html", config = "src/web/askama.toml")]
struct TroublePage {
    frame: Frame,
    heading: &'static str,
    advice: &'static str,
}

/// The page shown instead.
pub fn trouble_page(trouble: Trouble, viewer: Viewer) -> String {
    let (heading, advice) = trouble.words();
    rendered(&TroublePage { frame: Frame::new(heading.to_owned(), viewer), heading, advice })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_says_what_to_do_and_leads_back() {
        for trouble in [Trouble::BadAddress, Trouble::NotFound, Trouble::Busy, Trouble::Failed] {
            let page = trouble_page(trouble, Viewer::default());
            assert!(page.contains(trouble.words().0) && page.contains(trouble.words().1) && page.contains("href=\"/\""));
        }
    }
}
