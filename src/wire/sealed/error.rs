//! What can be wrong with a key, a sealed value and a partial decryption.

use super::seal::MAX_TEXT;

/// A custodians' key that must not be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    #[error("custodians' key: its \"type\" is not \"{0}\"")]
    Kind(&'static str),
    #[error("custodians' key: {0} is not the encoding of a point of ristretto255 other than the identity")]
    Point(String),
    #[error("custodians' key: {threshold} of {custodians} is not possible: 2 ≤ threshold ≤ custodians ≤ {max}")]
    Threshold { threshold: u16, custodians: usize, max: u16 },
    #[error("custodians' key: the custodians are not numbered 1 to {0} in order")]
    Order(usize),
    #[error(
        "custodians' key: the name of custodian {0} is empty, longer than 80 characters or holds signs other than letters, digits, spaces and -'’.,()&/"
    )]
    Name(u16),
    #[error("custodians' key: the verification share of custodian {0} does not belong to this key")]
    Inconsistent(u16),
    #[error("custodians' key: its threshold is false, fewer than {0} custodians suffice")]
    Degree(u16),
    #[error("this secret share is not that of custodian {0} under this key and epoch")]
    Share(u16),
}

/// A value that cannot be sealed, read or trusted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    #[error("the text to seal has {0} bytes: at most {MAX_TEXT} are possible")]
    TooLong(usize),
    #[error("the sealed value is malformed: {0}")]
    Malformed(&'static str),
    #[error("the sealed value was made for another custodians' key")]
    OtherKey,
    #[error("the proof of the sealed value does not hold: it was altered, or it belongs to another label")]
    Proof,
}

/// Why a sealed value was not opened. Names the custodian at fault.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenError {
    #[error("{got} partial decryptions are too few: the key asks for {needed}")]
    TooFew { got: usize, needed: u16 },
    #[error("custodian {0} answered twice: leave one answer out and ask another custodian")]
    Twice(String),
    #[error("the partial decryption is malformed: {0}")]
    Malformed(&'static str),
    #[error("there is no custodian {0} under this key")]
    Stranger(u16),
    #[error("custodian {0} answered under another key or epoch: ask again with the present share")]
    OtherEpoch(String),
    #[error("custodian {0} answered for another sealed value")]
    OtherSealed(String),
    #[error("custodian {0} answered for another case")]
    OtherCase(String),
    #[error("the proof of custodian {0} does not hold: the answer was altered or made with a wrong share")]
    Proof(String),
    #[error("custodians' key: its threshold is false, fewer than {0} custodians suffice")]
    Degree(u16),
    #[error("this secret share is not one of the key that the value was sealed to")]
    Share,
    #[error("the sealed value opens to nothing: whoever sealed it sealed no text")]
    Empty,
}
