//! Numbers that a person's rows hold here and there, above all times: no pair of columns may join them.
//!
//! A thief lays one column of a database beside one of another, and takes for the same person whose numbers are equal, or
//! lie nearest to each other, or nearest to a distance that the program always keeps, such as the life of a session. Where
//! several lie equally near, the thief has to guess. The town's ten days see some twenty people a day at each forum, so
//! that a column of days gives away one in twenty; one of minutes or milliseconds nearly all.

use std::collections::{BTreeMap, HashMap};

use heteronym::{
    accounts::Grounds,
    clients::Draft,
    store::{StoreError, accounts},
};

use super::{
    town::{FORUMS, PEOPLE, origin_of},
    world::{Database, Row, Value, World, world},
};
use crate::harness::{Choices, Service};

/// The numbers of each person in one column, by the person's place in the town.
struct Column {
    name: String,
    numbers: Vec<Vec<i64>>,
}

#[test]
fn no_number_of_the_provider_and_a_forum_joins_a_persons_rows() {
    let world = world();
    let mut joining = Vec::new();
    for place in 0..FORUMS {
        let (here, there) = (of_provider(world, place), of_forum(world, place));
        assert!(here.len() > 10 && there.len() > 3, "{} and {} columns", here.len(), there.len());
        joining.extend(joins(&here, &there));
    }
    assert_eq!(joining, Vec::<String>::new());
}

#[test]
fn no_number_of_two_forums_joins_their_members() {
    let world = world();
    for one in 0..FORUMS {
        for other in one + 1..FORUMS {
            assert_eq!(joins(&of_forum(world, one), &of_forum(world, other)), Vec::<String>::new());
        }
    }
}

#[test]
fn the_search_finds_times_that_join_and_lets_days_and_chance_pass() {
    let column = |time: &dyn Fn(i64) -> i64| Column {
        name: String::new(),
        numbers: (0..PEOPLE).map(|person| vec![time(i64::try_from(person).unwrap())]).collect(),
    };
    // 200 people in ten days, in an order of their own.
    let visit = |person: i64| 1_781_517_600_000 + (person * 77 % 200) * (4_320_000 + person);
    let exact = column(&visit);
    assert!(guessed(&exact, &column(&|person| visit(person) + 30_000)) > 150.0, "half a minute later");
    assert!(guessed(&exact, &column(&|person| visit(person) + 30 * 86_400_000)) > 150.0, "the end of what then began");
    let day = |person: i64| visit(person).div_euclid(86_400_000);
    let most = most_guessed(&exact, &exact);
    assert!(guessed(&column(&day), &column(&day)) < most);
    assert!(guessed(&exact, &column(&|person| (person * 91 % 200) * 4_320_000)) < most, "chance");
}

