//! Who people are, for the moment between the counter's form and the seal.
//!
//! This is the only module in which a legal name and a birth date exist as such. What the form said becomes an
//! [`Identity`] or a list of [`Fault`]s; the identity gives what the service may keep ([`Identity::birth_facts`],
//! [`Identity::partial_name`], [`Identity::tags`]), is sealed to the custodians ([`Identity::seal`]), and is gone. None of
//! its parts can be printed, copied or serialised elsewhere. The qualities that remain are sealed under the vault key in
//! `attributes`.

mod birth;
mod document;
mod fault;
mod identity;
mod name;
mod stack;

pub use self::{
    document::DocumentKind,
    fault::{Fault, Faults, Field},
    identity::{Entry, Identity, Review, Tags},
};

/// Fails to compile if the type has any of the traits: by them it could be printed, copied or written down.
macro_rules! never {
    ($type:ty: $($trait:path),+) => {$(
        const _: fn() = || {
            trait Ambiguous<A> {
                fn check() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            struct Has;
            impl<T: ?Sized + $trait> Ambiguous<Has> for T {}
            <$type as Ambiguous<_>>::check();
        };
    )+};
}

never!(name::LegalName: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize, PartialEq);
never!(birth::BirthDate: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize, PartialEq);
never!(document::DocumentNumber: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize, PartialEq);
never!(Identity: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize, PartialEq);
never!(Entry<'_>: std::fmt::Debug, std::fmt::Display, serde::Serialize);
