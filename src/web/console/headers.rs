//! The headers that every answer of the console carries: nothing but its own files may run, load or frame it.
//! Must not know pages.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

/// RELIABILITY D.9, row output/XSS.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'";

/// Security headers of every console answer.
pub fn headers() -> [(HeaderName, HeaderValue); 6] {
    [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ]
}

/// Puts [`headers`] on an answer, and `no-store` unless it says otherwise (assets do). For
/// `axum::middleware::map_response(console::protect)` around the console's routes and their fallback.
pub async fn protect(mut response: Response) -> Response {
    let on = response.headers_mut();
    for (name, value) in headers() {
        on.insert(name, value);
    }
    if !on.contains_key(header::CACHE_CONTROL) {
        on.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
