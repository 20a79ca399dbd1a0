//! The demonstration as a newcomer starts it: the built program, on ports of its own.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::chromium::free_port;

/// A demonstration. It ends when it is dropped.
pub(super) struct Demo {
    process: Child,
    data: tempfile::TempDir,
    /// What `demo.json` says.
    pub(super) guide: Value,
}

impl Demo {
    pub(super) async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let addresses = [(); 3].map(|()| format!("127.0.0.1:{}", free_port()));
        let [provider, first, second] = &addresses;
        let process = Command::new(env!("CARGO_BIN_EXE_heteronym"))
            .args(["demo", "--listen", provider, "--forum", first, "--second-forum", second, "--data"])
            .arg(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut demo = Self { process, data, guide: Value::Null };
        for address in &addresses {
            demo.wait_for(address).await;
        }
        demo
    }

    /// Waits until this address answers; by then the guide is written.
    async fn wait_for(&mut self, address: &str) {
        for _ in 0..300 {
            if tokio::net::TcpStream::connect(address).await.is_ok()
                && let Ok(guide) = fs::read(self.data.path().join("demo.json"))
            {
                self.guide = serde_json::from_slice(&guide).unwrap();
                return;
            }
            assert_eq!(self.process.try_wait().unwrap(), None, "the demonstration has ended");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("nothing listens on {address}");
    }

    pub(super) fn issuer(&self) -> &str {
        self.guide["issuer"].as_str().unwrap()
    }

    pub(super) fn forum(&self, place: usize) -> &str {
        self.guide["forums"][place]["url"].as_str().unwrap()
    }

    /// Where the person at this place in the guide activates their access.
    pub(super) fn activation(&self, place: usize) -> &str {
        self.guide["people"][place]["activation_url"].as_str().unwrap()
    }

    pub(super) fn officer(&self) -> &str {
        self.guide["registrar"]["activation_url"].as_str().unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.process),
            rustix::process::Signal::TERM,
        );
        let _ = self.process.wait();
    }
}
