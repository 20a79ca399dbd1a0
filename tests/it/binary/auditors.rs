//! `heteronym auditors`: accounts for those who may have leaves opened.

use heteronym::accounts::LoginName;

use super::Installation;

impl Installation {
    fn auditors(&self, arguments: &[&str]) -> super::Said {
        self.run(&[&["auditors"], arguments].concat())
    }
}

#[test]
fn an_operator_accredits_auditors_and_disables_them() {
    let house = Installation::new();
    assert_eq!(house.auditors(&["list"]).done(), "");
    let added = house.auditors(&["add", "--name", " La Gazette de Voiron "]).done();
    let value = |name: &str| added.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    let (login, code) = (value("sign-in name"), value("activation code"));
    assert_eq!(value("auditor"), "La Gazette de Voiron");
    assert_eq!(value("to be used at"), format!("https://id.example/activate#{code}"));
    assert!(login.parse::<LoginName>().is_ok() && added.contains("shown this once"), "{added}");
    for (arguments, reason) in [
        (&["add", "--name", "La Gazette de Voiron"] as &[&str], "there is an auditor of this name already"),
        (&["add", "--name", " "], "2 to 100 characters"),
        (&["add", "--name", "La\u{202e}Gazette"], "2 to 100 characters"),
        (&["disable", "AAAAA-AAAAA"], "no auditor has this sign-in name: `heteronym auditors list` shows all"),
    ] {
        let refused = house.auditors(arguments).refused();
        assert!(refused.contains(reason), "{arguments:?}: {refused}");
    }
    assert_eq!(house.auditors(&["list"]).done(), format!("La Gazette de Voiron\n  {login}\n"));
    house.auditors(&["disable", &login.to_lowercase()]).done();
    assert!(house.auditors(&["disable", &login]).refused().contains("disabled before"));
    assert_eq!(house.auditors(&["list"]).done(), format!("La Gazette de Voiron (disabled)\n  {login}\n"));
}
