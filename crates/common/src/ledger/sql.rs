//! What the ledger says to its database, in the two dialects that differ only in how they tell the time.

/// One table, whose name says in a shared database whose it is.
///
/// `state` is 0 at work, 1 past the point of no return (`outcome` is the presumed one), 2 done.
/// Moments are milliseconds since 1970 by the database's own clock, so that replicas need not agree on theirs.
/// `fence` grows with every change of hands: who comes back late cannot write any more.
pub(super) const MIGRATIONS: [&[&str]; 2] = [
    &["CREATE TABLE connector_ledger (
        connector TEXT NOT NULL,
        action TEXT NOT NULL,
        request TEXT NOT NULL,
        state BIGINT NOT NULL,
        owner TEXT NOT NULL,
        fence BIGINT NOT NULL,
        lease_until BIGINT NOT NULL,
        forget_at BIGINT NOT NULL,
        outcome TEXT,
        PRIMARY KEY (connector, action, request))"],
    &[
        "CREATE INDEX connector_ledger_forget ON connector_ledger (forget_at)",
        "CREATE INDEX connector_ledger_owner ON connector_ledger (owner) WHERE state < 2",
    ],
];

pub(super) const CREATE_VERSION: &str =
    "CREATE TABLE IF NOT EXISTS connector_ledger_version (version BIGINT NOT NULL)";
pub(super) const READ_VERSION: &str = "SELECT MAX(version) FROM connector_ledger_version";
pub(super) const ADD_VERSION: &str = "INSERT INTO connector_ledger_version (version) VALUES ($1)";
/// Changes nothing, but not without a place to write: a full disk shows here.
pub(super) const TOUCH_VERSION: &str = "UPDATE connector_ledger_version SET version = version";

/// The statements of one dialect; `$1`, `$2`, `$3` are always the key.
pub(super) struct Statements {
    /// A lease where there is none, or where the last one has run out before the point of no return.
    pub(super) take: &'static str,
    pub(super) look: &'static str,
    /// Makes the presumed outcome the outcome.
    pub(super) presume: &'static str,
    /// Without waiting for the disk: a mark has to outlive this process, and the sooner the effect follows, the less
    /// often a crash comes between the two. Only if the machine loses power before the outcome is kept is it forgotten.
    pub(super) mark: &'static str,
    pub(super) unmark: &'static str,
    pub(super) finish: &'static str,
    pub(super) forget: &'static str,
    pub(super) give_back: &'static str,
    pub(super) give_back_all: &'static str,
    pub(super) renew: &'static str,
    pub(super) sweep: &'static str,
}

/// `$relaxed` begins a mark, and `$strict` ends it: see [`Statements::mark`].
macro_rules! statements {
    ($now:literal, $relaxed:literal, $from:literal, $strict:literal) => {
        Statements {
            take: concat!(
                "INSERT INTO connector_ledger AS it
                    (connector, action, request, state, owner, fence, lease_until, forget_at)
                VALUES ($1, $2, $3, 0, $4, 1, ", $now, " + $5, ", $now, " + $6)
                ON CONFLICT (connector, action, request) DO UPDATE SET
                    owner = excluded.owner, fence = it.fence + 1,
                    lease_until = excluded.lease_until, forget_at = excluded.forget_at
                WHERE it.state = 0 AND it.lease_until < ", $now, "
                RETURNING fence"
            ),
            look: concat!(
                "SELECT state, lease_until - ", $now, ", outcome FROM connector_ledger
                WHERE connector = $1 AND action = $2 AND request = $3"
            ),
            presume: concat!(
                "UPDATE connector_ledger SET state = 2, fence = fence + 1, owner = ''
                WHERE connector = $1 AND action = $2 AND request = $3
                    AND state = 1 AND lease_until < ", $now, "
                RETURNING outcome"
            ),
            mark: concat!(
                $relaxed,
                "UPDATE connector_ledger SET state = 1, outcome = $6, lease_until = ", $now, " + $7 ",
                $from,
                "WHERE connector = $1 AND action = $2 AND request = $3
                    AND owner = $4 AND fence = $5 AND state < 2
                RETURNING fence",
                $strict
            ),
            unmark: "UPDATE connector_ledger SET state = 0, outcome = NULL
                WHERE connector = $1 AND action = $2 AND request = $3
                    AND owner = $4 AND fence = $5 AND state < 2",
            finish: concat!(
                "UPDATE connector_ledger SET state = 2, outcome = $6, forget_at = ", $now, " + $7
                WHERE connector = $1 AND action = $2 AND request = $3 AND owner = $4 AND fence = $5"
            ),
            forget: "DELETE FROM connector_ledger
                WHERE connector = $1 AND action = $2 AND request = $3 AND owner = $4 AND fence = $5",
            give_back: "UPDATE connector_ledger SET owner = '', lease_until = 0
                WHERE connector = $1 AND action = $2 AND request = $3
                    AND owner = $4 AND fence = $5 AND state < 2",
            give_back_all: "UPDATE connector_ledger SET owner = '', lease_until = 0
                WHERE owner = $1 AND state = 0",
            renew: concat!(
                "UPDATE connector_ledger SET lease_until = ", $now, " + $2
                WHERE owner = $1 AND state < 2"
            ),
            sweep: concat!(
                "DELETE FROM connector_ledger WHERE (connector, action, request) IN (
                    SELECT connector, action, request FROM connector_ledger
                    WHERE forget_at < ", $now, " AND (state = 2 OR lease_until < ", $now, ")
                    LIMIT $1)"
            ),
        }
    };
}

pub(super) const SQLITE: Statements = statements!(
    "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    "PRAGMA synchronous = NORMAL; ",
    "",
    "; PRAGMA synchronous = FULL"
);
pub(super) const POSTGRES: Statements = statements!(
    "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    "WITH relaxed AS (SELECT set_config('synchronous_commit', 'off', true) AS it) ",
    "FROM relaxed ",
    ""
);
