//! Distributed key generation (FROST, Komlo and Goldberg 2020, figure 1) as three pure steps.
//!
//! [`Participant::begin`] gives the first message, [`Transcript::new`] gathers everybody's, [`Participant::exchange`] gives
//! the second, [`Participant::finish`] the public key and the share. The steps read no file and know no clock.

use std::{collections::BTreeMap, convert::Infallible, fmt};

use frost_ristretto255::{
    Error as Frost, Identifier,
    keys::{
        SigningShare,
        dkg::{part1, part2, part3, round1, round2},
    },
    rand_core,
};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{ZeroizeOnDrop, Zeroizing};

pub use super::transcript::Transcript;
use super::{
    message::{Addressed, Base64, Round1, Round1Kind, Round2, Round2Kind},
    transcript::{array, identifier},
};
use crate::wire::sealed::{CustodiansKey, KeyError, Letter, LetterKey, MAX_CUSTODIANS, SealError, Share, valid_name};

/// Why a ceremony cannot go on. Names the custodian whose message is at fault.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CeremonyError {
    #[error("{threshold} of {custodians} is not possible: 2 ≤ threshold ≤ custodians ≤ {MAX_CUSTODIANS}")]
    Plan { threshold: u16, custodians: u16 },
    #[error("custodian {0} does not exist: custodians are numbered from 1 to {1}")]
    Index(u16, u16),
    #[error("the name of a custodian has 1 to 80 letters, digits, spaces or signs of -'’.,()&/")]
    Name,
    #[error("the name of the ceremony has 1 to 80 characters")]
    Ceremony,
    #[error("the first message of custodian {0} is missing")]
    Missing(u16),
    #[error("there are two first messages of custodian {0}: keep the one that custodian confirms")]
    Twice(u16),
    #[error("the first message of custodian {0} is for another ceremony, threshold or number of custodians")]
    OtherPlan(u16),
    #[error("the first message of custodian {0} is malformed or its proof does not hold: ask for it again")]
    Round1(u16),
    #[error("the first message under your own number {0} is not the one you made: somebody else uses your number")]
    NotMine(u16),
    #[error("custodian {0} agreed to another transcript: compare fingerprints, and begin again if they differ")]
    OtherTranscript(u16),
    #[error("the second message of custodian {0} is missing")]
    MissingRound2(u16),
    #[error("there are two second messages of custodian {0}")]
    TwiceRound2(u16),
    #[error("the letter of custodian {0} to you is missing or cannot be read: ask for it again")]
    Letter(u16),
    #[error("the share that custodian {0} sent contradicts what the same custodian published: begin again without")]
    Share(u16),
    #[error("the key that results is not consistent: {0}")]
    Key(#[from] KeyError),
    #[error("the saved state of the ceremony is damaged")]
    State,
    #[error("the key generation failed: {0}")]
    Frost(String),
}

/// What all custodians agreed before they begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Any text that tells this ceremony from others, for instance "Isère 2026".
    pub ceremony: String,
    /// How many custodians must agree to open a name.
    pub threshold: u16,
    pub custodians: u16,
}

impl Plan {
    pub(super) fn check(&self) -> Result<(), CeremonyError> {
        let Self { ceremony, threshold, custodians } = self;
        if *threshold < 2 || threshold > custodians || *custodians > MAX_CUSTODIANS {
            return Err(CeremonyError::Plan { threshold: *threshold, custodians: *custodians });
        }
        let printable = !ceremony.trim().is_empty() && !ceremony.chars().any(char::is_control);
        if printable && ceremony.chars().count() <= 80 { Ok(()) } else { Err(CeremonyError::Ceremony) }
    }
}

/// One custodian during the ceremony: the polynomial and the letter box. Secret; wiped when dropped.
pub struct Participant {
    secret: round1::SecretPackage,
    letterbox: LetterKey,
    message: Round1,
}

