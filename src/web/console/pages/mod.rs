//! The pages, each a function from data to HTML.
//! Must not know the store, the router or the clock.

mod cards;
mod item;
mod items;
mod queues;
mod sign_in;
mod strings;
mod trouble;

pub use cards::{CARDS_MAX, SUPPRESSED_LISTED_MAX};
pub use item::item_page;
pub use items::items_page;
pub use queues::queues_page;
pub use sign_in::{SignIn, sign_in_page};
pub use trouble::{Trouble, trouble_page};

use super::assets::{Asset, ICON, SCRIPT, STYLE};
use super::rows::Viewer;
use askama::Template;

/// What every page names besides its content.
struct Frame {
    /// Window title; escaped by the template.
    title: String,
    style: Asset,
    script: Asset,
    icon: Asset,
    viewer: Viewer,
}

impl Frame {
    fn new(title: String, viewer: Viewer) -> Self {
        Self { title: format!("{title} · 先审"), style: STYLE, script: SCRIPT, icon: ICON, viewer }
    }
}

fn rendered(page: &impl Template) -> String {
    // Writing to a string fails only when a value's own Display fails; none of ours does.
    page.render().unwrap_or_default()
}
