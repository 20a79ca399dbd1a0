//! `heteronym registrars`: what an operator types, and what stands on the medium afterwards.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use heteronym::{
    accounts::LoginName,
    custodian::ceremony::in_process,
    store::{Store, StoreError, accounts, persons},
};
use rand::{SeedableRng as _, rngs::StdRng};

use super::Installation;

const OFFICE: &str = "Mairie de Voiron";
/// The file with the private key of the office.
const KEY: &str = "office.key";

/// What stands behind this name on a line of its own.
fn value(said: &str, name: &str) -> String {
    said.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
}

impl Installation {
    fn registrars(&self, arguments: &[&str]) -> super::Said {
        self.run(&[&["registrars"], arguments].concat())
    }

    /// A custodians' key file, and its fingerprint.
    fn custodians(&self, seed: u64) -> (String, String) {
        let (key, _) = in_process(2, 3, &mut StdRng::seed_from_u64(seed)).unwrap();
        let file = self.path(&format!("custodians-{seed}.json"));
        fs::write(&file, serde_json::to_vec(&key).unwrap()).unwrap();
        (file.display().to_string(), key.fingerprint().to_string())
    }

    /// With a custodians' key and an office.
    fn ready() -> Self {
        let house = Self::new();
        let (file, fingerprint) = house.custodians(1);
        house.registrars(&["custodians-key", &file, "--agreed", &fingerprint]).done();
        house.registrars(&["add", OFFICE, "--area", "FR-38"]).done();
        let made = house.registrars(&["new-key", KEY]).done();
        house.registrars(&["keys", "accredit", OFFICE, &value(&made, "public key")]).done();
        house
    }

    fn write(&self, name: &str, rows: &[String]) {
        let header = "family_name,given_names,birth_date,commune,document_kind,document_number";
        fs::write(self.path(name), [&[header.to_owned()], rows].concat().join("\n")).unwrap();
    }

    async fn people(&self) -> usize {
        let store = self.store().await;
        let page = store.read::<_, StoreError, _>(|tx| Box::pin(persons::page(tx, persons::FIRST, 10_000)));
        let count = page.await.unwrap().len();
        store.close().await;
        count
    }

    async fn store(&self) -> Store {
        Store::sqlite(&self.data().join("heteronym.db")).await.unwrap()
    }
}

/// So many people with nothing in common.
fn rows(count: usize) -> Vec<String> {
    let row = |n| format!("Garnier,Hugo,{}/{}/{},Voiron,cni,AA{n:05}", 1 + n % 28, 1 + n / 28 % 12, 1940 + n / 336);
    (0..count).map(row).collect()
}

#[test]
fn an_operator_opens_offices_and_accounts_and_closes_them() {
    let house = Installation::new();
    let added = house.registrars(&["add", OFFICE, "--area", "cog:38563"]).done();
    assert!(added.starts_with("Mairie de Voiron enrols the people of Voiron (Isère) [cog:38563].\n"), "{added}");
    for (arguments, reason) in [
        (&["add", OFFICE, "--area", "cog:38563"] as &[&str], "there is an office of this name already"),
        (&["add", "Mairie", "--area", "Voiron"], "the area Voiron is not in the table of areas: write a code"),
        (&["add", " ", "--area", "FR-38"], "2 to 100 characters"),
        (&["add-officer", "Mairie"], "no office has this name: `heteronym registrars list` shows all"),
        (&["close", "Mairie"], "no office has this name"),
        (&["close-officer", "AAAAA-AAAAA"], "no officer has this sign-in name"),
        (&["custodians-key"], "there is no custodians' key yet"),
        (&["import", "people.csv", "--office", OFFICE, "--dry-run"], "cannot read people.csv"),
    ] {
        let refused = house.registrars(arguments).refused();
        assert!(refused.contains(reason), "{arguments:?}: {refused}");
    }
    let officer = house.registrars(&["add-officer", OFFICE]).done();
    let value = |name: &str| value(&officer, name);
    let (login, code) = (value("sign-in name"), value("activation code"));
    assert_eq!(value("to be used at"), format!("https://id.example/activate#{code}"));
    assert!(login.parse::<LoginName>().is_ok() && officer.contains("shown this once"), "{officer}");

    let list = house.registrars(&["list"]).done();
    assert_eq!(list, format!("Mairie de Voiron, for Voiron (Isère) [cog:38563]\n  {login}\n"));
    assert!(!list.contains(&code));
    house.registrars(&["close-officer", &login.to_lowercase()]).done();
    assert!(house.registrars(&["close-officer", &login]).refused().contains("closed before"));
    house.registrars(&["close", OFFICE]).done();
    assert!(house.registrars(&["close", OFFICE]).refused().contains("closed before"));
    assert!(house.registrars(&["add-officer", OFFICE]).refused().contains("the office is closed"));
    let list = house.registrars(&["list"]).done();
    assert_eq!(list, format!("Mairie de Voiron (closed), for Voiron (Isère) [cog:38563]\n  {login} (closed)\n"));
}

