//! A statement with its name, and the list of all that a repository has.

/// One SQL text that both engines take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `module::NAME`, for a failing test or a log line.
    pub name: &'static str,
    pub sql: &'static str,
}

impl Statement {
    /// Whether it only reads.
    pub fn reads(&self) -> bool {
        self.sql.starts_with("SELECT")
    }
}

/// Declares the statements of a repository as constants, and `ALL`.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)+) => {
        $(
            $(#[$doc])*
            const $name: $crate::store::Statement =
                $crate::store::Statement { name: concat!(module_path!(), "::", stringify!($name)), sql: $sql };
        )+
        pub(super) const ALL: &[$crate::store::Statement] = &[$($name),+];
    };
}

/// Builds the arguments of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::Value::from($value)),*] };
}

pub(super) use {statements, values};