impl Participant {
    /// Makes this custodian's secrets and first message.
    pub fn begin(plan: &Plan, index: u16, name: &str, rng: &mut impl CryptoRng) -> Result<Self, CeremonyError> {
        plan.check()?;
        if !(1..=plan.custodians).contains(&index) {
            return Err(CeremonyError::Index(index, plan.custodians));
        }
        if !valid_name(name) {
            return Err(CeremonyError::Name);
        }
        let letterbox = LetterKey::generate(rng);
        let (secret, package) = part1(identifier(index)?, plan.custodians, plan.threshold, Adapter(rng))?;
        let message = Round1 {
            kind: Round1Kind::V1,
            ceremony: plan.ceremony.clone(),
            index,
            name: name.to_owned(),
            threshold: plan.threshold,
            custodians: plan.custodians,
            commitments: package.commitment().serialize()?.into_iter().map(Base64).collect(),
            proof: Base64(package.proof_of_knowledge().serialize()?),
            letterbox: Base64(letterbox.public().to_vec()),
        };
        Ok(Self { secret, letterbox, message })
    }

    /// The first message: to be given to every other custodian.
    pub fn round1(&self) -> &Round1 {
        &self.message
    }

    /// The second message, to be made only after all custodians have read the same transcript to one another.
    pub fn exchange(&self, transcript: &Transcript, rng: &mut impl CryptoRng) -> Result<Round2, CeremonyError> {
        let (_, shares) = self.part2(transcript)?;
        let from = self.message.index;
        let mut letters = Vec::with_capacity(shares.len());
        for message in transcript.others(from) {
            let to = message.index;
            let share = shares.get(&identifier(to)?).ok_or(CeremonyError::Round1(to))?;
            let share = Zeroizing::new(share.signing_share().serialize());
            let address = array(&message.letterbox).ok_or(CeremonyError::Round1(to))?;
            let letter = Letter::write(&address, &transcript.label(from, to), &share, rng);
            letters.push(Addressed { to, letter: Base64(letter.map_err(|_| CeremonyError::Round1(to))?.0) });
        }
        Ok(Round2 { kind: Round2Kind::V1, transcript: Base64(transcript.digest().to_vec()), from, letters })
    }

    /// Reads everybody's letters; gives the public key, the same for all, and this custodian's share.
    pub fn finish(
        &self,
        transcript: &Transcript,
        messages: &[Round2],
    ) -> Result<(CustodiansKey, Share), CeremonyError> {
        let (secret, _) = self.part2(transcript)?;
        let mut shares = BTreeMap::new();
        for message in transcript.others(self.message.index) {
            let share = self.letter_from(message.index, transcript, messages)?;
            let share = SigningShare::deserialize(&share).map_err(|_| CeremonyError::Letter(message.index))?;
            shares.insert(identifier(message.index)?, round2::Package::new(share));
        }
        let (mine, public) = part3(&secret, &transcript.packages(self.message.index)?, &shares)?;
        let mut custodians = Vec::with_capacity(transcript.messages().len());
        for message in transcript.messages() {
            let share = public.verifying_shares().get(&identifier(message.index)?);
            let share = share.ok_or(CeremonyError::Round1(message.index))?.serialize()?;
            custodians.push((message.name.clone(), share));
        }
        let group = public.verifying_key().serialize()?;
        let key = CustodiansKey::new(&group, self.message.threshold, FIRST_EPOCH, custodians)?;
        let bytes = Zeroizing::new(mine.signing_share().serialize());
        let bytes = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| CeremonyError::State)?);
        let share = Share::new(&key, self.message.index, &bytes)?;
        Ok((key, share))
    }

    /// The secret state as JSON, for the custodian's own file.
    pub fn save(&self) -> Result<Zeroizing<Vec<u8>>, CeremonyError> {
        let polynomial = Zeroizing::new(self.secret.serialize()?);
        let letterbox = self.letterbox.expose();
        let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
        let saved = SavedRef { polynomial: &polynomial, letterbox: letterbox.as_slice(), message: &self.message };
        serde_json::to_writer(&mut *text, &saved).map_err(|_| CeremonyError::State)?;
        Ok(text)
    }

    /// Reads what [`Participant::save`] wrote.
    pub fn restore(text: &[u8]) -> Result<Self, CeremonyError> {
        let saved: Saved = serde_json::from_slice(text).map_err(|_| CeremonyError::State)?;
        let secret = round1::SecretPackage::deserialize(&saved.polynomial).map_err(|_| CeremonyError::State)?;
        let letterbox = LetterKey::from_bytes(&saved.letterbox).map_err(|_| CeremonyError::State)?;
        Ok(Self { secret, letterbox, message: saved.message.clone() })
    }

    fn part2(
        &self,
        transcript: &Transcript,
    ) -> Result<(round2::SecretPackage, BTreeMap<Identifier, round2::Package>), CeremonyError> {
        let index = self.message.index;
        if !transcript.messages().contains(&self.message) {
            return Err(CeremonyError::NotMine(index));
        }
        Ok(part2(self.secret.clone(), &transcript.packages(index)?)?)
    }

    fn letter_from(
        &self,
        from: u16,
        transcript: &Transcript,
        messages: &[Round2],
    ) -> Result<Zeroizing<Vec<u8>>, CeremonyError> {
        let mut theirs = messages.iter().filter(|message| message.from == from);
        let message = theirs.next().ok_or(CeremonyError::MissingRound2(from))?;
        if theirs.any(|other| other != message) {
            return Err(CeremonyError::TwiceRound2(from));
        }
        if message.transcript.0 != transcript.digest() {
            return Err(CeremonyError::OtherTranscript(from));
        }
        let to = self.message.index;
        let mine = message.letters.iter().find(|letter| letter.to == to).ok_or(CeremonyError::Letter(from))?;
        let letter = Letter(mine.letter.0.clone());
        let read: Result<_, SealError> = self.letterbox.open(&letter, &transcript.label(from, to));
        read.map_err(|_| CeremonyError::Letter(from))
    }
}

