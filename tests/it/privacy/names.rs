//! The same name on two forums: what a thief of the provider's database, who reads it there in public, makes of it here.

use std::collections::BTreeMap;

use heteronym::clients::Draft;

use super::{
    search::Windows,
    world::{Database, Value},
};
use crate::harness::{Choices, Service};

#[tokio::test]
async fn one_name_in_two_sectors_leaves_rows_that_share_nothing() {
    let service = Service::start().await;
    let draft = || Draft { scope: "openid profile".to_owned(), ..Draft::default() };
    let one = service.register("one.example", draft()).await;
    let other = service.register("other.example", draft()).await;
    let (arnaud, somebody) = (service.arnaud().await, service.arnaud().await);
    for (forum, citizen) in [(&one, &arnaud), (&other, &arnaud), (&one, &somebody)] {
        let name = if citizen.person == arnaud.person { "Genêt des landes" } else { "Bruyère" };
        service.sign_in(forum, citizen, "openid profile", &Choices::all(name)).await;
    }
    let mut tags: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for row in &Database::read(&service.dir.path().join("heteronym.db")).await.0["names"] {
        let (Value::Text(sector), Value::Blob(tag)) = (&row["sector"], &row["tag"]) else { panic!("{row:?}") };
        tags.entry(sector.clone()).or_default().push(tag.clone());
    }
    assert_eq!(tags.values().map(Vec::len).collect::<Vec<_>>(), [4, 2], "two keys of each name");
    let windows = |tags: &[Vec<u8>]| Windows::of(tags.iter().map(Vec::as_slice));
    let shared = windows(&tags["one.example"]).shared_by(&windows(&tags["other.example"]));
    assert!(shared.is_empty(), "{} runs of eight bytes join the sectors", shared.len());
}
