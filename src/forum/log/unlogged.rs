//! Why an ID token is not believed on account of the public log: one name for the page, the log and the tests.

/// The step at which a token that the provider has signed is not believed after all. None carries a value of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::forum) enum Unlogged {
    #[error("the provider publishes no log, and the settings ask for one")]
    Absent,
    #[error("the log is not the one that was seen before")]
    Broken,
    #[error("the token comes without proof that it is in the log, or without its owner")]
    Missing,
    #[error("the proof that the token is in the log cannot be read")]
    Malformed,
    #[error("the proof is of another log than the issuer's of that year")]
    Origin,
    #[error("no key of the log has signed the head of the proof")]
    Signature,
    #[error("the proof does not lead from the entry to the signed head")]
    Inclusion,
    #[error("the entry is not one of a token")]
    Kind,
    #[error("the entry is that of another token")]
    Token,
    #[error("the entry names another key than the token")]
    Kid,
    #[error("the entry is of another hour than the token")]
    Hour,
    #[error("the entry does not stand in the name of the owner that was told")]
    Tag,
    #[error("the owner is another one than at earlier sign-ins of the same subject")]
    Owner,
    #[error("the number is that of the token before")]
    Number,
}

impl Unlogged {
    #[cfg(test)]
    pub(in crate::forum) const ALL: [Self; 14] = [
        Self::Absent,
        Self::Broken,
        Self::Missing,
        Self::Malformed,
        Self::Origin,
        Self::Signature,
        Self::Inclusion,
        Self::Kind,
        Self::Token,
        Self::Kid,
        Self::Hour,
        Self::Tag,
        Self::Owner,
        Self::Number,
    ];

    /// The word by which the page finds its sentence.
    pub(in crate::forum) const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "log-absent",
            Self::Broken => "log-broken",
            Self::Missing => "log-missing",
            Self::Malformed => "log-malformed",
            Self::Origin => "log-origin",
            Self::Signature => "log-signature",
            Self::Inclusion => "log-inclusion",
            Self::Kind => "log-kind",
            Self::Token => "log-token",
            Self::Kid => "log-kid",
            Self::Hour => "log-hour",
            Self::Tag => "log-tag",
            Self::Owner => "log-owner",
            Self::Number => "log-number",
        }
    }

    /// Whether it is found in the answer, and not before anything was asked.
    pub(in crate::forum) const fn is_answer(self) -> bool {
        !matches!(self, Self::Absent | Self::Broken)
    }
}
