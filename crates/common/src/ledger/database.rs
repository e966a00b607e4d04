//! Where the ledger is: `SQLite` in a file of the connector's own, or `PostgreSQL` that replicas share.

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// Longest time for one statement, and for a connection to be had.
pub(super) const STATEMENT_MAX: Duration = Duration::from_secs(5);
/// Connections to a shared database.
const CONNECTIONS_MAX: u32 = 8;

/// Connections, made when first needed.
pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Why a statement was of no effect.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("no answer within {STATEMENT_MAX:?}")]
    Silent,
    /// Somebody has to do something about it.
    #[error("{0}")]
    Unusable(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Pool {
    /// Connects when first needed.
    ///
    /// # Errors
    /// What is wrong with the address, without the address: it may hold a password.
    pub(super) fn new(url: &str) -> Result<Self, String> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => sqlite(url),
            Some("postgres" | "postgresql") => postgres(url),
            _ => Err("is neither sqlite:///path/ledger.db nor postgres://user@host/db".to_owned()),
        }
    }
}

impl Trouble {
    /// Whether somebody has to do something before it can be any better.
    pub(super) fn is_for_good(&self) -> bool {
        // SQLite's CORRUPT, CANTOPEN and NOTADB, with what it adds in the upper bytes.
        const FOR_GOOD: [u32; 3] = [11, 14, 26];
        match self {
            Self::Unusable(_) => true,
            Self::Database(sqlx::Error::Database(error)) => {
                let sqlite = error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some();
                let code = error.code().and_then(|it| it.parse::<u32>().ok());
                sqlite && code.is_some_and(|code| FOR_GOOD.contains(&(code & 0xff)))
            }
            Self::Silent | Self::Database(_) => false,
        }
    }
}

fn sqlite(url: &str) -> Result<Pool, String> {
    let options = SqliteConnectOptions::from_str(url).map_err(|error| error.to_string())?;
    let path = options.get_filename().to_owned();
    if path.as_os_str().is_empty() || url.contains(":memory:") || url.contains("mode=memory") {
        return Err("names no file, e.g. sqlite:///var/lib/connector/ledger.db".to_owned());
    }
    // Before SQLite makes it: outcomes hold what processes are about, and its other files get the same mode.
    match OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path) {
        Ok(_made) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(format!("{}: {error}", path.display())),
    }
    let options = options
        .journal_mode(SqliteJournalMode::Wal)
        // Every commit is on the disk before anything is done because of it.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(STATEMENT_MAX)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new()
        // There is one writer at a time anyway; several connections would only wait for each other.
        .max_connections(1)
        .acquire_timeout(STATEMENT_MAX)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options);
    Ok(Pool::Sqlite(pool))
}

fn postgres(url: &str) -> Result<Pool, String> {
    let options = PgConnectOptions::from_str(url).map_err(|error| error.to_string())?;
    let options = options.application_name("connector-ledger").disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(STATEMENT_MAX)
        .connect_lazy_with(options);
    Ok(Pool::Postgres(pool))
}