#[tokio::test]
async fn what_a_person_does_online_leaves_a_time_no_finer_than_the_month() {
    let service = Service::start().await;
    let scope = "openid profile offline_access";
    let forum = service.register("forum.example", Draft { scope: scope.to_owned(), ..Draft::default() }).await;
    let citizen = service.arnaud().await;
    let (accounts, account) = (service.services.accounts.clone(), citizen.account.clone());
    let code = accounts.new_code();
    let (issuing, issued) = (accounts.clone(), code.clone());
    let invited = service.services.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move { issuing.issue_invite(tx, &issued, account.id, accounts::Purpose::Activate).await })
    });
    invited.await.unwrap();
    service.wait(4_321);
    let grounds = Grounds::Code(accounts.open_code(&code.canonical()).await.unwrap());
    let session = accounts.set_passphrase(grounds, "il pleut sur les volcans", "", None).await.unwrap();
    accounts.new_paper_codes(&session.signed_in).await.unwrap();
    // A grant that goes on, was refreshed, and was misused; one that ended with the session; a consent withdrawn; a
    // pseudonym given up.
    let mut tokens = Vec::new();
    for scope in [scope, "openid profile"] {
        service.wait(77);
        let mut browser = service.browser();
        browser.hold_session(session.token.expose());
        let request = forum.request(scope);
        let answer = browser.authorize(&request, &Choices::all("Genêt des landes")).await;
        tokens.push(forum.tokens(&service, &request, &answer).await);
    }
    let token = tokens[0].refresh_token.clone().unwrap();
    for _ in 0..2 {
        service.wait(55);
        forum.refresh(&service, &token).await;
    }
    accounts.sign_out(&session.signed_in).await.unwrap();
    let own = service.services.pseudonyms.of_person(citizen.person).await.unwrap().remove(0);
    let consents = service.services.consents.of_person(citizen.person).await.unwrap();
    assert!(service.services.consents.withdraw(consents[0].id, citizen.person).await.unwrap());
    let (pseudonyms, now) = (service.services.pseudonyms.clone(), service.services.ambient.now());
    let retire = service.services.store.write(move |tx| {
        let (pseudonyms, own) = (pseudonyms.clone(), own.clone());
        Box::pin(async move { pseudonyms.retire(tx, &own, now).await })
    });
    retire.await.unwrap();

    let database = Database::read(&service.dir.path().join("heteronym.db")).await;
    let mut finer = Vec::new();
    for table in ONLINE {
        assert!(!database.0[table].is_empty(), "{table}");
        for (column, value) in database.0[table].iter().flatten() {
            let is_time = matches!(value, Value::Int(number) if *number > 100_000_000_000);
            if is_time && !(FROM_THE_COUNTER.contains(&(table, column)) || is_first_of_a_month(value)) {
                finer.push(format!("{table}.{column}: {value:?}"));
            }
        }
    }
    assert_eq!(finer, Vec::<String>::new());
}

/// Tables with rows of what a person does in front of a screen.
const ONLINE: [&str; 9] = [
    "consents",
    "families",
    "grants",
    "invites",
    "names",
    "passphrases",
    "pseudonyms",
    "recovery_codes",
    "refresh_tokens",
];
/// The sheet was printed at a counter that day, whatever its holder did with it later.
const FROM_THE_COUNTER: [(&str, &str); 2] = [("invites", "created_on"), ("invites", "expires_at")];

fn is_first_of_a_month(value: &Value) -> bool {
    let Value::Int(number) = value else { return false };
    let time = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::from_millisecond(*number).unwrap());
    time == time.date().first_of_month().to_datetime(jiff::civil::Time::midnight())
}

/// Each pair of columns by which more people are found than by chance.
fn joins(here: &[Column], there: &[Column]) -> Vec<String> {
    let mut joining = Vec::new();
    for one in here {
        for other in there {
            let (guessed, most) = (guessed(one, other), most_guessed(one, other));
            if guessed > most {
                joining.push(format!("{} and {}: {guessed:.0} people", one.name, other.name));
            }
        }
    }
    joining
}

/// So many of those who are in both are guessed right by chance or by the day, and not more: a tenth, and a few.
fn most_guessed(one: &Column, other: &Column) -> f64 {
    let both = one.numbers.iter().zip(&other.numbers).filter(|(a, b)| !a.is_empty() && !b.is_empty()).count();
    4.0 + f64::from(u32::try_from(both).unwrap()) / 10.0
}

/// How many people somebody finds who goes by these two columns, on average.
fn guessed(one: &Column, other: &Column) -> f64 {
    let mut distances: Vec<i64> =
        one.numbers.iter().zip(&other.numbers).filter_map(|(a, b)| Some(b.first()? - a.first()?)).collect();
    distances.sort_unstable();
    let usual = distances.get(distances.len() / 2).copied().unwrap_or_default();
    let at = |distance: i64| -> f64 {
        let people = other.numbers.iter().enumerate();
        people
            .map(|(person, numbers)| {
                numbers.iter().map(|number| share(one, person, number - distance)).fold(0.0, f64::max)
            })
            .sum()
    };
    at(0).max(at(usual))
}

