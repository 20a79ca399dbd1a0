//! What a leaf of an issuance log is bound to without saying it, and how one field of that is shown (`specs/log.md` §5).
//!
//! ```text
//! entry       = lp(name) ‖ salt (32 bytes) ‖ lp(value)          the salt: `owner`
//! commitment  = root of the Merkle tree (RFC 6962 §2.1) whose entries are the fields of the kind, in their order
//!     enrol   birth_year area                      issue   bracket birth_year area enrol
//!     nym     enrol                                revoke  enrol                             access  enrol
//! opening     = {"index":0,"name":"bracket","salt":…,"value":"Y30-39","path":[…]}
//! ```
//!
//! A value is at most 64 visible characters of ASCII. One that there is not is the empty text: whether somebody has an area is hidden as the
//! area is. An opening shows one field and nothing of the others, whose salts stay unknown. Not verified here: that the commitment stands
//! in a leaf, and that a value is true.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Hash, inclusion_proof,
    leaf::{FieldValue, InvalidForm, OwnerTag, Word, bytes},
    owner::{LogSecret, Salt, lp},
    root_at, verify_inclusion,
};

/// What is committed to, by kind of leaf.
#[derive(Clone, Copy)]
pub enum Fields<'a> {
    Enrol {
        birth_year: Option<i16>,
        area: &'a str,
    },
    /// `bracket` and `area` are empty where they are not in the token; `enrol` is the owner tag of the person's enrolment.
    Issue {
        bracket: &'a str,
        birth_year: Option<i16>,
        area: &'a str,
        enrol: OwnerTag,
    },
    Nym {
        enrol: OwnerTag,
    },
    Revoke {
        enrol: OwnerTag,
    },
    Access {
        enrol: OwnerTag,
    },
}

/// The fields of one leaf with their salts: what can be opened. Cannot be printed.
pub struct Commitment {
    fields: Vec<(&'static str, Salt, FieldValue)>,
    leaves: Vec<Hash>,
    root: Hash,
}

/// One field, shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Among the fields of the kind.
    pub index: u32,
    pub name: Word,
    #[serde(with = "bytes::array")]
    pub salt: [u8; 32],
    /// Empty where there is none.
    pub value: FieldValue,
    #[serde(with = "bytes::hashes")]
    pub path: Vec<Hash>,
}

/// Why an opening does not show a field of a leaf.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpeningError {
    #[error("leaves of this kind have no such field in this place")]
    Field,
    #[error("the leaf is bound to another value")]
    Value,
}

/// The names of the fields of a kind, in their order; `None` for a kind without a commitment.
pub fn field_names(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "enrol" => &["birth_year", "area"],
        "issue" => &["bracket", "birth_year", "area", "enrol"],
        "nym" | "revoke" | "access" => &["enrol"],
        _ => return None,
    })
}

impl Fields<'_> {
    /// The `kind` of the leaf.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Enrol { .. } => "enrol",
            Self::Issue { .. } => "issue",
            Self::Nym { .. } => "nym",
            Self::Revoke { .. } => "revoke",
            Self::Access { .. } => "access",
        }
    }

    /// The commitment of the leaf with this owner tag.
    pub fn commit(self, secret: &LogSecret, owner: OwnerTag) -> Result<Commitment, InvalidForm> {
        let names = field_names(self.kind()).unwrap_or_default();
        let fields = names.iter().zip(self.values()).map(|(name, value)| {
            let value = FieldValue::try_from(value)?;
            Ok((*name, secret.salt(owner, name), value))
        });
        Commitment::new(fields.collect::<Result<_, InvalidForm>>()?)
    }

    fn values(self) -> Vec<String> {
        let year = |year: Option<i16>| year.map(|year| year.to_string()).unwrap_or_default();
        match self {
            Self::Enrol { birth_year, area } => vec![year(birth_year), area.to_owned()],
            Self::Issue { bracket, birth_year, area, enrol } => {
                vec![bracket.to_owned(), year(birth_year), area.to_owned(), enrol.to_string()]
            }
            Self::Nym { enrol } | Self::Revoke { enrol } | Self::Access { enrol } => vec![enrol.to_string()],
        }
    }
}

