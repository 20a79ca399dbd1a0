//! The fraud drill: what the public logs are for. Each row is a fraud of whoever runs the service, or of whoever broke into it, with
//! the party that names it and the test in which that party does.
//!
//! | fraud | who names it, and by what | test |
//! |---|---|---|
//! | a token is forged | the forum: it has no leaf | `the_entry_of_another_token_is_refused` |
//! | | anybody with the token: `token.key`, `token.signature` | `a_forged_token_is_named` |
//! | a token is given out and not logged | the forum: `log-missing` | `a_token_without_proof_or_owner_is_refused` |
//! | | anybody with the token: `token.unlogged` | `an_unlogged_token_is_named` |
//! | a proof of something else is shown | the forum: `log-inclusion` | `p3_a_proof_that_does_not_lead_from_the_entry_to_the_head_is_refused` |
//! | somebody speaks in the name of another member | the forum: `log-owner` | `a_member_whose_entries_change_their_owner_is_refused` |
//! | a second live pseudonym in a place | an auditor: `slot.second-voice` | `a_second_live_pseudonym_in_a_place_is_named` |
//! | a leaf is backdated | an auditor: `leaf.backdated` | `a_backdated_leaf_and_one_from_the_future_are_named` |
//! | a key signs that was retired or revoked | an auditor: `issue.key` | `tokens_are_signed_by_keys_that_count_in_their_hour` |
//! | | an auditor: `issue.key` | `a_token_under_a_revoked_or_unknown_key_is_named` |
//! | a leaf is removed | an auditor: `tile.form`, `tile.missing`, `tree.root` | `a_removed_leaf_is_named` |
//! | | a forum, at night: `forked` | `an_entry_that_is_changed_or_taken_out_is_named` |
//! | a tile or an entry is edited | an auditor: `tile.hash`, `entry.hash` | `an_edited_tile_is_named_by_its_leaf` |
//! | | | `an_edited_entry_is_named_by_its_leaf` |
//! | a row of the database is edited | the service, when it starts: read-only | `rows_that_were_edited_are_noticed` |
//! | another log is shown to one forum | that forum, at night: `forked`, with both heads | `a_log_that_is_shown_to_this_forum_alone_is_named_and_nobody_signs_in_until_the_operator_goes_on` |
//! | | an auditor with a mirror: `log.forked` | `a_log_of_the_same_size_and_another_root_is_a_fork` |
//! | a backup is restored | the service: read-only | `p8_a_restored_older_database_is_read_only_and_says_why` |
//! | | an auditor with a mirror: `log.rolled-back` | `p8_a_restored_backup_is_named_with_both_heads` |
//! | | a forum, at night | `a_log_from_a_restored_backup_is_named` |
//! | somebody is enrolled whom no office knows | an auditor: `enrol.signature` | `a_ghost_enrolment_without_the_office_s_signature_is_named` |
//! | | an auditor: `enrol.registrar` | `an_enrolment_by_nobody_s_key_or_an_unknown_office_is_named` |
//! | a revocation is for nobody, or comes twice | an auditor: `revoke.enrol` | `a_revocation_names_an_enrolment_and_only_once` |
//! | a wrong bracket, year of birth or area is in a token | an auditor with a sample, at the stated odds: `sample.bracket` … | `each_token_that_says_something_else_is_named_by_the_check_that_finds_it` |
//! | | | `samples_find_what_is_wrong_as_often_as_the_odds_say` |
//! | | the same, of a running service | `a_token_with_a_wrong_bracket_or_year_is_named_and_one_that_cannot_be_opened_has_failed` |
//! | a revocation is ignored, and tokens go on | an auditor with a sample: `sample.enrolment` | `each_token_that_says_something_else_is_named_by_the_check_that_finds_it` |
//! | another draw is tried for a number that is known | an auditor: `log.forked`, `sample.sequence` | `an_audit_that_was_begun_anew_when_the_number_was_known_is_named` |
//! | a frozen log grows | an auditor: `log.frozen` | `p13_a_frozen_log_that_grows_is_named` |
//!
//! On the log of a running service, all that an insider can log through it is planted at once in [`insider`].
//!
//! **What nobody names from the logs alone.** A revocation that is *taken out of the log* is a removed leaf, and named as one. A revocation that
//! the service ignores is not: the enrolment of which an `issue` leaf is stands in its commitment. The person sees it, who finds every
//! leaf of theirs by their secret, and whoever opens a sample of leaves. A wrong bracket is likewise for the sample to find.

mod insider;

use std::{fs, path::Path};

#[test]
fn every_test_of_the_drill_is_there() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let code: String = ["auditor", "auditor/sample", "forum", "sampling", "transparency"]
        .iter()
        .flat_map(|party| fs::read_dir(tests.join(party)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let page = fs::read_to_string(tests.join("drill/mod.rs")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("//! |")).skip(2);
    let named: Vec<&str> =
        rows.map(|row| row.trim_end_matches(" |").rsplit("| ").next().unwrap().trim_matches('`')).collect();
    assert!(named.len() > 20, "the rows were read");
    for test in named {
        assert!(code.contains(&format!("async fn {test}(")), "{test} is not there");
    }
}