/// The chance to pick this person among those whose numbers are nearest to this one.
fn share(column: &Column, person: usize, number: i64) -> f64 {
    let nearest = |numbers: &Vec<i64>| numbers.iter().map(|own| own.abs_diff(number)).min();
    let all: Vec<_> = column.numbers.iter().map(nearest).collect();
    let best = all.iter().flatten().min();
    if best.is_none() || all[person].as_ref() != best {
        return 0.0;
    }
    let equally = all.iter().filter(|own| own.as_ref() == best).count();
    1.0 / f64::from(u32::try_from(equally).unwrap())
}

/// The columns of numbers in rows that lead to a person; where `forum` is given, without those about another forum.
fn columns(database: &Database, owner: &dyn Fn(&Row) -> Option<usize>, forum: Option<&[Value]>) -> Vec<Column> {
    let mut columns: BTreeMap<String, Vec<Vec<i64>>> = BTreeMap::new();
    for (table, row) in database.0.iter().flat_map(|(table, rows)| rows.iter().map(move |row| (table, row))) {
        let mut told = ["sector", "client_id"].iter().filter_map(|column| row.get(*column));
        if forum.is_some_and(|own| told.any(|value| !own.contains(value))) {
            continue;
        }
        let Some(person) = owner(row) else { continue };
        for (column, value) in row {
            if let Value::Int(number) = value {
                let numbers = columns.entry(format!("{table}.{column}")).or_insert_with(|| vec![Vec::new(); PEOPLE]);
                numbers[person].push(*number);
            }
        }
    }
    columns.into_iter().map(|(name, numbers)| Column { name, numbers }).collect()
}

fn of_provider(world: &World, place: usize) -> Vec<Column> {
    let people = world.people.iter().enumerate();
    let mut known: HashMap<Value, usize> =
        people.map(|(person, secrets)| (Value::Blob(secrets.person.to_vec()), person)).collect();
    // Person, pseudonym, consent, grant, family: each names the one before.
    for _ in 0..5 {
        for row in world.provider.0.values().flatten() {
            let person = row.values().find_map(|value| known.get(value)).copied();
            if let (Some(person), Some(id)) = (person, row.get("id")) {
                known.insert(id.clone(), person);
            }
        }
    }
    let origin = origin_of(place);
    let is_here = |row: &&Row| matches!(&row["metadata"], Value::Text(metadata) if metadata.contains(&origin));
    let client = world.provider.0["clients"].iter().find(is_here).unwrap();
    let forum = [client["id"].clone(), client["sector"].clone()];
    columns(&world.provider, &|row| row.values().find_map(|value| known.get(value)).copied(), Some(&forum))
}

/// Without the numbers of members, topics and messages: they count arrivals, in public, and pages and moderators name things
/// by them. What that gives away of who comes to two forums in one sitting is said in `specs/pseudonym.md`.
fn of_forum(world: &World, place: usize) -> Vec<Column> {
    let mut known: HashMap<Value, usize> = HashMap::new();
    for (person, secrets) in world.people.iter().enumerate() {
        known.extend(secrets.subjects.iter().map(|subject| (Value::Text(subject.clone()), person)));
    }
    let forum = &world.forums[place];
    let members = forum.0["members"].iter().map(|row| (row["id"].clone(), known[&row["sub"]]));
    let members: HashMap<Value, usize> = members.collect();
    let owner = |row: &Row| {
        let member = ["member", "author"].iter().find_map(|column| row.get(*column));
        row.get("sub").map_or_else(|| members.get(member?), |sub| known.get(sub)).copied()
    };
    let mut columns = columns(forum, &owner, None);
    columns.retain(|column| {
        !["id", "member", "author", "topic"].iter().any(|number| column.name.ends_with(&format!(".{number}")))
    });
    columns
}
