//! The command line. The server itself is in the library.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use tokenward_server::{Config, SigningAlgorithm, now, open_store, revocation_ttl, serve, start_logging, users};

/// An auth server: login, rotating refresh tokens with reuse detection, revocation, roles. Serves until Ctrl-C or SIGTERM.
#[derive(Parser)]
#[command(name = "tokenward-server", version, after_help = Config::help())]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Add, change or remove a user in the store of the settings, also while servers run
    #[command(subcommand)]
    User(UserCommand),
    /// Print a new key
    Key {
        /// An ALGORITHM, for `SIGNING_KEY`; or `refresh`, for `REFRESH_KEY`
        kind: KeyKind,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Print the table of settings, in Markdown
    Settings,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a user; asks for the password, or reads it from the standard input
    Add {
        email: String,
        #[arg(long, default_value = "user")]
        role: String,
        /// The issuer of the identity provider at which the user signs in, instead of a password
        #[arg(long, requires = "subject")]
        issuer: Option<String>,
        /// The user's claim `sub` at the identity provider
        #[arg(long, requires = "issuer")]
        subject: Option<String>,
    },
    /// Set the role of a user, named by email or id; the next access token carries it
    Role { email: String, role: String },
    /// Set the password of a user, and end all of the user's sessions
    Password { email: String },
    /// Remove a user, named by email or id, and end all of the user's sessions
    Remove { email: String },
}

#[derive(Clone, ValueEnum)]
enum KeyKind {
    #[value(name = "EdDSA")]
    EdDsa,
    #[value(name = "RS256")]
    Rs256,
    #[value(name = "HS256")]
    Hs256,
    Refresh,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), BoxError> {
    match args.command {
        None => {
            let config = config()?;
            start_logging(config.log);
            serve(config).await.map_err(|error| format!("The server cannot start: {error}").into())
        }
        Some(Command::User(command)) => user(command).await,
        Some(Command::Key { kind }) => {
            let algorithm = match kind {
                KeyKind::EdDsa => SigningAlgorithm::EdDsa,
                KeyKind::Rs256 => SigningAlgorithm::Rs256,
                // Both keys are 256 random bits.
                KeyKind::Hs256 | KeyKind::Refresh => SigningAlgorithm::Hs256,
            };
            println!("{}", algorithm.generate()?.trim_end());
            Ok(())
        }
        Some(Command::Openapi) => {
            println!("{}", tokenward_server::openapi());
            Ok(())
        }
        Some(Command::Settings) => {
            print!("{}", Config::table());
            Ok(())
        }
    }
}

fn config() -> Result<Config, BoxError> {
    Config::from_env(|name| std::env::var(name).ok())
        .map_err(|problems| format!("These settings are wrong:\n{problems}").into())
}

async fn user(command: UserCommand) -> Result<(), BoxError> {
    let config = config()?;
    let store = open_store(&config).await?;
    let tokens_live_until = now() + revocation_ttl(&config);
    match command {
        UserCommand::Add { email, role, issuer, subject } => {
            let id = match issuer.zip(subject) {
                Some((issuer, subject)) => users::add_at_provider(&*store, &issuer, &subject, &email, &role).await?,
                None => users::add(&*store, &email, &role, &read_password()?).await?,
            };
            println!("added {email} with the role {role} and the id {id}");
        }
        UserCommand::Role { email, role } => {
            users::change_role(&*store, &email, &role).await?;
            println!("set the role of {email} to {role}; the next access token carries it");
        }
        UserCommand::Password { email } => {
            users::change_password(&*store, &email, &read_password()?, tokens_live_until).await?;
            println!("set the password of {email} and ended all sessions");
        }
        UserCommand::Remove { email } => {
            users::remove(&*store, &email, tokens_live_until).await?;
            println!("removed {email} and ended all sessions");
        }
    }
    Ok(())
}

fn read_password() -> std::io::Result<String> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password("password: ");
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
