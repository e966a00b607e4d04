//! What the ledger asks of its database, whichever it is.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time;

use super::{
    Key,
    database::{Pool, STATEMENT_MAX, Trouble},
    sql::{self, Statements},
};

/// Rows forgotten with one statement.
const SWEEP_MAX: i64 = 500;
/// Names the lock under which replicas that start together make the tables.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(7310402816214)";

/// A database, and how to talk to it.
pub(super) struct Store {
    pool: Pool,
    statements: Statements,
}

/// A row: its state, the milliseconds that its lease has left, the outcome.
pub(super) type Row = (i64, i64, Option<String>);

/// `state` of a request that has its outcome.
pub(super) const DONE: i64 = 2;
/// `state` of a request past its point of no return.
pub(super) const COMMITTED: i64 = 1;

/// A lease as its holder knows it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) key: Key,
    pub(super) fence: i64,
}

/// Runs the same statements on a connection of either kind, none of them forever.
macro_rules! on {
    ($store:expr, |$connection:ident| $work:expr) => {
        match &$store.pool {
            Pool::Sqlite(pool) => on!(@ pool, $connection, $work),
            Pool::Postgres(pool) => on!(@ pool, $connection, $work),
        }
    };
    (@ $pool:ident, $connection:ident, $work:expr) => {{
        let mut $connection = $pool.acquire().await?;
        // Boxed, or the compiler can't tell that it may go from thread to thread.
        let work: BoxFuture<'_, _> = Box::pin(async { $work });
        match time::timeout(STATEMENT_MAX, work).await {
            Ok(done) => done.map_err(Trouble::from),
            Err(_elapsed) => {
                // What it is in the middle of is nobody's to know.
                $connection.close_on_drop();
                Err(Trouble::Silent)
            }
        }
    }};
}

/// A statement with the key as its first parameters.
macro_rules! keyed {
    ($query:expr, $key:expr) => {
        $query.bind(&*$key.connector).bind(&$key.action).bind(&$key.request)
    };
}

impl Store {
    /// # Errors
    /// As for [`Pool::new`].
    pub(super) fn new(url: &str) -> Result<Self, String> {
        let pool = Pool::new(url)?;
        let statements = match &pool {
            Pool::Sqlite(_) => sql::SQLITE,
            Pool::Postgres(_) => sql::POSTGRES,
        };
        Ok(Self { pool, statements })
    }

    /// Makes the tables, or brings those of an older connector up to date; shows whether it can be written to.
    pub(super) async fn prepare(&self) -> Result<(), Trouble> {
        self.migrate(&sql::MIGRATIONS).await
    }

