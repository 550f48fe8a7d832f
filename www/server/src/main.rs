//! Starts the server from the environment; everything else is in the library.

use std::process::ExitCode;

use tokenward_server::{Config, serve};

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_target(false).init();
    let config = match Config::from_env(|name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("The server cannot start:\n{problems}");
            return ExitCode::FAILURE;
        }
    };
    match serve(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The server cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}
