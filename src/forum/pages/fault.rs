//! What is wrong with a form, said to the person who filled it in.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

use super::{visit::FAULTY, words::Words};
use crate::forum::text::TextFault;

/// A fault of one field, or of the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The field's label.
    Empty(&'static str),
    /// The field's label, and how many characters it takes.
    Long(&'static str, usize),
    Options,
    Date,
    Option,
    Closed,
    Window,
    Reason,
    Code,
    Days,
    /// The session ended while the form was open.
    SignedOut,
    /// Somebody signed in or out in this browser since the form was opened.
    Stale,
    /// A quality that writing here takes is not shared any more.
    Quality,
    /// A sanction began meanwhile; the top of the page says it.
    Sanction,
    /// Too many messages in ten minutes.
    Pace,
    /// The moderators have hidden what it is about.
    Hidden,
}

/// A fault in words, and the id of the form's field that it is about; empty when it is about none.
pub(super) struct Told {
    pub(super) text: String,
    pub(super) field: &'static str,
}

impl Fault {
    pub(super) const fn of(label: &'static str, fault: TextFault) -> Self {
        match fault {
            TextFault::Empty => Self::Empty(label),
            TextFault::TooLong(most) => Self::Long(label, most),
        }
    }

    pub(super) fn text(self, words: Words<'_>) -> String {
        match self {
            Self::Empty(label) => words.with("forum-fault-empty", &[("field", &words.t(label))]),
            Self::Long(label, most) => {
                words.with("forum-fault-long", &[("field", &words.t(label)), ("most", &most.to_string())])
            }
            Self::Options => words.t("forum-fault-options"),
            Self::Date => words.t("forum-fault-date"),
            Self::Option => words.t("forum-fault-option"),
            Self::Closed => words.t("forum-fault-closed"),
            Self::Window => words.t("forum-fault-window"),
            Self::Reason => words.t("forum-fault-reason"),
            Self::Code => words.t("forum-fault-code"),
            Self::Days => words.t("forum-fault-days"),
            Self::SignedOut => words.t("forum-fault-signed-out"),
            Self::Stale => words.t("forum-fault-stale"),
            Self::Quality => words.t("forum-fault-quality"),
            Self::Sanction => words.t("forum-fault-sanction"),
            Self::Pace => words.t("forum-fault-pace"),
            Self::Hidden => words.t("forum-fault-hidden"),
        }
    }

    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::SignedOut | Self::Stale | Self::Quality | Self::Sanction => StatusCode::FORBIDDEN,
            Self::Pace => StatusCode::TOO_MANY_REQUESTS,
            Self::Window => StatusCode::CONFLICT,
            Self::Hidden => StatusCode::NOT_FOUND,
            _ => FAULTY,
        }
    }

    /// Tells a machine, too, when trying again makes sense.
    pub(super) fn stamp(self, response: &mut Response) {
        if matches!(self, Self::Pace) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("600"));
        }
    }

    pub(super) fn told(self, words: Words<'_>) -> Told {
        Told { text: self.text(words), field: self.field() }
    }

    fn field(self) -> &'static str {
        match self {
            Self::Empty(label) | Self::Long(label, _) if label == "forum-title-label" => "title",
            Self::Empty(_) | Self::Long(..) => "body",
            Self::Options => "options",
            Self::Date => "closes",
            Self::Reason => "reason",
            Self::Days => "days",
            _ => "",
        }
    }
}
