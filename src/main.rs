//! The command `heteronym`.

use std::process::ExitCode;

use clap::Parser as _;
use heteronym::app;

#[tokio::main]
async fn main() -> ExitCode {
    match app::run(app::Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("heteronym: {error:#}");
            app::exit_code(&error)
        }
    }
}
