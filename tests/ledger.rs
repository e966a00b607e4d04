//! What was done stays done, whoever dies (A5), where a ledger remembers it.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    engine::{Answer, Engine, Kind},
    peers::{Peer, Reply},
    scene::Scene,
    stack::{Broker, Connector, Postgres, REST, Watchdog, eventually, unique, within},
};

/// Short, so that a test need not wait long for a request to be taken over.
const LEASE: (&str, &str) = ("LEDGER_LEASE", "300ms");

/// A folder of the test's own that a container may write to; gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = env::temp_dir().join(unique("ledger"));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        Self(folder)
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.file().display())
    }

    fn file(&self) -> PathBuf {
        self.0.join("ledger.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

async fn orders(gate: Reply) -> Peer {
    let first = std::sync::Mutex::new(Some(gate));
    Peer::start(move |_| {
        let gate = first.lock().unwrap().take();
        gate.unwrap_or_else(|| Reply::json(200, &json!({"order": 7})))
    })
    .await
}

fn same(answers: &[Answer]) {
    for answer in answers {
        assert_eq!(answer.body, answers[0].body);
        assert_eq!(answer.headers(), answers[0].headers());
        assert_eq!(answer.exchange, answers[0].exchange);
    }
}

/// The same request under the same id, and as many answers as that makes.
async fn send_again(scene: &Scene, destination: &str, request: &crate::engine::Request) {
    let before = scene.engine.answers(request.id()).len();
    scene.engine.send(destination, request).await;
    eventually("it is answered again", async || {
        (scene.engine.answers(request.id()).len() > before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_was_answered_before_a_crash_gets_the_very_same_answer_after_it() {
    let folder = Folder::new();
    let mut scene = Scene::start(&[("LEDGER_URL", &folder.url()), LEASE]).await;
    let peer = orders(Reply::json(200, &json!({"order": 7}))).await;
    let destination = scene.destination("POST");
    let inputs = json!({"restUrl": peer.url("/orders"), "requestPayload": {"n": 1.50}});
    let found = scene.engine.request(&destination, &inputs);
    let lost = scene.engine.request(&destination, &json!({"restUrl": "http://127.0.0.1:1"}));
    for request in [&found, &lost] {
        scene.engine.send(&destination, request).await;
        scene.engine.answer(request.id()).await;
    }
    for _ in 0..2 {
        scene.connector.kill().await;
        scene.restart().await;
        send_again(&scene, &destination, &found).await;
        send_again(&scene, &destination, &lost).await;
    }
    let answers = [scene.engine.answers(found.id()), scene.engine.answers(lost.id())];
    assert_eq!(answers.each_ref().map(|it| it[0].kind), [Kind::Result, Kind::Error]);
    for answers in &answers {
        // A delivery that the crash left unacknowledged comes again too.
        assert!(answers.len() >= 3, "{}", answers.len());
        same(answers);
    }
    assert_eq!(peer.calls().len(), 1);
    assert!(scene.connector.metric("connector_requests_repeated_total", &[]).await >= 2.0);
}

/// The answer has been nowhere yet when the connector dies.
#[tokio::test]
async fn what_was_done_before_a_crash_and_not_answered_is_answered_after_it() {
    let folder = Folder::new();
    let broker = Broker::shared().await;
    let engine = Engine::without_queues(broker.url());
    let mut scene = Scene::with(engine, broker, &[("LEDGER_URL", &folder.url()), LEASE]).await;
    let peer = orders(Reply::json(200, &json!(1))).await;
    let id = scene.ask("POST", &json!({"restUrl": peer.url("/orders")})).await;
    scene.connector.not_ready().await;
    scene.connector.kill().await;
    scene.engine.declare(Kind::Result).await;
    scene.restart().await;
    scene.engine.expect_result(&id).await;
    assert_eq!(peer.calls().len(), 1);
}

#[tokio::test]
async fn a_request_that_was_at_work_in_a_crash_is_carried_out_after_its_lease() {
    let folder = Folder::new();
    let mut scene = Scene::start(&[("LEDGER_URL", &folder.url()), LEASE]).await;
    let peer = orders(Reply::Gate).await;
    let id = scene.ask("POST", &json!({"restUrl": peer.url("/orders")})).await;
    peer.called(1).await;
    scene.connector.kill().await;
    scene.restart().await;
    scene.engine.expect_result(&id).await;
    assert_eq!(peer.effects(), [(id, 2)].into());
    assert!(scene.connector.metric("connector_ledger_takeovers_total", &[]).await > 0.5);
}

#[tokio::test]
async fn killed_again_and_again_it_repeats_only_what_was_at_work() {
    const REQUESTS: usize = 400;
    const AT_WORK: usize = 4;
    const KILLS: usize = 6;
    let folder = Folder::new();
    let concurrency = AT_WORK.to_string();
    let settings =
        [("LEDGER_URL", folder.url()), ("LOG", "info".to_owned()), ("CONCURRENCY", concurrency)];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut scene = Scene::start(&[&settings[..], &[LEASE]].concat()).await;
    let peer = orders(Reply::json(200, &json!(1))).await;
    // It must not be done with the first before the last is sent.
    scene.connector.kill().await;
    let mut ids = Vec::new();
    for _ in 0..REQUESTS {
        ids.push(scene.ask("POST", &json!({"restUrl": peer.url("/orders")})).await);
    }
    scene.restart().await;
    for kill in 1..=KILLS {
        eventually("more are answered", async || {
            (scene.engine.answered(&ids) >= REQUESTS / (KILLS + 1) * kill).then_some(())
        })
        .await;
        scene.connector.kill().await;
        assert!(scene.engine.answered(&ids) < REQUESTS, "killed in the middle");
        scene.restart().await;
    }
    within(Duration::from_mins(2), "all are answered", async || {
        (scene.engine.answered(&ids) == REQUESTS).then_some(())
    })
    .await;
    assert_eq!(scene.connector.terminate().await, 0);
    let repeated = peer.calls().len() - REQUESTS;
    assert!(repeated <= KILLS * AT_WORK, "{repeated} calls were repeated");
    for id in &ids {
        same(&scene.engine.answers(id));
    }
}

/// Two deliveries of one request, each to a replica of its own, at the same time.
async fn race(ledger: &str) {
    let scene = Scene::start(&[("LEDGER_URL", ledger), ("PREFETCH", "1")]).await;
    let second = scene.another().await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let destination = scene.destination("POST");
    let request = scene.engine.request(&destination, &json!({"restUrl": peer.url("/orders")}));
    scene.engine.send(&destination, &request).await;
    scene.engine.send(&destination, &request).await;
    peer.called(1).await;
    eventually("the other one waits", async || {
        let waits = "connector_ledger_waits_total";
        let waits = scene.connector.metric(waits, &[]).await + second.metric(waits, &[]).await;
        (waits > 0.5).then_some(())
    })
    .await;
    peer.open();
    eventually("both have answered", async || {
        (scene.engine.answers(request.id()).len() == 2).then_some(())
    })
    .await;
    same(&scene.engine.answers(request.id()));
    assert_eq!(peer.calls().len(), 1);
}

#[tokio::test]
async fn two_replicas_with_the_same_request_call_once_between_them() {
    race(&Folder::new().url()).await;
    if let Some(postgres) = Postgres::private() {
        race(&postgres.url()).await;
    }
}

#[tokio::test]
async fn requests_wait_for_a_database_that_is_gone() {
    let Some(postgres) = Postgres::private() else { return };
    let url = postgres.url();
    let settings = [("LEDGER_URL", url.as_str()), ("HTTP_TIMEOUT", "1s"), LEASE];
    let mut scene = Scene::start(&settings).await;
    let peer = orders(Reply::json(200, &json!(1))).await;
    let inputs = json!({"restUrl": peer.url("/orders")});
    let before = scene.ask("POST", &inputs).await;
    scene.engine.expect_result(&before).await;
    postgres.kill();
    let during = scene.ask("POST", &inputs).await;
    let reason = scene.connector.not_ready().await;
    assert!(reason.contains("ledger"), "{reason}");
    // Over HTTP somebody waits for an answer, and is told.
    let (status, error) = keyed(&scene.connector, "key", &inputs).await;
    assert_eq!((status, &error["command_response"]["http_status"]), (200, &json!(503)));
    assert!(error["error"]["message"].as_str().unwrap().contains("LEDGER_URL"), "{error}");
    assert_eq!(peer.calls().len(), 1, "nothing is done that could not be remembered");
    postgres.launch();
    scene.connector.ready().await;
    scene.engine.expect_result(&during).await;
    assert_eq!(peer.calls().len(), 2);
    let rows = "SELECT count(*) FROM connector_ledger WHERE state = 2";
    assert_eq!(postgres.query(rows), "2");
}

/// The broker is there, the database comes later.
#[tokio::test]
async fn a_database_that_is_late_is_waited_for() {
    let Some(postgres) = Postgres::private() else { return };
    postgres.kill();
    let name = unique(REST);
    let broker = Broker::shared().await;
    let settings = [
        ("CONNECTOR_NAME", name.as_str()),
        ("AMQP_URL", broker.url()),
        ("LEDGER_URL", &postgres.url()),
    ];
    let mut connector = Connector::launch(&settings);
    assert!(connector.not_ready().await.contains("ledger"));
    postgres.launch();
    connector.ready().await;
}

async fn keyed(connector: &Connector, key: &str, body: &Value) -> (u16, Value) {
    let request = connector.request(reqwest::Method::POST, "/v1/do/rest-connector/POST");
    let request = request.header("content-type", "application/json").header("idempotency-key", key);
    let answer = request.body(body.to_string()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn a_key_over_http_gets_its_success_again_and_another_try_at_what_failed() {
    let folder = Folder::new();
    let peer = Peer::start(|call| {
        let status = if call.number == 1 { 404 } else { 200 };
        Reply::json(status, &json!({"call": call.number}))
    })
    .await;
    let settings = [("LEDGER_URL", folder.url())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let call = async |key: &str, target: &str| {
        let mut connector = Connector::launch(&settings);
        connector.ready().await;
        let (_, answer) = keyed(&connector, key, &json!({"restUrl": peer.url(target)})).await;
        assert_eq!(connector.terminate().await, 0);
        let failed = !answer["error"].is_null();
        (!failed).then(|| answer["command_response"]["body"]["restResult"]["call"].clone())
    };
    assert_eq!(call("a", "/orders").await, None, "it failed");
    assert_eq!(call("a", "/orders").await, Some(json!(2)));
    assert_eq!(call("a", "/orders").await, Some(json!(2)));
    assert_eq!(call("b", "/orders").await, Some(json!(3)), "another key");
    assert_eq!(call("a", "/other").await, None, "other inputs");
    assert_eq!(peer.calls().len(), 4);
}

/// A file system of 256 kB, where this machine lets one be mounted.
struct Disk {
    folder: Folder,
    _watchdog: Watchdog,
}

impl Disk {
    fn mount() -> Option<Self> {
        let folder = Folder::new();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=256k,mode=777", "none"]).arg(&folder.0);
        let mounted = mount.output().is_ok_and(|it| it.status.success());
        if !mounted {
            eprintln!("skipped, as this user may not mount a small disk");
            return None;
        }
        let unmount = "umount \"$1\"";
        let watchdog = Watchdog::new(unmount, &[&folder.0.to_string_lossy()]);
        Some(Self { folder, _watchdog: watchdog })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The folder is removed after this, which needs it to be no mount any more.
        Command::new("umount").arg("--lazy").arg(&self.folder.0).status().unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_stops_nothing_but_the_effects() {
    let Some(disk) = Disk::mount() else { return };
    let url = disk.folder.url();
    let mut scene = Scene::start(&[("LEDGER_URL", &url), LEASE]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!("x".repeat(30_000)))).await;
    let inputs = json!({"restUrl": peer.url("/orders")});
    let before = scene.ask("POST", &inputs).await;
    scene.engine.expect_result(&before).await;
    let filler = disk.folder.0.join("filler");
    fs::write(&filler, vec![0; 256 * 1024]).unwrap_err();
    let mut during = Vec::new();
    // Some may fit into what the ledger has already; not dozens.
    let reason = loop {
        let id = scene.ask("POST", &inputs).await;
        let away = eventually("it is answered, or the ledger is away", async || {
            let readiness = scene.connector.get("/readiness").send().await.ok()?;
            let away = readiness.status() == 503;
            let answered = !scene.engine.answers(&id).is_empty();
            (away || answered).then_some((away, readiness.text().await.ok()?))
        })
        .await;
        during.push(id);
        assert!(during.len() < 50, "the disk isn't full");
        if let (true, reason) = away {
            break reason;
        }
    };
    assert!(reason.contains("full"), "{reason}");
    fs::remove_file(&filler).unwrap();
    scene.connector.ready().await;
    for id in &during {
        scene.engine.expect_result(id).await;
    }
    assert_eq!(peer.calls().len(), 1 + during.len(), "each once");
}

/// The connector ends at its start, and says what these words are in.
async fn refuses(url: &str, words: &[&str]) {
    let mut connector = Connector::launch(&[("LEDGER_URL", url)]);
    assert_eq!(connector.exit().await, 1);
    let log = connector.log();
    assert!(words.iter().all(|word| log.contains(word)), "{log}");
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_is_refused_at_the_start() {
    let folder = Folder::new();
    fs::write(folder.file(), "not a ledger ".repeat(500)).unwrap();
    refuses(&folder.url(), &["LEDGER_URL", "not a database"]).await;
    assert!(Path::new(&folder.file()).exists(), "it is nobody's to remove");
    let Some(postgres) = Postgres::private() else { return };
    let mut connector = Connector::launch(&[("LEDGER_URL", &postgres.url())]);
    connector.ready().await;
    assert_eq!(connector.terminate().await, 0);
    postgres.query("INSERT INTO connector_ledger_version VALUES (99)");
    refuses(&postgres.url(), &["LEDGER_URL", "version 99", "run the newer connector"]).await;
}