#[test]
fn a_custodians_key_is_taken_after_its_fingerprint_was_compared() {
    let house = Installation::new();
    house.registrars(&["add", OFFICE, "--area", "FR-38"]).done();
    house.write("people.csv", &rows(1));
    let import = ["import", "people.csv", "--office", OFFICE, "--dry-run"];
    assert!(house.registrars(&import).refused().contains("there is no custodians' key yet"));
    assert!(house.run(&["doctor"]).refused().contains("to mend"));

    let (file, fingerprint) = house.custodians(1);
    let shown = house.registrars(&["custodians-key", &file]).done();
    assert!(
        shown.contains(&fingerprint) && shown.contains("2 of 3") && shown.contains("Nothing is changed yet"),
        "{shown}"
    );
    assert!(house.registrars(&import).refused().contains("no custodians' key"), "looking takes nothing");
    let (other, another) = house.custodians(2);
    let refused = house.registrars(&["custodians-key", &file, "--agreed", &another]).refused();
    assert!(refused.contains(&fingerprint), "{refused}");
    let typed = fingerprint.replace(' ', "").to_uppercase();
    house.registrars(&["custodians-key", &file, "--agreed", &typed]).done();
    assert!(house.registrars(&["custodians-key"]).done().contains(&fingerprint));
    let refused = house.registrars(&["custodians-key", &other, "--agreed", &another]).refused();
    assert!(refused.contains("would make them unreadable"), "{refused}");
    assert!(house.registrars(&import).done().contains("1 people can be enrolled"));
    assert!(house.run(&["doctor"]).done().contains("good   custodians' key"));
}

#[test]
fn the_key_of_an_office_is_made_apart_counts_when_it_is_accredited_and_is_withdrawn() {
    let house = Installation::ready();
    assert_eq!(fs::metadata(house.path(KEY)).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(house.registrars(&["new-key", KEY]).refused().contains("cannot write office.key"), "never over another");
    let made = house.registrars(&["new-key", "second.key"]).done();
    let fingerprint = value(&made, "fingerprint");
    house.registrars(&["add", "Mairie de Tullins", "--area", "FR-38"]).done();
    house.write("people.csv", &rows(2));
    let import = ["import", "people.csv", "--office", OFFICE, "--codes", "codes.csv", "--key", "second.key"];
    assert!(house.registrars(&import).refused().contains("the key is none of this office that counts"));
    assert!(!house.path("codes.csv").exists(), "codes that open nothing are removed");
    assert!(house.registrars(&["keys", "accredit", OFFICE, &fingerprint]).refused().contains("no key has this"));
    house.registrars(&["keys", "accredit", "Mairie de Tullins", &value(&made, "public key")]).done();
    assert!(house.registrars(&import).refused().contains("the key is none of this office that counts"));
    let list = house.registrars(&["keys", "list"]).done();
    assert!(list.contains(&format!("Mairie de Tullins\n  {fingerprint}  counts\n")), "{list}");
    let other = house.registrars(&["keys", "list", OFFICE]).done();
    let own = other.lines().nth(1).unwrap().trim().strip_suffix("  counts").unwrap().to_owned();
    house.registrars(&["keys", "withdraw", &own.to_uppercase().replace(' ', "")]).done();
    assert!(house.registrars(&["keys", "withdraw", &own]).refused().contains("withdrawn before"));
    let import = ["import", "people.csv", "--office", OFFICE, "--codes", "codes.csv", "--key", KEY];
    assert!(house.registrars(&import).refused().contains("the key is none of this office that counts"));
    fs::write(house.path("bad.key"), "-----BEGIN PRIVATE KEY-----").unwrap();
    let import = ["import", "people.csv", "--office", OFFICE, "--codes", "codes.csv", "--key", "bad.key"];
    assert!(house.registrars(&import).refused().contains("bad.key"));
}

#[tokio::test]
async fn a_file_is_imported_and_its_codes_are_its_owners_alone() {
    let house = Installation::ready();
    house.write("people.csv", &rows(3));
    let import = ["import", "people.csv", "--office", OFFICE, "--key", KEY, "--codes", "codes.csv"];
    let dry = house.registrars(&[&import[..], &["--dry-run"]].concat()).done();
    assert!(dry.contains("3 people can be enrolled") && !house.path("codes.csv").exists(), "{dry}");
    let done = house.registrars(&import).done();
    assert!(done.contains("3 people are enrolled. Their activation codes are in codes.csv"), "{done}");
    assert_eq!(fs::metadata(house.path("codes.csv")).unwrap().permissions().mode() & 0o777, 0o600);
    let mut table = csv::Reader::from_path(house.path("codes.csv")).unwrap();
    assert_eq!(table.headers().unwrap(), vec!["line", "sign_in_name", "activation_code", "url", "until"]);
    let codes: Vec<[String; 5]> = table.deserialize().map(Result::unwrap).collect();
    assert_eq!(codes.iter().map(|[line, ..]| line.as_str()).collect::<Vec<_>>(), ["2", "3", "4"]);
    let store = house.store().await;
    for [_, login, code, url, _] in &codes {
        assert_eq!(url, &format!("https://id.example/activate#{code}"));
        let hash = code.parse::<heteronym::accounts::InviteCode>().unwrap().hash();
        let login: LoginName = login.parse().unwrap();
        let find = store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let account = accounts::find_by_login(tx, login.as_str()).await?.unwrap();
                Ok((account.id, accounts::find_invite(tx, hash).await?.unwrap().account_id))
            })
        });
        let (account, invited) = find.await.unwrap();
        assert!(account == invited, "the code is of the account beside it");
    }
    store.close().await;

    let again = house.registrars(&import).refused();
    assert!(again.contains("codes.csv exists already and is never overwritten"), "{again}");
    let again = house.registrars(&["import", "people.csv", "--office", OFFICE, "--key", KEY, "--codes", "other.csv"]);
    assert_eq!(again.out.lines().filter(|line| line.contains("already enrolled")).count(), 3);
    assert!(again.refused().contains("nobody was enrolled: 3 lines are to mend or to confirm"));
    assert!(!house.path("other.csv").exists());
}

