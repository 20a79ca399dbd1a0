//! What is wrong with a form, said to the person who filled it in.

use super::words::Words;
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
        }
    }
}
