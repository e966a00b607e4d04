//! The same on both databases; what only a process can show is in `tests/ledger.rs`.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use serde_json::json;

use super::*;
use crate::{Secret, config::Period, settings::Settings};

#[expect(dead_code, reason = "the end-to-end tests use all of it")]
#[path = "../../../../tests/stack/postgres.rs"]
mod postgres;
#[path = "../../../../tests/stack/watchdog.rs"]
mod watchdog;

use self::postgres::Postgres;

const PATIENCE: Duration = Duration::from_secs(30);
/// Never runs out in a test.
const LONG: Duration = Duration::from_hours(1);
/// Has run out when somebody looks again.
const SHORT: Duration = Duration::from_millis(150);

/// A file that goes with the value.
pub(crate) struct File(PathBuf);

impl File {
    pub(crate) fn new() -> Self {
        let folder = env::temp_dir().join(format!("ledger-{}", Uuid::new_v4().simple()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder.join("ledger.db"))
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.0.display())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        fs::remove_dir_all(self.0.parent().unwrap()).unwrap();
    }
}

/// The one server of all tests; `None` where it isn't installed, which is not so in CI.
fn postgres_url() -> Option<String> {
    static SHARED: Mutex<Option<Postgres>> = Mutex::new(None);
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if shared.is_none() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        *shared = Postgres::start(port);
    }
    if shared.is_none() {
        let ci = crate::config::referenced("CI").is_ok();
        assert!(!ci, "{}", postgres::INSTALL);
        eprintln!("not on PostgreSQL: {}", postgres::INSTALL);
    }
    shared.as_ref().map(Postgres::url)
}

/// Runs `test` with the address of each database, and a name that no other test has.
async fn on_both(test: impl AsyncFn(&str, &str)) {
    let file = File::new();
    test(&file.url(), "it").await;
    if let Some(url) = postgres_url() {
        test(&url, &Uuid::new_v4().simple().to_string()).await;
    }
}

async fn try_open(url: &str, name: &str, lease: Duration) -> Result<Arc<Ledger>, String> {
    let settings = Settings {
        ledger_url: Some(Secret::from(url.to_owned())),
        ledger_lease: Period(lease),
        ..Settings::default()
    };
    let opened = Ledger::open(&settings, name, Arc::default(), CancellationToken::new()).await;
    opened.map(Option::unwrap).map_err(|error| error.to_string())
}

pub(crate) async fn open(url: &str, name: &str, lease: Duration) -> Arc<Ledger> {
    try_open(url, name, lease).await.unwrap()
}

/// Whose turn it is, within the test's patience.
async fn turn(ledger: &Arc<Ledger>, request: &str) -> Result<Turn, Failure> {
    ledger.turn("RUN", request, Some(Instant::now() + PATIENCE)).await
}

async fn mine(ledger: &Arc<Ledger>, request: &str) -> Lease {
    match turn(ledger, request).await.unwrap() {
        Turn::Mine(lease) => lease,
        Turn::Done(outcome) => panic!("{request} is done: {outcome:?}"),
    }
}

/// The outcome as text.
async fn done(ledger: &Arc<Ledger>, request: &str) -> String {
    match turn(ledger, request).await.unwrap() {
        Turn::Mine(_) => panic!("{request} is not done"),
        Turn::Done(Ok(outputs)) => serde_json::to_string(&outputs).unwrap(),
        Turn::Done(Err(failure)) => failure.to_string(),
    }
}

fn outputs(n: u32) -> Object {
    [("n".to_owned(), json!(n))].into_iter().collect()
}

fn presumed() -> Failure {
    Failure::permanent("SEND_ERROR", anyhow::anyhow!("it may have been sent"))
}

/// As a kill does it: nothing is renewed or given back any more.
async fn die(ledger: &Ledger) {
    ledger.closed.cancel();
    ledger.tasks.close();
    ledger.tasks.wait().await;
}

#[tokio::test]
async fn a_request_whose_process_died_is_taken_over() {
    on_both(async |url, name| {
        let (first, second) = (open(url, name, SHORT).await, open(url, name, SHORT).await);
        let lease = mine(&first, "1").await;
        die(&first).await;
        let other = mine(&second, "1").await;
        assert_eq!(other.record(Ok(&outputs(2))).await, Recorded::Kept);
        drop(lease);
    })
    .await;
}