impl Commitment {
    /// The commitment with this root of a leaf of this kind, found by trying: for each field, in the order of the kind, the
    /// values that it may have. Every value is hashed once, not once for each combination; `None` where none of them fits.
    pub fn find(
        kind: &str,
        secret: &LogSecret,
        owner: OwnerTag,
        root: Hash,
        candidates: &[Vec<FieldValue>],
    ) -> Option<Self> {
        let names = field_names(kind).filter(|names| names.len() == candidates.len())?;
        let salts: Vec<_> = names.iter().map(|name| secret.salt(owner, name)).collect();
        let fields = names.iter().zip(&salts).zip(candidates);
        let mut subtrees: Vec<Vec<(Hash, Vec<usize>)>> = fields
            .map(|((name, salt), values)| {
                let entry = |(at, value)| (hash(name, salt.expose(), value), vec![at]);
                values.iter().enumerate().map(entry).collect()
            })
            .collect();
        while subtrees.len() > 2 {
            subtrees = subtrees.chunks(2).map(joined).collect();
        }
        let chosen = match subtrees.as_slice() {
            [only] => only.iter().find(|(hash, _)| *hash == root)?.1.clone(),
            [left, right] => pairs(left, right).find(|(hash, ..)| *hash == root).map(|(_, l, r)| [l, r].concat())?,
            _ => return None,
        };
        let fields = names.iter().zip(salts).zip(candidates.iter().zip(chosen));
        let fields = fields.map(|((name, salt), (values, at))| Some((*name, salt, values.get(at)?.clone())));
        Self::new(fields.collect::<Option<_>>()?).ok()
    }

    fn new(fields: Vec<(&'static str, Salt, FieldValue)>) -> Result<Self, InvalidForm> {
        let leaves: Vec<_> = fields.iter().map(|(name, salt, value)| hash(name, salt.expose(), value)).collect();
        let none = InvalidForm("a commitment to at least one field");
        let root = root_at(size(&leaves), |_| Some(leaves.clone())).map_err(|_| none)?;
        Ok(Self { fields, leaves, root })
    }

    /// The member `commitment` of the leaf.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// Shows the field of this name; `None` where there is none.
    pub fn open(&self, name: &str) -> Option<Opening> {
        let index = self.fields.iter().position(|(of, ..)| *of == name)?;
        let (name, salt, value) = self.fields.get(index)?;
        let index = u32::try_from(index).ok()?;
        let path = inclusion_proof(index.into(), size(&self.leaves), |_| Some(self.leaves.clone())).ok()?;
        Some(Opening { index, name: name.parse().ok()?, salt: *salt.expose(), value: value.clone(), path })
    }
}

impl Opening {
    /// Whether the commitment of a leaf of this kind holds this value in this field.
    pub fn verify(&self, kind: &str, commitment: Hash) -> Result<(), OpeningError> {
        let names = field_names(kind).ok_or(OpeningError::Field)?;
        let index = usize::try_from(self.index).map_err(|_| OpeningError::Field)?;
        if names.get(index).is_none_or(|name| *name != self.name.as_str()) {
            return Err(OpeningError::Field);
        }
        let leaf = hash(self.name.as_str(), &self.salt, &self.value);
        let size = u64::try_from(names.len()).unwrap_or_default();
        verify_inclusion(leaf, self.index.into(), size, &self.path, commitment).map_err(|_| OpeningError::Value)
    }
}

/// Shows no value: it is somebody's.
impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opening({}, …)", self.name)
    }
}

fn hash(name: &str, salt: &[u8; 32], value: &FieldValue) -> Hash {
    let entry = [&lp(name.as_bytes()), salt.as_slice(), &lp(value.as_str().as_bytes())].concat();
    Hash::of_leaf(&Zeroizing::new(entry))
}