impl fmt::Debug for Participant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Participant({}, …)", self.message.index)
    }
}

/// Runs a whole ceremony, with the real messages, in one process: for the demo and for tests. Whoever runs it holds all
/// shares at once, so it protects nobody.
pub fn in_process(k: u16, n: u16, rng: &mut impl CryptoRng) -> Result<(CustodiansKey, Vec<Share>), CeremonyError> {
    let plan = Plan { ceremony: "in one process".to_owned(), threshold: k, custodians: n };
    let participants: Vec<Participant> =
        (1..=n).map(|i| Participant::begin(&plan, i, &format!("Custodian {i}"), rng)).collect::<Result<_, _>>()?;
    let transcript = Transcript::new(participants.iter().map(|participant| participant.round1().clone()))?;
    let messages: Vec<Round2> =
        participants.iter().map(|participant| participant.exchange(&transcript, rng)).collect::<Result<_, _>>()?;
    let mut shares = Vec::with_capacity(participants.len());
    let mut key = None;
    for participant in &participants {
        let (public, share) = participant.finish(&transcript, &messages)?;
        key = Some(public);
        shares.push(share);
    }
    let key = key.ok_or(CeremonyError::Plan { threshold: k, custodians: n })?;
    Ok((key, shares))
}

impl From<Frost> for CeremonyError {
    fn from(error: Frost) -> Self {
        // An identifier is a scalar, little endian; ours fit two bytes.
        let index = |id: &Identifier| match id.serialize().as_slice() {
            [low, high, ..] => u16::from_le_bytes([*low, *high]),
            _ => 0,
        };
        match &error {
            Frost::InvalidProofOfKnowledge { culprit } => Self::Round1(index(culprit)),
            Frost::InvalidSecretShare { culprit: Some(culprit) } => Self::Share(index(culprit)),
            other => Self::Frost(other.to_string()),
        }
    }
}

#[derive(Serialize)]
struct SavedRef<'a> {
    polynomial: &'a [u8],
    letterbox: &'a [u8],
    message: &'a Round1,
}

#[derive(Deserialize, ZeroizeOnDrop)]
struct Saved {
    polynomial: Vec<u8>,
    letterbox: Vec<u8>,
    #[zeroize(skip)]
    message: Round1,
}

/// Our generator in the clothes of the older `rand_core` that frost asks for.
struct Adapter<'a, R>(&'a mut R);

impl<R: CryptoRng> rand_core::RngCore for Adapter<'_, R> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        let filled: Result<(), Infallible> = self.0.try_fill_bytes(bytes);
        filled.map_err(|never| match never {})
    }
}

