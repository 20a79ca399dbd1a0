//! Where `tests/run` put what the clients are made of.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::journeys::chromium::is_ci;

/// The directory `node_modules` of `tests/clients/npm`.
pub(super) fn node_modules() -> Option<PathBuf> {
    installed("HETERONYM_TEST_NODE_MODULES", "the clients of tests/clients/npm")
}

/// The Python interpreter that finds the clients of `tests/clients/pypi`.
pub(super) fn python() -> Option<PathBuf> {
    installed("HETERONYM_TEST_PYTHON", "the clients of tests/clients/pypi")
}

/// The witness of `tests/clients/go`.
pub(crate) fn litewitness() -> Option<PathBuf> {
    installed("HETERONYM_TEST_LITEWITNESS", "the witness of tests/clients/go")
}

/// Apache's program, if its OpenID Connect module is there too.
pub(super) fn apache() -> Option<PathBuf> {
    let program = Path::new("/usr/sbin/apache2");
    let complete = program.exists() && Path::new(APACHE_MODULES).join("mod_auth_openidc.so").exists();
    found(complete.then(|| program.to_owned()), "Apache with mod_auth_openidc")
}

/// Go, if Debian's package of what checks the Go checksum database is there too: the directory of its packages.
pub(crate) fn go_packages() -> Option<PathBuf> {
    let packages = Path::new("/usr/share/gocode");
    let go = Command::new("go").arg("version").output().is_ok_and(|ran| ran.status.success());
    let complete = go && packages.join("src/golang.org/x/mod/sumdb").exists();
    found(complete.then(|| packages.to_owned()), "Go with golang.org/x/mod")
}

#[expect(clippy::disallowed_methods, reason = "tests/run says where it has put things")]
fn installed(variable: &str, what: &str) -> Option<PathBuf> {
    found(std::env::var_os(variable).map(PathBuf::from).filter(|path| path.exists()), what)
}

/// Nothing where it is missing; on continuous integration that is a failure.
fn found(path: Option<PathBuf>, what: &str) -> Option<PathBuf> {
    if path.is_none() {
        assert!(!is_ci(), "{what} is missing: run tests/run, which installs it");
        eprintln!("LEFT OUT, for want of {what}: run tests/run, which installs it");
    }
    path
}

pub(super) const APACHE_MODULES: &str = "/usr/lib/apache2/modules";
