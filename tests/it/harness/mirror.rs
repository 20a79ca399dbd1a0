//! What anybody can do with the logs of a running service: copy them, and audit the copy.

use std::{fs, path::Path};

use clap::Parser;
use heteronym::{
    auditor,
    domain::ambient::Clock as _,
    wire::tlog::{Bundle, SignedCheckpoint, Tile},
};
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::Value;

use super::Service;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: auditor::Args,
}

impl Service {
    /// Copies all logs into a directory, by what is served.
    pub(crate) async fn copy_logs(&self, directory: &Path) {
        let mut anybody = self.browser();
        for head in self.services.transparency.heads().await.unwrap() {
            let checkpoint = anybody.get(&format!("/log/{}/checkpoint", head.log)).await.body;
            let size = SignedCheckpoint::parse(&checkpoint).unwrap().checkpoint().size();
            let bundles = (0..size.div_ceil(256)).map(|index| Bundle::in_tree(index, size).unwrap().to_string());
            let tiles = Tile::added(0, size).map(|tile| tile.to_string());
            for path in tiles.chain(bundles).chain(["checkpoint".to_owned()]) {
                let reply = anybody.get(&format!("/log/{}/{path}", head.log)).await;
                assert_eq!(reply.status, 200, "{path}");
                let file = directory.join(head.log.to_string()).join(path);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, reply.body).unwrap();
            }
        }
    }

    /// The verdict of `heteronym audit` with these words, at the service's own time.
    pub(crate) async fn audited(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.said(&[words, &["--json"]].concat()).await).unwrap()
    }

    /// What `heteronym audit` says to these words.
    pub(crate) async fn said(&self, words: &[&str]) -> String {
        let mut out = Vec::new();
        let line = Line::try_parse_from([&["audit"], words].concat()).unwrap();
        auditor::run(line.args, self.clock.now().0, &mut StdRng::from_seed([7; 32]), &mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    }
}
