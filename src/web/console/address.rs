//! Addresses of console pages. Unit and item ids may be any text, `/` and `..` included.
//! Must not know what is found at them.

use crate::model::Queue;

/// `/items/{unit}/{id}/{revision}`.
pub fn item_address(unit: &str, id: &str, revision: u64) -> String {
    format!("/items/{}/{}/{revision}", path_segment(unit), path_segment(id))
}

/// `/queues/{queue}`, from the cursor on.
pub fn queue_address(queue: Queue, after: Option<&str>) -> String {
    match after {
        Some(after) => format!("/queues/{}?after={}", queue.as_str(), percent_encoded(after)),
        None => format!("/queues/{}", queue.as_str()),
    }
}

/// A browser resolves the segments `.` and `..` even when they are percent-encoded, so a leading `.` is kept behind a
/// `~`, and a leading `~` doubled.
fn path_segment(text: &str) -> String {
    let escape = if text.starts_with(['.', '~']) { "~" } else { "" };
    format!("{escape}{}", percent_encoded(text))
}

/// The id that a percent-decoded segment of [`item_address`] stands for.
pub fn from_path_segment(segment: &str) -> &str {
    segment.strip_prefix('~').unwrap_or(segment)
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([byte]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dots_and_slashes_stay_inside_their_segment() {
        assert_eq!(item_address("..", "a/b?c#d", 1), "/items/~../a%2Fb%3Fc%23d/1");
        assert_eq!(item_address("~", "%2e", 2), "/items/~~/%252e/2");
        assert_eq!(queue_address(Queue::Ad, Some("1&x=墨")), "/queues/ad?after=1%26x%3D%E5%A2%A8");
    }

    proptest! {
        #[test]
        fn an_address_leads_back_to_its_item(unit in "[./~%?#&a墨\\\\ ]{1,6}", id in "\\PC{1,12}") {
            let address = url::Url::parse("http://127.0.0.1/").expect("a base").join(&item_address(&unit, &id, 7)).expect("an address");
            let segments: Vec<_> = address.path_segments().expect("a path").collect();
            prop_assert_eq!(segments.len(), 4);
            let decoded = |segment: &str| {
                let query = format!("x={}", segment.replace('+', "%2B"));
                url::form_urlencoded::parse(query.as_bytes()).next().expect("a pair").1.into_owned()
            };
            let unit_back = decoded(segments[1]);
            let id_back = decoded(segments[2]);
            prop_assert_eq!(from_path_segment(&unit_back), unit);
            prop_assert_eq!(from_path_segment(&id_back), id);
            prop_assert_eq!(segments[3], "7");
        }
    }
}