#[tokio::test]
async fn who_comes_back_late_changes_nothing() {
    on_both(async |url, name| {
        let (first, second) = (open(url, name, SHORT).await, open(url, name, SHORT).await);
        let late = mine(&first, "1").await;
        die(&first).await;
        let lease = mine(&second, "1").await;
        let refused = late.commit(&presumed()).await.unwrap_err();
        assert_eq!(refused.hold(), Some(Hold::TakenOver));
        lease.record(Ok(&outputs(2))).await;
        assert_eq!(late.record(Ok(&outputs(1))).await, Recorded::TakenOver);
        assert_eq!(late.forget().await, Recorded::TakenOver);
        assert_eq!(done(&second, "1").await, r#"{"n":2}"#);
    })
    .await;
}

#[tokio::test]
async fn past_the_point_of_no_return_the_presumed_outcome_counts() {
    on_both(async |url, name| {
        let (first, second) = (open(url, name, SHORT).await, open(url, name, SHORT).await);
        let late = mine(&first, "1").await;
        late.commit(&presumed()).await.unwrap();
        die(&first).await;
        let expected = "SEND_ERROR: it may have been sent";
        assert_eq!(done(&second, "1").await, expected);
        assert_eq!(late.record(Ok(&outputs(1))).await, Recorded::TakenOver);
        assert_eq!(done(&second, "1").await, expected);
    })
    .await;
}

#[tokio::test]
async fn what_is_known_not_to_have_happened_is_taken_over_again() {
    on_both(async |url, name| {
        let (first, second) = (open(url, name, SHORT).await, open(url, name, SHORT).await);
        let lease = mine(&first, "1").await;
        lease.commit(&presumed()).await.unwrap();
        lease.take_back().await;
        assert!(!lease.is_committed());
        die(&first).await;
        drop(mine(&second, "1").await);
    })
    .await;
}

#[tokio::test]
async fn an_outcome_is_told_again_to_every_process() {
    on_both(async |url, name| {
        let (first, second) = (open(url, name, LONG).await, open(url, name, LONG).await);
        let lease = mine(&first, "1").await;
        lease.commit(&presumed()).await.unwrap();
        assert_eq!(lease.record(Ok(&outputs(1))).await, Recorded::Kept);
        let failed = mine(&second, "2").await;
        failed.record(Err(&Failure::business("GONE", "no such order"))).await;
        for ledger in [&first, &second] {
            assert_eq!(done(ledger, "1").await, r#"{"n":1}"#);
            assert_eq!(done(ledger, "2").await, "GONE: no such order");
        }
    })
    .await;
}

#[tokio::test]
async fn a_second_delivery_waits_for_the_first() {
    on_both(async |url, name| {
        let (first, second) = (open(url, name, LONG).await, open(url, name, LONG).await);
        let lease = mine(&first, "1").await;
        let soon = Some(Instant::now() + LOOK_MIN * 3);
        let Err(refused) = second.turn("RUN", "1", soon).await else { panic!("two have it") };
        assert!(refused.to_string().contains("still at work"), "{refused}");
        let outcome = outputs(1);
        let (waited, _) = tokio::join!(done(&second, "1"), lease.record(Ok(&outcome)));
        assert_eq!(waited, r#"{"n":1}"#);
    })
    .await;
}

#[tokio::test]
async fn of_many_that_race_for_a_request_one_gets_it() {
    on_both(async |url, name| {
        let mut racers = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let ledger = open(url, name, LONG).await;
            for request in 0..20 {
                let ledger = Arc::clone(&ledger);
                racers.spawn(async move {
                    match turn(&ledger, &request.to_string()).await.unwrap() {
                        Turn::Done(_) => 0,
                        Turn::Mine(lease) => {
                            lease.record(Ok(&outputs(request))).await;
                            1
                        }
                    }
                });
            }
        }
        assert_eq!(racers.join_all().await.into_iter().sum::<u32>(), 20, "each once");
    })
    .await;
}

#[tokio::test]
async fn a_lease_is_renewed_while_its_process_lives() {
    on_both(async |url, name| {
        let ledger = open(url, name, Duration::from_millis(900)).await;
        let lease = mine(&ledger, "1").await;
        let left = async || ledger.store.look(&lease.held.key).await.unwrap().unwrap().1;
        let mut before = left().await;
        let renewed = async {
            loop {
                time::sleep(Duration::from_millis(20)).await;
                let now = left().await;
                if now > before {
                    return;
                }
                before = now;
            }
        };
        time::timeout(PATIENCE, renewed).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_is_dropped_or_left_at_the_end_is_given_back_at_once() {
    on_both(async |url, name| {
        let (first, second) = (open(url, name, LONG).await, open(url, name, LONG).await);
        drop(mine(&first, "1").await);
        drop(mine(&second, "1").await);
        let left = mine(&first, "2").await;
        let committed = mine(&first, "3").await;
        committed.commit(&presumed()).await.unwrap();
        first.close().await;
        drop(mine(&second, "2").await);
        let soon = Some(Instant::now() + LOOK_MIN);
        assert!(second.turn("RUN", "3", soon).await.is_err(), "nobody knows yet");
        drop((left, committed));
    })
    .await;
}

#[tokio::test]
async fn what_is_to_be_forgotten_is_carried_out_again() {
    on_both(async |url, name| {
        let ledger = open(url, name, LONG).await;
        assert_eq!(mine(&ledger, "1").await.forget().await, Recorded::Kept);
        drop(mine(&ledger, "1").await);
    })
    .await;
}

#[tokio::test]
async fn outcomes_are_forgotten_after_their_time_some_at_once() {
    on_both(async |url, name| {
        // No ledger, whose keeper would do it before we look.
        let store = Store::new(url).unwrap();
        store.prepare().await.unwrap();
        let key = |request: u32| Key {
            connector: name.into(),
            action: "RUN".to_owned(),
            request: request.to_string(),
        };
        let owner = "somebody";
        for request in 0..600 {
            let fence = store.take(&key(request), owner, LONG, LONG).await.unwrap();
            let held = Held { key: key(request), fence: fence.unwrap() };
            if request > 0 {
                store.finish(&held, owner, "{}", Duration::ZERO).await.unwrap();
            }
        }
        // A request at work is not forgotten, however long ago it was begun.
        let at_work = Key { connector: name.into(), action: "RUN".into(), request: "x".into() };
        store.take(&at_work, owner, LONG, Duration::ZERO).await.unwrap();
        time::sleep(Duration::from_millis(2)).await;
        let mut rounds = 0;
        while store.sweep().await.unwrap() {
            rounds += 1;
        }
        // Others that share a database forget for each other.
        assert!(rounds == 1 || url.starts_with("postgres"), "{rounds}");
        assert!(store.look(&key(1)).await.unwrap().is_none());
        assert!(store.look(&key(599)).await.unwrap().is_none());
        assert!(store.look(&key(0)).await.unwrap().is_some(), "not done");
        assert!(store.look(&at_work).await.unwrap().is_some(), "at work");
    })
    .await;
}

#[tokio::test]
async fn any_id_is_remembered_and_none_is_taken_for_another() {
    on_both(async |url, name| {
        let ledger = open(url, name, LONG).await;
        let long = "x".repeat(1_000_000);
        let ids = ["", "\0", "\0\0", "ü", "a b", "'; DROP TABLE x", &long, &long[1..]];
        for (n, id) in (0..).zip(ids) {
            mine(&ledger, id).await.record(Ok(&outputs(n))).await;
        }
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(done(&ledger, id).await, format!(r#"{{"n":{n}}}"#), "{n}");
        }
    })
    .await;
}

#[tokio::test]
async fn another_connector_and_another_action_are_other_requests() {
    on_both(async |url, name| {
        let (ledger, other) = (open(url, name, LONG).await, open(url, "other", LONG).await);
        mine(&ledger, "1").await.record(Ok(&outputs(1))).await;
        let one = mine(&other, "1").await;
        let Ok(Turn::Mine(two)) = ledger.turn("SING", "1", None).await else { panic!("known") };
        one.forget().await;
        two.forget().await;
    })
    .await;
}

#[tokio::test]
async fn tables_of_an_older_connector_are_brought_up_to_date() {
    let file = File::new();
    let store = Store::new(&file.url()).unwrap();
    store.migrate(&sql::MIGRATIONS[..1]).await.unwrap();
    let key = Key { connector: "it".into(), action: "RUN".into(), request: "1".into() };
    let fence = store.take(&key, "somebody", LONG, LONG).await.unwrap().unwrap();
    let held = Held { key, fence };
    store.finish(&held, "somebody", r#"{"outputs":{"n":7}}"#, LONG).await.unwrap();
    store.close().await;
    assert_eq!(done(&open(&file.url(), "it", LONG).await, "1").await, r#"{"n":7}"#);
    let store = Store::new(&file.url()).unwrap();
    store.migrate(&sql::MIGRATIONS).await.unwrap();
    let error = store.migrate(&sql::MIGRATIONS[..1]).await.unwrap_err();
    let expected = "its tables are of version 2, this connector knows 1: run the newer connector";
    assert_eq!(error.to_string(), expected);
    assert!(error.is_for_good());
}

/// Opening fails, since waiting is of no use, with a text that has these words.
async fn refuses(url: &str, words: &[&str]) {
    let error = try_open(url, "it", LONG).await.map(drop).unwrap_err();
    assert!(error.starts_with("LEDGER_URL: "), "{error}");
    assert!(words.iter().all(|word| error.contains(word)), "{error}");
}

#[tokio::test]
async fn what_cannot_be_a_ledger_is_refused_at_the_start() {
    refuses("mysql://x", &["sqlite:///", "postgres://"]).await;
    refuses("sqlite::memory:", &["names no file"]).await;
    refuses("sqlite:///nowhere/at/all.db", &["/nowhere/at/all.db", "No such file"]).await;
    refuses("sqlite:///tmp/x.db?speed=high", &["speed"]).await;
    refuses("postgres://u:S3CR3T@h:port/db", &["port"]).await;
    let file = File::new();
    fs::write(&file.0, "x".repeat(5_000)).unwrap();
    refuses(&file.url(), &["not a database"]).await;
}

#[tokio::test]
async fn a_file_that_is_damaged_is_refused() {
    let file = File::new();
    let ledger = open(&file.url(), "it", LONG).await;
    mine(&ledger, "1").await.record(Ok(&outputs(1))).await;
    ledger.close().await;
    let mut bytes = fs::read(&file.0).unwrap();
    // The file's header is in order; all that it describes is not.
    bytes[100..].fill(0x55);
    fs::write(&file.0, bytes).unwrap();
    refuses(&file.url(), &["malformed"]).await;
}

/// Else what is kept later might not survive a loss of power.
#[tokio::test]
async fn only_marks_do_not_wait_for_the_disk() {
    let file = File::new();
    let ledger = open(&file.url(), "it", LONG).await;
    let lease = mine(&ledger, "1").await;
    assert_eq!(ledger.store.synchronous().await, 2, "FULL");
    lease.commit(&presumed()).await.unwrap();
    assert_eq!(ledger.store.synchronous().await, 2, "FULL again");
    ledger.limit_pages(1).await;
    let large = Failure::permanent("SEND_ERROR", anyhow::anyhow!("x".repeat(500_000)));
    lease.commit(&large).await.unwrap_err();
    assert_eq!(ledger.store.synchronous().await, 2, "on another connection");
}

#[tokio::test]
async fn nobody_else_reads_the_file() {
    let file = File::new();
    let ledger = open(&file.url(), "it", LONG).await;
    mine(&ledger, "1").await.record(Ok(&outputs(1))).await;
    for entry in fs::read_dir(file.0.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{entry:?}");
    }
}

#[tokio::test]
async fn a_full_disk_makes_requests_wait_until_there_is_room() {
    let file = File::new();
    let ledger = open(&file.url(), "it", LONG).await;
    let lease = mine(&ledger, "1").await;
    let large: Object = [("text".to_owned(), json!("x".repeat(200_000)))].into_iter().collect();
    ledger.limit_pages(20).await;
    let (recorded, ()) = tokio::join!(lease.record(Ok(&large)), async {
        ledger.is_up(false).await;
        let (ready, report) = ledger.health.report();
        assert!(!ready && report.to_string().contains("full"), "{report}");
        ledger.limit_pages(1_000_000).await;
    });
    assert_eq!(recorded, Recorded::Kept);
    assert!(ledger.health.report().0, "ready again");
    assert_eq!(done(&ledger, "1").await.len(), 200_000 + r#"{"text":""}"#.len());
}

#[tokio::test]
async fn told_to_stop_it_lets_go_of_those_that_wait() {
    let file = File::new();
    let (first, second) =
        (open(&file.url(), "it", LONG).await, open(&file.url(), "it", LONG).await);
    let lease = mine(&first, "1").await;
    let (waited, ()) = tokio::join!(second.turn("RUN", "1", None), async { second.stop.cancel() });
    assert_eq!(waited.map(drop).unwrap_err().hold(), Some(Hold::Stopping));
    drop(lease);
}
