//! The review console: pure functions from drafts, verdicts and rows to HTML pages in Chinese, and its assets and headers.
//! Must not know the store, the router or the engine; a draft's text reaches a page through `Visible` alone.

pub mod address;
pub mod assets;
mod headers;
mod markup;
mod pages;
pub mod rows;
mod segments;
mod visible;
mod words;

pub use address::{from_path_segment, item_address, queue_address};
pub use assets::{asset, asset_response};
pub use headers::{CONTENT_SECURITY_POLICY, headers, protect};
pub use pages::{CARDS_MAX, SUPPRESSED_LISTED_MAX, SignIn, Trouble, item_page, items_page, queues_page, sign_in_page, trouble_page};
pub use rows::{Chains, Counts, ItemRow, ItemView, QueueRow, RevisionRow, Status, Viewer};