#[tokio::test]
async fn an_import_that_fails_leaves_no_codes() {
    let house = Installation::ready();
    house.write("people.csv", &[rows(2), vec!["Doyen,Jeanne,1958,Voiron,cni,BB1".to_owned()]].concat());
    let import = ["import", "people.csv", "--office", OFFICE, "--key", KEY, "--codes", "codes.csv"];
    let doubt = house.registrars(&import);
    assert!(
        doubt.out.contains("line 4: birth_date: without day or month") && doubt.out.contains("--confirmed 4"),
        "{}",
        doubt.out
    );
    doubt.refused();
    let nowhere =
        ["import", "people.csv", "--office", OFFICE, "--confirmed", "4", "--key", KEY, "--codes", "nowhere/codes.csv"];
    assert!(house.registrars(&nowhere).refused().contains("cannot write nowhere/codes.csv: nobody was enrolled"));
    let rule = "CREATE UNIQUE INDEX one_account_a_day ON accounts (created_on)";
    crate::store::both::run_sqlite(&house.data().join("heteronym.db"), rule).await;
    let failed = house.registrars(&[&import[..], &["--confirmed", "4"]].concat()).refused();
    assert!(failed.contains("nobody was enrolled"), "{failed}");
    assert!(!house.path("codes.csv").exists());
    assert_eq!(house.people().await, 0);
    crate::store::both::run_sqlite(&house.data().join("heteronym.db"), "DROP INDEX one_account_a_day").await;
    house.registrars(&[&import[..], &["--confirmed", "4"]].concat()).done();
    assert_eq!(house.people().await, 3);
}

/// Killed at several moments after the codes are written: all are enrolled and the codes are there, or nobody is.
#[tokio::test]
async fn an_import_that_is_killed_loses_nothing_and_leaves_nothing_half_done() {
    let people = 600;
    for after in [0, 40, 120, 400] {
        let house = Installation::ready();
        house.write("people.csv", &rows(people));
        let mut command = house.command(&[
            "registrars",
            "import",
            "people.csv",
            "--office",
            OFFICE,
            "--key",
            KEY,
            "--codes",
            "codes.csv",
        ]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for_file(&house.path("codes.csv"), &mut child);
        std::thread::sleep(Duration::from_millis(after));
        child.kill().unwrap();
        child.wait().unwrap();
        let enrolled = house.people().await;
        assert!(enrolled == 0 || enrolled == people, "{enrolled} after {after} ms");
        if enrolled == people {
            let codes = fs::read_to_string(house.path("codes.csv")).unwrap();
            assert_eq!(codes.lines().count(), people + 1);
        } else {
            house
                .registrars(&["import", "people.csv", "--office", OFFICE, "--key", KEY, "--codes", "second.csv"])
                .done();
            assert_eq!(house.people().await, people);
        }
    }
}

fn wait_for_file(file: &Path, child: &mut std::process::Child) {
    let begun = Instant::now();
    while !file.exists() && child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < super::PATIENCE);
        std::thread::sleep(Duration::from_millis(1));
    }
}