/// What two neighbours of a level may come to together; a last one without a neighbour goes up as it is (RFC 6962 §2.1).
fn joined(neighbours: &[Vec<(Hash, Vec<usize>)>]) -> Vec<(Hash, Vec<usize>)> {
    match neighbours {
        [left, right] => pairs(left, right).map(|(hash, l, r)| (hash, [l, r].concat())).collect(),
        rest => rest.concat(),
    }
}

fn pairs<'a>(
    left: &'a [(Hash, Vec<usize>)],
    right: &'a [(Hash, Vec<usize>)],
) -> impl Iterator<Item = (Hash, &'a [usize], &'a [usize])> {
    left.iter().flat_map(move |(one, l)| {
        right.iter().map(move |(other, r)| (Hash::of_children(*one, *other), l.as_slice(), r.as_slice()))
    })
}

fn size(leaves: &[Hash]) -> u64 {
    u64::try_from(leaves.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENROL: OwnerTag = OwnerTag::from_bytes([7; 16]);
    const OWNER: OwnerTag = OwnerTag::from_bytes([8; 16]);

    fn secret() -> LogSecret {
        LogSecret::from_bytes(Zeroizing::new([3; 32]))
    }

    fn commitments() -> Vec<(Fields<'static>, Commitment)> {
        let all = [
            Fields::Enrol { birth_year: Some(1984), area: "cog:38563" },
            Fields::Issue { bracket: "Y40-49", birth_year: Some(1984), area: "FR-38", enrol: ENROL },
            Fields::Nym { enrol: ENROL },
            Fields::Revoke { enrol: ENROL },
            Fields::Access { enrol: ENROL },
        ];
        all.map(|fields| (fields, fields.commit(&secret(), OWNER).unwrap())).into()
    }

    #[test]
    fn each_field_opens_alone_and_says_its_value() {
        for (fields, commitment) in commitments() {
            for (index, name) in field_names(fields.kind()).unwrap().iter().enumerate() {
                let opening = commitment.open(name).unwrap();
                assert_eq!(opening.index as usize, index);
                assert_eq!(opening.verify(fields.kind(), commitment.root()), Ok(()), "{name}");
            }
            assert!(commitment.open("name").is_none());
        }
        let (_, issue) = &commitments()[1];
        let shown = serde_json::to_string(&issue.open("bracket").unwrap()).unwrap();
        assert!(
            shown.starts_with(r#"{"index":0,"name":"bracket","salt":""#)
                && shown.contains(r#","value":"Y40-49","path":[""#)
        );
        assert!(!shown.contains("1984") && !shown.contains("FR-38"));
        assert_eq!(format!("{:?}", issue.open("bracket").unwrap()), "Opening(bracket, …)");
    }

    #[test]
    fn what_is_absent_is_the_empty_text_and_can_be_shown() {
        let fields = Fields::Issue { bracket: "", birth_year: None, area: "", enrol: ENROL };
        let commitment = fields.commit(&secret(), OWNER).unwrap();
        for name in ["bracket", "birth_year", "area"] {
            let opening = commitment.open(name).unwrap();
            assert_eq!((opening.value.as_str(), opening.verify("issue", commitment.root())), ("", Ok(())));
        }
        let other = Fields::Issue { bracket: "", birth_year: None, area: "FR", enrol: ENROL };
        assert_ne!(other.commit(&secret(), OWNER).unwrap().root(), commitment.root());
    }

    #[test]
    fn any_bit_that_is_changed_breaks_an_opening() {
        for (fields, commitment) in commitments() {
            for name in field_names(fields.kind()).unwrap() {
                let good = commitment.open(name).unwrap();
                let refused = |opening: &Opening, what: &str| {
                    assert!(opening.verify(fields.kind(), commitment.root()).is_err(), "{name}: {what}");
                };
                for bit in 0..256 {
                    let flip = |bytes: &mut [u8; 32]| bytes[bit / 8] ^= 1 << (bit % 8);
                    let mut salted = good.clone();
                    flip(&mut salted.salt);
                    refused(&salted, "salt");
                    let mut root = *commitment.root().as_bytes();
                    flip(&mut root);
                    assert!(good.verify(fields.kind(), Hash::from_bytes(root)).is_err());
                    for at in 0..good.path.len() {
                        let mut path = good.clone();
                        let mut hash = *path.path[at].as_bytes();
                        flip(&mut hash);
                        path.path[at] = Hash::from_bytes(hash);
                        refused(&path, "path");
                    }
                }
                for value in ["", "Y40-49 ", "Y40-4", "1985", "cog:38564", &OWNER.to_string()] {
                    if let Ok(value) = value.parse::<FieldValue>()
                        && value != good.value
                    {
                        refused(&Opening { value, ..good.clone() }, "value");
                    }
                }
            }
        }
    }

    #[test]
    fn p3_an_opening_counts_for_its_field_kind_and_length_alone() {
        let all = commitments();
        let (_, issue) = &all[1];
        let good = issue.open("birth_year").unwrap();
        let verify = |opening: &Opening, kind| opening.verify(kind, issue.root());
        for kind in ["enrol", "nym", "revoke", "access", "key", ""] {
            assert_eq!(verify(&good, kind), Err(OpeningError::Field), "{kind}");
        }
        for index in [0, 2, 3, 4, u32::MAX] {
            assert_eq!(verify(&Opening { index, ..good.clone() }, "issue"), Err(OpeningError::Field), "{index}");
        }
        let area = Opening { index: 2, name: "area".parse().unwrap(), ..good.clone() };
        assert_eq!(verify(&area, "issue"), Err(OpeningError::Value));
        let path = |path: Vec<Hash>| Opening { path, ..good.clone() };
        let long = [good.path.clone(), vec![issue.root(); 64]].concat();
        for bad in [path(vec![]), path(good.path[..1].to_vec()), path(long)] {
            assert_eq!(verify(&bad, "issue"), Err(OpeningError::Value));
        }
    }

    #[test]
    fn one_value_of_one_person_has_another_commitment_in_each_leaf() {
        let fields = Fields::Nym { enrol: ENROL };
        let root = |byte, owner| {
            let secret = LogSecret::from_bytes(Zeroizing::new([byte; 32]));
            fields.commit(&secret, owner).unwrap().root()
        };
        assert!(root(1, OWNER) != root(1, ENROL) && root(1, OWNER) != root(2, OWNER));
    }

    #[test]
    fn what_a_leaf_is_bound_to_is_found_among_what_it_may_be() {
        let value = |text: &str| text.parse::<FieldValue>().unwrap();
        let years: Vec<_> = ["", "1983", "1984", "1985"].map(value).into();
        let areas: Vec<_> = ["cog:38185", "", "FR-38", "cog:38563"].map(value).into();
        let enrols: Vec<_> = [OWNER, ENROL].map(|tag| value(&tag.to_string())).into();
        let brackets: Vec<_> = ["", "Y40-49", "Y30-39"].map(value).into();
        for (fields, commitment) in commitments() {
            let mut candidates = match fields {
                Fields::Enrol { .. } => vec![years.clone(), areas.clone()],
                Fields::Issue { .. } => vec![brackets.clone(), years.clone(), areas.clone(), enrols.clone()],
                _ => vec![enrols.clone()],
            };
            let find = |candidates: &[Vec<FieldValue>]| {
                Commitment::find(fields.kind(), &secret(), OWNER, commitment.root(), candidates)
            };
            let found = find(&candidates).unwrap();
            assert_eq!(found.root(), commitment.root());
            for name in field_names(fields.kind()).unwrap() {
                assert!(found.open(name) == commitment.open(name), "{name}");
            }
            assert!(find(&candidates[1..]).is_none() && find(&[]).is_none(), "one list for each field");
            let right = commitment.fields[0].2.clone();
            candidates[0].retain(|value| *value != right);
            assert!(find(&candidates).is_none(), "what is not among them is not found");
        }
    }

    #[test]
    fn a_value_that_could_not_be_shown_is_not_committed_to() {
        let fields = Fields::Enrol { birth_year: None, area: "no area code" };
        assert!(fields.commit(&secret(), OWNER).is_err());
    }
}
