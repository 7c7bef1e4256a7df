//! The form that asks for a token.
//! Must not know tokens or sessions.

use super::{Frame, rendered};
use crate::web::console::rows::Viewer;
use askama::Template;

/// Why the form is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// A page was asked for.
    Asked,
    /// The token is not one of ours.
    Wrong,
    /// Too many wrong tokens came from there.
    Wait { minutes: u64 },
    /// The token was right, and the browser did not keep the cookie.
    NotKept,
    /// Somebody signed out.
    Left,
    /// No session could be opened.
    Failed,
}

impl SignIn {
    fn notice(self) -> Option<(&'static str, String)> {
        Some(match self {
            Self::Asked => return None,
            Self::Wrong => ("未能登录", "令牌不对。请核对是否复制完整，前后有没有多余的字。".to_owned()),
            Self::Wait { minutes } => ("稍后再试", format!("错误次数过多，请在 {minutes} 分钟后再试。已经登录的人不受影响。")),
            Self::NotKept => (
                "没有登录上",
                "令牌正确，但浏览器没有保存登录状态。请用 HTTPS 网址打开（在本机可用 127.0.0.1 或 localhost），并允许本站使用 Cookie。"
                    .to_owned(),
            ),
            Self::Left => ("已退出", "登录已结束。共用电脑请同时关闭浏览器。".to_owned()),
            Self::Failed => ("暂时不能登录", "系统出错，已记入日志，请联系运维人员。".to_owned()),
        })
    }
}

#[derive(Template)]
#[template(path = "sign_in.html", config = "src/web/askama.toml")]
struct SignInPage<'a> {
    frame: Frame,
    notice: Option<(&'static str, String)>,
    warns: bool,
    to: &'a str,
}

/// The form; `to` is the page of this console to go on to.
pub fn sign_in_page(why: SignIn, to: &str) -> String {
    let warns = !matches!(why, SignIn::Asked | SignIn::Left);
    rendered(&SignInPage { frame: Frame::new("登录".to_owned(), Viewer::default()), notice: why.notice(), warns, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_posts_to_itself_and_says_what_went_wrong() {
        for (why, words) in [
            (SignIn::Asked, "访问令牌"),
            (SignIn::Wrong, "令牌不对"),
            (SignIn::Wait { minutes: 3 }, "3 分钟后"),
            (SignIn::NotKept, "HTTPS"),
            (SignIn::Left, "已退出"),
            (SignIn::Failed, "系统出错"),
        ] {
            let page = sign_in_page(why, "/items/u/a/1?x=1&y=2");
            assert!(page.contains(words), "{why:?}");
            assert!(page.contains("<form method=\"post\" action=\"/login\">") && page.contains("type=\"password\""));
            assert!(page.contains("value=\"/items/u/a/1?x=1&#38;y=2\""), "{page}");
            assert!(!page.contains("/logout"), "there is nothing to sign out of");
        }
    }
}
