//! Tiles, bundles and their paths.

use super::{leaves, *};

#[test]
fn paths_are_those_of_the_specification() {
    let tile = |level, index, width| Tile::new(level, index, width).unwrap().to_string();
    assert_eq!(tile(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(tile(0, 0, 256), "tile/0/000");
    assert_eq!(tile(1, 999, 1), "tile/1/999.p/1");
    assert_eq!(tile(2, 1000, 255), "tile/2/x001/000.p/255");
    assert_eq!(Bundle::new(273, 112).unwrap().to_string(), "tile/entries/273.p/112");
}

#[test]
fn p1_a_path_that_is_not_the_one_of_its_tile_is_refused() {
    for path in NO_PATHS {
        assert_eq!(path.parse::<Tile>(), Err(TileError::Path), "{path}");
        let of_entries = path.replace("tile/0/", "tile/entries/");
        assert_eq!(of_entries.parse::<Bundle>(), Err(TileError::Path), "{of_entries}");
    }
}

#[test]
fn a_path_reads_back_as_its_tile() {
    for path in ["tile/7/000.p/64", "tile/6/063", "tile/0/x018/x014/x398/x509/x481/983", "tile/3/x999/999.p/7"] {
        assert_eq!(path.parse::<Tile>().unwrap().to_string(), path);
    }
    assert_eq!("tile/entries/x001/000.p/3".parse(), Ok(Bundle::new(1000, 3).unwrap()));
}

#[test]
fn the_tiles_of_a_tree_of_70_000_leaves_are_those_of_the_specification() {
    let count =
        |level, full| Tile::added(0, 70_000).filter(|tile| tile.level() == level && tile.is_full() == full).count();
    assert_eq!([count(0, true), count(0, false), count(1, true), count(1, false), count(2, false)], [273, 1, 1, 1, 1]);
    let partial = |level| Tile::partial(level, 70_000).map(|tile| tile.to_string());
    assert_eq!(partial(0).as_deref(), Some("tile/0/273.p/112"));
    assert_eq!(partial(1).as_deref(), Some("tile/1/001.p/17"));
    assert_eq!(partial(2).as_deref(), Some("tile/2/000.p/1"));
    assert_eq!(partial(3), None);
    let of_256: Vec<_> = Tile::added(0, 256).map(|tile| tile.to_string()).collect();
    assert_eq!(of_256, ["tile/0/000", "tile/1/000.p/1"]);
    let added: Vec<_> = Tile::added(255, 513).map(|tile| tile.to_string()).collect();
    assert_eq!(added, ["tile/0/000", "tile/0/001", "tile/0/002.p/1", "tile/1/000.p/2"]);
    assert_eq!(Tile::added(300, 300).count(), 0);
}

#[test]
fn a_tile_is_its_hashes_and_nothing_more() {
    let hashes = leaves(3);
    let bytes = encode_hashes(&hashes);
    assert_eq!(bytes.len(), 96);
    assert_eq!(decode_hashes(&bytes, 3), Ok(hashes));
    for (bytes, width) in [(&bytes[..95], 3), (&bytes[..64], 3), (&bytes, 2), (&bytes, 4), (&bytes[..65], 2)] {
        assert_eq!(decode_hashes(bytes, width), Err(TileError::Hashes(width)));
    }
}

#[test]
fn a_bundle_is_its_entries_and_nothing_more() {
    let long = vec![7; MAX_ENTRY];
    let entries = [b"one".as_slice(), b"", &long];
    let bytes = Bundle::encode(entries).unwrap();
    assert_eq!(&bytes[..7], b"\0\x03one\0\0");
    let bundle = |width| Bundle::new(0, width).unwrap();
    assert_eq!(bundle(3).decode(&bytes).unwrap(), entries);
    assert_eq!(bundle(2).decode(&bytes), Err(TileError::Entries(2)));
    assert_eq!(bundle(4).decode(&bytes), Err(TileError::Entries(4)));
    assert_eq!(bundle(3).decode(&[&bytes[..], b"\0"].concat()), Err(TileError::Entries(3)));
    for short in [0, 1, 2, 4, 5, 6, 7, 8, 9, bytes.len() - 1] {
        assert_eq!(bundle(3).decode(&bytes[..short]), Err(TileError::Entries(3)), "{short}");
    }
    assert_eq!(Bundle::encode([vec![0; MAX_ENTRY + 1].as_slice()]), Err(TileError::EntryTooLong(MAX_ENTRY + 1)));
}

/// Wrong in level, index, width, or around them.
const NO_PATHS: [&str; 54] = [
    "",
    "tile",
    "tile/",
    "tile/0",
    "tile/0/",
    "/tile/0/000",
    "tile/0/000/",
    "tile/0/000 ",
    "tile//000",
    "tile/00/000",
    "tile/01/000",
    "tile/-1/000",
    "tile/+1/000",
    "tile/8/000",
    "tile/64/000",
    "tile/256/000",
    "tile/0/0",
    "tile/0/00",
    "tile/0/0000",
    "tile/0/x000",
    "tile/0/x000/000",
    "tile/0/x000/x001/000",
    "tile/0/001/000",
    "tile/0/x001/x000",
    "tile/0/X001/000",
    "tile/0/x01/000",
    "tile/0/x001//000",
    "tile/0/-01",
    "tile/0/+01",
    "tile/0/0x1",
    "tile/0/..",
    "tile/0/../0/000",
    "tile/0/%2e%2e/000",
    "tile/0/000.p",
    "tile/0/000.p/",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/0/000.p/257",
    "tile/0/000.p/01",
    "tile/0/000.p/-1",
    "tile/0/000.p/+1",
    "tile/0/000.p/1.p/1",
    "tile/0/000.p/65537",
    "tile/0/000.P/1",
    "tile/0/000.p/1/",
    "tile/7/000",
    "tile/7/000.p/65",
    "tile/6/064",
    "tile/6/064.p/1",
    "tile/0/x018/x446/x744/x073/x709/x551/616",
    "tile/0/x018/x014/x398/x509/x481/984",
    "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999",
    "tile/0/٠٠٠",
    "tile/data/000",
];