    pub(super) async fn migrate(
        &self,
        migrations: &'static [&'static [&'static str]],
    ) -> Result<(), Trouble> {
        macro_rules! migrate {
            ($transaction:ident) => {{
                sqlx::query(sql::CREATE_VERSION).execute(&mut *$transaction).await?;
                let version: Option<i64> =
                    sqlx::query_scalar(sql::READ_VERSION).fetch_one(&mut *$transaction).await?;
                let version = usize::try_from(version.unwrap_or(0)).unwrap_or(usize::MAX);
                let Some(missing) = migrations.get(version..) else {
                    return Err(Trouble::Unusable(format!(
                        "its tables are of version {version}, this connector knows {}: run the newer connector",
                        migrations.len()
                    )));
                };
                for (statements, added) in missing.iter().zip(version + 1..) {
                    for statement in *statements {
                        sqlx::query(*statement).execute(&mut *$transaction).await?;
                    }
                    let added = i64::try_from(added).unwrap_or(i64::MAX);
                    sqlx::query(sql::ADD_VERSION).bind(added).execute(&mut *$transaction).await?;
                }
                sqlx::query(sql::TOUCH_VERSION).execute(&mut *$transaction).await?;
                $transaction.commit().await?;
            }};
        }
        let work: BoxFuture<'_, _> = Box::pin(async {
            match &self.pool {
                Pool::Sqlite(pool) => {
                    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
                    migrate!(transaction);
                }
                Pool::Postgres(pool) => {
                    let mut transaction = pool.begin().await?;
                    sqlx::query(MIGRATION_LOCK).execute(&mut *transaction).await?;
                    migrate!(transaction);
                }
            }
            Ok(())
        });
        time::timeout(STATEMENT_MAX, work).await.unwrap_or(Err(Trouble::Silent))
    }

    /// The fence of a lease of `lease`, if there is one to be had.
    pub(super) async fn take(
        &self,
        key: &Key,
        owner: &str,
        lease: Duration,
        keep: Duration,
    ) -> Result<Option<i64>, Trouble> {
        on!(self, |connection| {
            let query = keyed!(sqlx::query_scalar(self.statements.take), key).bind(owner);
            // All rows, of which there is one at most: what comes after it is the commit, which a full disk refuses.
            let fences = query.bind(ms(lease)).bind(ms(keep)).fetch_all(&mut *connection).await;
            fences.map(|it| it.first().copied())
        })
    }

    pub(super) async fn look(&self, key: &Key) -> Result<Option<Row>, Trouble> {
        on!(self, |connection| {
            let query = keyed!(sqlx::query_as(self.statements.look), key);
            query.fetch_optional(&mut *connection).await
        })
    }

    /// The presumed outcome of a run that ended between its point of no return and its outcome.
    pub(super) async fn presume(&self, key: &Key) -> Result<Option<String>, Trouble> {
        on!(self, |connection| {
            let query = keyed!(sqlx::query_scalar(self.statements.presume), key);
            query.fetch_all(&mut *connection).await.map(|it| it.into_iter().next())
        })
    }

    /// Keeps what is to be told if nothing else ever is; says whether the lease is still the holder's.
    pub(super) async fn mark(
        &self,
        held: &Held,
        owner: &str,
        presumed: &str,
        lease: Duration,
    ) -> Result<bool, Trouble> {
        on!(self, |connection| {
            let query = keyed!(sqlx::query(self.statements.mark), held.key);
            let query = query.bind(owner).bind(held.fence).bind(presumed).bind(ms(lease));
            let fences = query.fetch_all(&mut *connection).await;
            if fences.is_err() {
                // It may not be strict again.
                connection.close_on_drop();
            }
            fences.map(|it| !it.is_empty())
        })
    }

    /// Keeps the outcome; says whether the lease was still the holder's.
    pub(super) async fn finish(
        &self,
        held: &Held,
        owner: &str,
        outcome: &str,
        keep: Duration,
    ) -> Result<bool, Trouble> {
        on!(self, |connection| {
            let query = keyed!(sqlx::query(self.statements.finish), held.key);
            let query = query.bind(owner).bind(held.fence).bind(outcome).bind(ms(keep));
            query.execute(&mut *connection).await.map(|it| it.rows_affected() > 0)
        })
    }

    pub(super) async fn unmark(&self, held: &Held, owner: &str) -> Result<bool, Trouble> {
        self.held(self.statements.unmark, held, owner).await
    }

    pub(super) async fn forget(&self, held: &Held, owner: &str) -> Result<bool, Trouble> {
        self.held(self.statements.forget, held, owner).await
    }

    pub(super) async fn give_back(&self, held: &Held, owner: &str) -> Result<bool, Trouble> {
        self.held(self.statements.give_back, held, owner).await
    }

    /// Gives back what `owner` holds and has not committed.
    pub(super) async fn give_back_all(&self, owner: &str) -> Result<(), Trouble> {
        on!(self, |connection| {
            let query = sqlx::query(self.statements.give_back_all).bind(owner);
            query.execute(&mut *connection).await.map(drop)
        })
    }

    /// Gives all leases of `owner` another `lease`.
    pub(super) async fn renew(&self, owner: &str, lease: Duration) -> Result<(), Trouble> {
        on!(self, |connection| {
            let query = sqlx::query(self.statements.renew).bind(owner).bind(ms(lease));
            query.execute(&mut *connection).await.map(drop)
        })
    }

    /// Forgets some of what is past its time; says whether there may be more.
    pub(super) async fn sweep(&self) -> Result<bool, Trouble> {
        let max = u64::try_from(SWEEP_MAX).unwrap_or_default();
        on!(self, |connection| {
            let query = sqlx::query(self.statements.sweep).bind(SWEEP_MAX);
            query.execute(&mut *connection).await.map(|it| it.rows_affected() >= max)
        })
    }

    /// As a disk of that many pages does it.
    #[cfg(test)]
    pub(super) async fn limit_pages(&self, n_pages: u32) {
        let Pool::Sqlite(pool) = &self.pool else { panic!("no pages there") };
        let statement = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {n_pages}"));
        sqlx::query(statement).execute(pool).await.unwrap();
    }

    /// What `SQLite` waits for, as a number.
    #[cfg(test)]
    pub(super) async fn synchronous(&self) -> i64 {
        let Pool::Sqlite(pool) = &self.pool else { panic!("not there") };
        sqlx::query_scalar("PRAGMA synchronous").fetch_one(pool).await.unwrap()
    }

    pub(super) async fn close(&self) {
        let close = async {
            match &self.pool {
                Pool::Sqlite(pool) => pool.close().await,
                Pool::Postgres(pool) => pool.close().await,
            }
        };
        // A database that doesn't answer does not hold up the end.
        let _closed = time::timeout(STATEMENT_MAX, close).await;
    }

    async fn held(
        &self,
        statement: &'static str,
        held: &Held,
        owner: &str,
    ) -> Result<bool, Trouble> {
        on!(self, |connection| {
            let query = keyed!(sqlx::query(statement), held.key).bind(owner).bind(held.fence);
            query.execute(&mut *connection).await.map(|it| it.rows_affected() > 0)
        })
    }
}

/// As the database counts.
fn ms(period: Duration) -> i64 {
    // No setting is so long that half of the range would not do, and a sum must not overflow either.
    i64::try_from(period.as_millis()).unwrap_or(i64::MAX).min(i64::MAX / 4)
}
