//! Why a name is refused: a code for machines and translators, a sentence for the person.

/// Why a chosen name is refused. The sentence says what to change; none repeats the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameRefusal {
    #[error("Display name: it is empty. Type at least one letter or digit.")]
    Empty,
    #[error("Display name: it is longer than 30 characters. Shorten it.")]
    TooLong,
    #[error("Display name: it holds a line break or another control character. Type it on one line.")]
    Control,
    #[error("Display name: it holds a character that changes the direction of writing. Type the name without it.")]
    Direction,
    #[error(
        "Display name: it holds an invisible character (U+{code_point:04X}). Type the name again rather than pasting it."
    )]
    Invisible { code_point: u32 },
    #[error("Display name: it holds an emoji or a symbol. Use letters, digits, spaces, hyphens and apostrophes.")]
    Emoji,
    #[error(
        "Display name: it holds a character that is not used to write names today (U+{code_point:04X}). \
         Use the ordinary letters of your keyboard."
    )]
    NotAllowed { code_point: u32 },
    #[error("Display name: a dot or sign stands where its script does not put it. Remove it.")]
    Misplaced,
    #[error("Display name: an accent stands without its letter. Put the letter before it.")]
    MarkWithoutLetter,
    #[error("Display name: a letter bears too many accents, or the same one twice. Leave at most two.")]
    TooManyMarks,
    #[error("Display name: it begins with a sign or, written from right to left, with a digit. Begin with a letter.")]
    BadStart,
    #[error("Display name: it mixes letters of several alphabets. Write the whole name in one.")]
    MixedScripts,
    #[error("Display name: it mixes several kinds of digits. Use one kind.")]
    MixedNumbers,
    #[error("Display name: it sounds like somebody in charge of the service or of the forum. Choose another.")]
    Reserved,
    /// Never given by the check: the sector's store gives it when a skeleton is taken, without saying by whom.
    #[error("Display name: it is taken, or looks too much like one that is or was. Choose another.")]
    Taken,
}

impl NameRefusal {
    /// One of each kind.
    #[cfg(test)]
    pub(crate) const EACH: [Self; 15] = [
        Self::Empty,
        Self::TooLong,
        Self::Control,
        Self::Direction,
        Self::Invisible { code_point: 0x200b },
        Self::Emoji,
        Self::NotAllowed { code_point: 0xff21 },
        Self::Misplaced,
        Self::MarkWithoutLetter,
        Self::TooManyMarks,
        Self::BadStart,
        Self::MixedScripts,
        Self::MixedNumbers,
        Self::Reserved,
        Self::Taken,
    ];

    /// A code that never changes: the key of the sentence in the translations, and what a machine reads.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "name-empty",
            Self::TooLong => "name-too-long",
            Self::Control => "name-control",
            Self::Direction => "name-direction",
            Self::Invisible { .. } => "name-invisible",
            Self::Emoji => "name-emoji",
            Self::NotAllowed { .. } => "name-not-allowed",
            Self::Misplaced => "name-misplaced",
            Self::MarkWithoutLetter => "name-mark-without-letter",
            Self::TooManyMarks => "name-too-many-marks",
            Self::BadStart => "name-bad-start",
            Self::MixedScripts => "name-mixed-scripts",
            Self::MixedNumbers => "name-mixed-numbers",
            Self::Reserved => "name-reserved",
            Self::Taken => "name-taken",
        }
    }
}