impl<R: CryptoRng> rand_core::CryptoRng for Adapter<'_, R> {}

const FIRST_EPOCH: u32 = 0;

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::wire::sealed::{Case, Sealed};

    fn rng(seed: u64) -> StdRng {
        StdRng::seed_from_u64(seed)
    }

    fn plan() -> Plan {
        Plan { ceremony: "Isère 2026".to_owned(), threshold: 2, custodians: 3 }
    }

    fn three(rng: &mut StdRng) -> (Vec<Participant>, Transcript) {
        let all: Vec<_> = ["Court", "Ombudsman", "University"]
            .into_iter()
            .zip(1..)
            .map(|(name, i)| Participant::begin(&plan(), i, name, rng).unwrap())
            .collect();
        let transcript = Transcript::new(all.iter().map(|p| p.round1().clone())).unwrap();
        (all, transcript)
    }

    #[test]
    fn a_ceremony_in_one_process_gives_a_key_that_any_k_open() {
        let mut rng = rng(1);
        let (key, shares) = in_process(3, 5, &mut rng).unwrap();
        assert_eq!((key.threshold(), key.custodians().len(), key.epoch()), (3, 5, 0));
        let sealed = Sealed::seal(&key, b"label", b"name", &mut rng).unwrap();
        let (checked, case) = (sealed.verify(&key, b"label").unwrap(), Case::of(b"case"));
        let partials: Vec<_> = [4, 0, 2].map(|i: usize| checked.partial(&shares[i], &case, &mut rng).unwrap()).into();
        assert_eq!(checked.combine(&partials, &case).unwrap().as_slice(), b"name");
    }

    #[test]
    fn all_custodians_end_with_the_same_key_even_over_saved_state() {
        let mut rng = rng(2);
        let (all, transcript) = three(&mut rng);
        let all: Vec<_> = all.iter().map(|p| Participant::restore(&p.save().unwrap()).unwrap()).collect();
        let messages: Vec<_> = all.iter().map(|p| p.exchange(&transcript, &mut rng).unwrap()).collect();
        let keys: Vec<_> = all.iter().map(|p| p.finish(&transcript, &messages).unwrap().0).collect();
        assert!(keys.iter().all(|key| *key == keys[0]));
        let names: Vec<_> = keys[0].custodians().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["1 (Court)", "2 (Ombudsman)", "3 (University)"]);
    }

    #[test]
    fn impossible_plans_and_names_are_refused() {
        let mut rng = rng(3);
        let mut begin = |threshold, custodians, index, name: &str| {
            let plan = Plan { ceremony: "c".to_owned(), threshold, custodians };
            Participant::begin(&plan, index, name, &mut rng).unwrap_err()
        };
        assert_eq!(begin(1, 3, 1, "A"), CeremonyError::Plan { threshold: 1, custodians: 3 });
        assert_eq!(begin(4, 3, 1, "A"), CeremonyError::Plan { threshold: 4, custodians: 3 });
        assert_eq!(begin(2, 65, 1, "A"), CeremonyError::Plan { threshold: 2, custodians: 65 });
        assert_eq!(begin(2, 3, 0, "A"), CeremonyError::Index(0, 3));
        assert_eq!(begin(2, 3, 4, "A"), CeremonyError::Index(4, 3));
        assert_eq!(begin(2, 3, 1, "\u{1b}[2J"), CeremonyError::Name);
        let unnamed = Plan { ceremony: " ".to_owned(), ..plan() };
        assert_eq!(Participant::begin(&unnamed, 1, "A", &mut rng).unwrap_err(), CeremonyError::Ceremony);
    }

    #[test]
    fn a_transcript_names_who_is_missing_double_or_of_another_plan() {
        let mut rng = rng(4);
        let (all, transcript) = three(&mut rng);
        let message = |i: usize| all[i].round1().clone();
        let fault = |messages: Vec<Round1>| Transcript::new(messages).unwrap_err();
        assert_eq!(fault(vec![]), CeremonyError::Missing(1));
        assert_eq!(fault(vec![message(2), message(0)]), CeremonyError::Missing(2));
        let other = Participant::begin(&plan(), 2, "Impostor", &mut rng).unwrap().round1().clone();
        assert_eq!(fault(vec![message(0), message(1), message(2), other.clone()]), CeremonyError::Twice(2));
        let twice = Transcript::new([message(2), message(1), message(0), message(1)]).unwrap();
        assert_eq!(twice.fingerprint(), transcript.fingerprint());
        let odd = Round1 { ceremony: "another".to_owned(), ..message(1) };
        assert_eq!(fault(vec![message(0), odd, message(2)]), CeremonyError::OtherPlan(2));
        let replaced = Transcript::new([message(0), other, message(2)]).unwrap();
        assert_ne!(replaced.fingerprint(), transcript.fingerprint(), "the comparison on the telephone catches it");
    }

    #[test]
    fn a_message_with_a_bad_point_proof_or_letter_box_is_named() {
        let mut rng = rng(5);
        let (all, _) = three(&mut rng);
        let with = |change: &dyn Fn(&mut Round1)| {
            let mut messages: Vec<_> = all.iter().map(|p| p.round1().clone()).collect();
            change(&mut messages[1]);
            Transcript::new(messages)
        };
        let zero = || Base64(vec![0; 32]);
        assert_eq!(with(&|m| m.commitments[1] = zero()).unwrap_err(), CeremonyError::Round1(2));
        assert_eq!(with(&|m| m.letterbox = zero()).unwrap_err(), CeremonyError::Round1(2));
        assert_eq!(with(&|m| m.commitments.truncate(1)).unwrap_err(), CeremonyError::Round1(2));
        assert_eq!(with(&|m| m.proof.0.truncate(63)).unwrap_err(), CeremonyError::Round1(2));
        assert_eq!(with(&|m| m.name = "\n".to_owned()).unwrap_err(), CeremonyError::Round1(2));
        let forged = with(&|m| m.commitments.swap(0, 1)).unwrap();
        assert_eq!(all[0].exchange(&forged, &mut rng).unwrap_err(), CeremonyError::Round1(2));
        assert_eq!(all[1].exchange(&forged, &mut rng).unwrap_err(), CeremonyError::NotMine(2));
    }

    #[test]
    fn a_false_missing_or_misdirected_share_is_named() {
        let mut rng = rng(6);
        let (all, transcript) = three(&mut rng);
        let good: Vec<_> = all.iter().map(|p| p.exchange(&transcript, &mut rng).unwrap()).collect();
        let finish = |messages: &[Round2]| all[0].finish(&transcript, messages).unwrap_err();
        assert_eq!(finish(&good[..2]), CeremonyError::MissingRound2(3));

        let mut swapped = good.clone();
        swapped[1].letters[0].letter = good[1].letters[1].letter.clone();
        assert_eq!(finish(&swapped), CeremonyError::Letter(2));
        let mut double = good.clone();
        double.push(Round2 { letters: vec![], ..good[2].clone() });
        assert_eq!(finish(&double), CeremonyError::TwiceRound2(3));
        let mut foreign = good.clone();
        foreign[2].transcript.0[0] ^= 1;
        assert_eq!(finish(&foreign), CeremonyError::OtherTranscript(3));

        let address = array(&all[0].round1().letterbox).unwrap();
        let lie = Letter::write(&address, &transcript.label(2, 1), &[1; 32], &mut rng).unwrap();
        let mut false_share = good.clone();
        false_share[1].letters[0].letter = Base64([lie.0.as_slice()].concat());
        assert!(matches!(finish(&false_share), CeremonyError::Letter(2) | CeremonyError::Share(2)));
        let mut seven = [0; 32];
        seven[0] = 7;
        let lie = Letter::write(&address, &transcript.label(2, 1), &seven, &mut rng).unwrap();
        false_share[1].letters[0].letter = Base64(lie.0);
        assert_eq!(finish(&false_share), CeremonyError::Share(2));
        assert!(all[0].finish(&transcript, &good).is_ok());
    }

    #[test]
    fn a_participant_prints_nothing_secret() {
        let participant = Participant::begin(&plan(), 1, "Court", &mut rng(7)).unwrap();
        assert_eq!(format!("{participant:?}"), "Participant(1, …)");
        assert_eq!(Participant::restore(b"{}").unwrap_err(), CeremonyError::State);
    }
}
