//! Sessions when the machine below fails.

use std::time::Duration;

use heteronym::accounts::Policy;

use super::House;
use crate::store::faults::{SmallDisk, write_until_refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_signed_in_reads_on_while_the_disk_is_full_and_what_ended_has_ended() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(dir.path()) else { return };
    let house = House::at(dir, Policy::default()).await;
    let (_, session) = house.account_knowing("quatre tortues bleues rament").await;
    let ballast = disk.fill();
    write_until_refused(&house.store, "full").await;
    house.wait(Duration::from_mins(2));
    assert!(house.is_live(&session).await, "that it was seen cannot be noted");
    house.wait(Duration::from_mins(61));
    assert!(!house.is_live(&session).await, "it cannot be removed, and is over");

    std::fs::remove_file(ballast).unwrap();
    let (_, session) = house.account_knowing("cinq tortues vertes nagent").await;
    house.wait(Duration::from_mins(2));
    assert!(house.is_live(&session).await);
    drop(disk);
}
