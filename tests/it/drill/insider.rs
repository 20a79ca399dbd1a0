//! Somebody who has the whole machine: the service itself signs what they log, and an audit from outside names each leaf.

use heteronym::{
    domain::log::LogName,
    store::{Log, NewLeaf, StoreError},
    transparency::Standing,
    wire::tlog::{
        Hash,
        leaf::{
            Access, Enrol, Hour, Issuance, IssuanceLeaf, Issue, Leaf, Nym, NymAct, OwnerTag, RegistrarId, Revoke,
            Signature, SigningKeyId, SlotTag,
        },
    },
};

use crate::{
    auditor::{audit_at, faults},
    store::both::run_sqlite,
    transparency::live::Live,
};

impl Live {
    /// What an audit over the network finds.
    async fn audited(&self) -> Vec<String> {
        let now = self.service.services.ambient.now();
        let verdict = audit_at(now.0, &[self.issuer()]).await.unwrap();
        faults(&verdict)
    }

    async fn plant(&self, leaf: &IssuanceLeaf) {
        let token = leaf.facts.token().map(|token| *token.as_bytes());
        let new = NewLeaf { bytes: leaf.to_bytes().unwrap(), token, owner: Some(*leaf.facts.owner().as_bytes()) };
        let planted = self
            .service
            .services
            .store
            .write_logged::<_, StoreError, _>(move |tx| Box::pin(async move { tx.log(Log::Issuance, new) }));
        planted.await.unwrap();
    }

    /// The place that the first pseudonym has.
    async fn taken(&self, log: LogName) -> SlotTag {
        let entries = self.entries(log).await;
        let mut leaves = entries.iter().map(|entry| IssuanceLeaf::parse(entry).unwrap().facts);
        let slot = leaves.find_map(|leaf| if let Issuance::Nym(nym) = leaf { Some(nym.slot) } else { None });
        slot.unwrap()
    }
}

/// Leaves that nobody but an insider would log, and the check that names each.
fn frauds(now: i64, taken: SlotTag, brackets: &str) -> [(&'static str, IssuanceLeaf); 6] {
    let owner = |number| OwnerTag::from_bytes([number; 16]);
    let fresh = |number| Hash::from_bytes([number; 32]);
    let issue = |number| Issue {
        token: fresh(number),
        kid: "a-key-of-their-own".parse().unwrap(),
        brackets: brackets.parse().unwrap(),
        owner: owner(number),
        commitment: fresh(number),
    };
    let access = |number| Access {
        purpose: "look-up".parse().unwrap(),
        role: "officer".parse().unwrap(),
        owner: owner(number),
        commitment: fresh(number),
    };
    let ghost = Enrol {
        registrar: RegistrarId::from_bytes([9; 16]),
        level: "counter".parse().unwrap(),
        expires: "2031-06".parse().unwrap(),
        identity: fresh(1),
        owner: owner(1),
        commitment: fresh(1),
        key: SigningKeyId::from_bytes([9; 16]),
        signature: Signature::from_bytes([9; 64]),
    };
    let nym = |act| Nym { act, slot: taken, owner: owner(2), commitment: fresh(2) };
    let nobody = Revoke { enrol: owner(99), reason: "moved".parse().unwrap(), owner: owner(4), commitment: fresh(4) };
    let hour = Hour::from_millis(now);
    let before = |hours: i64| Hour::from_millis(now - hours * 3_600_000);
    [
        ("enrol.registrar", Leaf::new(hour, ghost)),
        ("slot.second-voice", Leaf::new(hour, nym(NymAct::Create))),
        ("issue.key", Leaf::new(hour, issue(3))),
        ("revoke.enrol", Leaf::new(hour, nobody)),
        ("leaf.backdated", Leaf::new(before(2), access(5))),
        ("leaf.future", Leaf::new(before(-2), access(6))),
    ]
}

#[tokio::test]
async fn whatever_an_insider_has_the_service_log_is_named_leaf_by_leaf() {
    let live = Live::start().await;
    live.visit(0, 0).await;
    assert_eq!(live.audited().await, Vec::<String>::new());
    let [_, log] = live.logs();
    let first = live.entries(log).await.len();
    let brackets = live.service.services.attributes.brackets().version().to_owned();
    let frauds = frauds(live.service.services.ambient.now().0, live.taken(log).await, &brackets);
    for (_, leaf) in &frauds {
        live.plant(leaf).await;
    }
    let named = (first..).zip(&frauds).map(|(index, (check, _))| format!("{check} {log} {index}"));
    assert_eq!(live.audited().await, named.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_leaf_that_is_edited_under_a_running_service_is_named_and_the_service_sees_it_too() {
    let live = Live::start().await;
    live.visit(0, 0).await;
    let database = live.service.dir.path().join("heteronym.db");
    // The place is given up before it was taken: so that it can be taken by somebody else.
    let edit = r#"UPDATE log_entries SET leaf = CAST(replace(CAST(leaf AS TEXT), '"create"', '"retire"') AS BLOB)
                  WHERE log = '2026' AND CAST(leaf AS TEXT) LIKE '%"create"%'"#;
    run_sqlite(&database, edit).await;
    let [_, log] = live.logs();
    assert_eq!(log.to_string(), "2026");
    let named = live.audited().await;
    let is_edited = |fault: &String| fault.starts_with("entry.hash 2026") || fault.starts_with("tree.root 2026");
    assert!(named.iter().any(is_edited), "{named:?}");
    let standing = live.service.services.transparency.verify().await.unwrap();
    assert!(matches!(standing, Standing::ReadOnly(_)), "{standing:?}");
}
