//! Reads the body of a request within its bounds: size, time, and memory for all bodies together.
//! Must not know what the body means.

use super::error::Refusal;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// Memory is handed out in pieces of this size.
const PIECE_BYTES: usize = 4_096;
/// How much of a body that is too large is read and thrown away, so that the client gets to see the answer.
const DISCARDED_BYTES_MAX: usize = 64 << 20;

/// Bounds of bodies.
#[derive(Clone)]
pub struct BodyLimits {
    pub body_bytes_max: usize,
    pub body_read_time_max: Duration,
    memory: Arc<Semaphore>,
}

/// A body, and the memory it holds until dropped.
pub struct HeldBody {
    pub bytes: Bytes,
    _memory: OwnedSemaphorePermit,
}

impl BodyLimits {
    pub fn new(body_bytes_max: usize, body_read_time_max: Duration, bodies_bytes_max: usize) -> Self {
        let pieces = bodies_bytes_max.max(body_bytes_max).div_ceil(PIECE_BYTES).min(Semaphore::MAX_PERMITS);
        Self { body_bytes_max, body_read_time_max, memory: Arc::new(Semaphore::new(pieces)) }
    }

    /// The whole body, or why not: 408, 413, 415, 503.
    pub async fn read(&self, headers: &HeaderMap, body: Body) -> Result<HeldBody, Refusal> {
        if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            let refusal = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "不接受压缩内容", "send the body without content encoding");
            return Err(refusal.at("Content-Encoding").closing());
        }
        let deadline = Instant::now() + self.body_read_time_max;
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
        if declared.is_some_and(|declared| declared > self.body_bytes_max) {
            // Who asks first ("Expect: 100-continue") has sent nothing yet and need not.
            if !headers.contains_key(header::EXPECT) {
                discard(body, deadline).await;
            }
            return Err(self.too_large());
        }
        // A body of unknown size may become as large as is allowed.
        let pieces = declared.unwrap_or(self.body_bytes_max).div_ceil(PIECE_BYTES).max(1);
        let Ok(memory) = Arc::clone(&self.memory).try_acquire_many_owned(u32::try_from(pieces).unwrap_or(u32::MAX)) else {
            let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "请求过多", "too many large requests at once");
            return Err(refusal.retry_after(1).closing());
        };
        let bytes = match timeout_at(deadline, self.collect(body, declared.unwrap_or(0))).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(BodyFault::TooLarge(rest))) => {
                discard(rest, deadline).await;
                return Err(self.too_large());
            }
            Ok(Err(BodyFault::Broken)) => {
                return Err(Refusal::new(StatusCode::BAD_REQUEST, "请求不完整", "the body ended early or is malformed").closing());
            }
            Err(_) => {
                let detail = format!("the body must arrive within {} ms", self.body_read_time_max.as_millis());
                return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "请求发送过慢", detail).closing());
            }
        };
        Ok(HeldBody { bytes, _memory: memory })
    }

    fn too_large(&self) -> Refusal {
        let detail = format!("the body may have at most {} bytes", self.body_bytes_max);
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "内容过大", detail).closing()
    }

    async fn collect(&self, mut body: Body, expected: usize) -> Result<Bytes, BodyFault> {
        let mut whole: Vec<u8> = Vec::with_capacity(expected.min(self.body_bytes_max));
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return Err(BodyFault::Broken) };
            let Ok(data) = frame.into_data() else { continue };
            if whole.len() + data.len() > self.body_bytes_max {
                return Err(BodyFault::TooLarge(body));
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole.into())
    }
}

enum BodyFault {
    TooLarge(Body),
    Broken,
}

async fn discard(mut body: Body, deadline: Instant) {
    let mut left = DISCARDED_BYTES_MAX;
    while let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        if length >= left {
            return;
        }
        left -= length;
    }
}
