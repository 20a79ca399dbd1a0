//! One head, one witness: from whatever it remembers to its cosignature, or to what follows from its refusal.

use super::Witnesses;
use crate::{
    domain::log::LogName,
    store::StoreError,
    transparency::fault::Divergence,
    wire::tlog::{AddCheckpoint, NoteKey, NoteSignature, SignedCheckpoint, WitnessAnswer, WitnessRefusal},
};

/// A head for the witnesses.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) log: LogName,
    pub(super) checkpoint: SignedCheckpoint,
}

/// What a witness said to a head.
pub(super) enum Asked {
    /// Its cosignature, which holds.
    Cosigned(NoteSignature),
    /// Another node has shown it a newer head meanwhile.
    Overtaken,
    /// It remembers a log that ours does not continue.
    Remembers(Divergence),
    /// It says nothing to that head; why.
    Failed(String),
}

/// What became of showing a head to a witness.
pub(super) enum Answered {
    Cosigned,
    Overtaken,
    Remembers,
    /// The name of the witness, and why it does not cosign.
    Failed(String, String),
}

impl Target {
    pub(super) fn size(&self) -> u64 {
        self.checkpoint.checkpoint().size()
    }
}

impl Witnesses {
    /// Begins where the witness is thought to be, and learns from its answer where it is.
    pub(super) async fn ask(&self, target: &Target, number: usize) -> Result<Asked, StoreError> {
        let Some(witness) = self.0.witnesses.get(number) else { return Ok(failed("there is no such witness")) };
        let (feed, size) = (self.feed(target.log), target.size());
        let mut old = feed.known(number).min(size);
        for _ in 0..TRIES {
            let Some(proof) = self.0.logs.consistency(target.log, old, size).await? else {
                return Ok(failed("the log is smaller than its head"));
            };
            let Ok(request) = AddCheckpoint::new(old, proof, target.checkpoint.clone()) else {
                return Ok(failed("the proof is too long"));
            };
            match self.0.client.add_checkpoint(witness, &request).await {
                Ok(WitnessAnswer::Cosigned(lines)) => {
                    let Some(line) = cosignature(target, lines, std::slice::from_ref(&witness.key)) else {
                        return Ok(failed("it answers without a cosignature of its own that holds"));
                    };
                    feed.learn(number, size);
                    return Ok(Asked::Cosigned(line));
                }
                Ok(WitnessAnswer::Refused(WitnessRefusal::Conflict(known))) if known > size => {
                    return self.beyond(target, witness.name(), known).await;
                }
                Ok(WitnessAnswer::Refused(WitnessRefusal::Conflict(known))) if known != old => old = known,
                // The size is the right one, so the tree is another.
                Ok(WitnessAnswer::Refused(refusal)) if old > 0 && means_another_tree(refusal, old == size) => {
                    let witness = witness.name().to_owned();
                    return Ok(Asked::Remembers(Divergence::Cosigned { log: target.log, size: old, witness }));
                }
                Ok(WitnessAnswer::Refused(refusal)) => return Ok(failed(&refusal.to_string())),
                Err(unanswered) => return Ok(failed(&unanswered.to_string())),
            }
        }
        Ok(failed("it knows another size each time"))
    }

    /// The witness has cosigned more than was shown to it here: another node may have been faster. Otherwise the database is
    /// older than what was published.
    async fn beyond(&self, target: &Target, witness: &str, known: u64) -> Result<Asked, StoreError> {
        let database = self.0.logs.head(target.log).await?.map_or(0, |head| head.size);
        if database >= known {
            return Ok(Asked::Overtaken);
        }
        let witness = witness.to_owned();
        Ok(Asked::Remembers(Divergence::Outgrown { log: target.log, database, cosigned: known, witness }))
    }
}

/// Of the lines of an answer, the one that is the witness's own cosignature of this head.
fn cosignature(target: &Target, lines: Vec<NoteSignature>, key: &[NoteKey]) -> Option<NoteSignature> {
    lines.into_iter().find(|line| {
        let mut head = target.checkpoint.clone();
        head.push(line.clone()).is_ok() && head.cosigners(key).is_ok_and(|cosigners| !cosigners.is_empty())
    })
}

fn failed(why: &str) -> Asked {
    Asked::Failed(why.to_owned())
}

/// Whether the witness says with this that it has cosigned another tree, where its size was met. The same size with another
/// root is a conflict in some versions of the protocol, and a proof that does not hold in others.
fn means_another_tree(refusal: WitnessRefusal, same_size: bool) -> bool {
    match refusal {
        WitnessRefusal::Inconsistent => true,
        WitnessRefusal::Conflict(_) => same_size,
        _ => false,
    }
}

/// The first learns where the witness is, unless it is known; the others are for nodes that ask it at the same time.
const TRIES: usize = 4;
