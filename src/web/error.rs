//! What a client is told when a request is not answered as asked: RFC 9457 problem details.
//! Must not show any text of a draft.

use crate::model::DraftError;
use crate::store::StoreError;
use crate::stream::kafka::review::IntakeError;
use crate::stream::pipeline::CheckError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A request that was not answered as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    /// What kind of problem, in Chinese.
    pub title: &'static str,
    pub detail: String,
    /// The field or parameter at fault.
    pub path: Option<String>,
    /// When to try again.
    pub retry_after_seconds: Option<u64>,
    /// The connection is of no more use: the rest of the request was not read.
    pub closes: bool,
}

impl Refusal {
    pub fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), path: None, retry_after_seconds: None, closes: false }
    }

    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    pub fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "没有这个地址", "there is nothing at this address")
    }

    pub fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "方法不适用", "this method does not apply to this address")
    }

    pub fn bad_parameter(name: &str, reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "参数有误", reason).at(name)
    }

    pub fn unknown_item() -> Self {
        Self::new(StatusCode::NOT_FOUND, "没有这份稿件", "no draft with this unit and id").at("id")
    }

    pub fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "服务正在停止", "the server is stopping").retry_after(5)
    }

    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "内部错误", "the request could not be answered; the server's log says more")
    }

    /// The problem as JSON.
    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            title: &'a str,
            status: u16,
            detail: &'a str,
            path: Option<&'a str>,
        }
        let body = Body { title: self.title, status: self.status.as_u16(), detail: &self.detail, path: self.path.as_deref() };
        // Strings and a number cannot fail to serialise.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<DraftError> for Refusal {
    fn from(error: DraftError) -> Self {
        let (status, title) = match error {
            DraftError::NotJson(_) => (StatusCode::BAD_REQUEST, "不是 JSON"),
            DraftError::NotADraft { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "不是合格的稿件"),
        };
        Self::new(status, title, error.reason()).at(error.path())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        match error {
            StoreError::Full => Self::new(unavailable, "磁盘已满", "the disk is full; nothing was stored").retry_after(5),
            StoreError::InboxFull => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "待审稿件过多", "too many drafts wait to be judged; nothing was stored")
                    .retry_after(2)
            }
            StoreError::Busy => Self::new(unavailable, "存储繁忙", "the store is busy; nothing was stored").retry_after(1),
            StoreError::Failed(_) => {
                Self::new(unavailable, "存储故障", "the store has failed and the server is going down; send the draft again later")
                    .retry_after(30)
            }
            StoreError::Closed => Self::stopping(),
        }
    }
}

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Unavailable => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "Kafka 没有应答", "the brokers did not take the draft in time; send it again")
                    .retry_after(2)
            }
            IntakeError::TooLarge => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "稿件过大", "the draft is larger than its topic takes").at("body")
            }
        }
    }
}

impl From<CheckError> for Refusal {
    fn from(error: CheckError) -> Self {
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        match error {
            CheckError::Busy => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "检查请求过多", "too many drafts are being checked").retry_after(1)
            }
            CheckError::NotReady => Self::new(unavailable, "规则尚未就绪", "no rules are loaded yet").retry_after(1),
        }
    }
}
