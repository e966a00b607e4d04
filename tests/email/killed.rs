//! Killed again and again in the middle of its work, with the ledger on: what becomes of the mails.

use std::{collections::BTreeMap, env, fs, path::PathBuf, time::Duration};

use serde_json::json;

use super::{fetch, parse, scene, settings};
use crate::{
    engine::Kind,
    scene::Scene,
    stack::{MailServer, unique, within},
};

const MAILS: usize = 500;
const KILLS: usize = 8;
/// Mails at work when it is killed.
const AT_WORK: usize = 8;

/// The ledger's file, in a folder of the test's own.
struct Ledger(PathBuf);

impl Ledger {
    fn new() -> Self {
        let folder = env::temp_dir().join(unique("mail-ledger"));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// When all requests are answered: the engine, their ids, and which of them say that the mail was sent.
struct Aftermath {
    scene: Scene,
    ids: Vec<String>,
    sent: Vec<usize>,
}

impl Aftermath {
    async fn of(server: &MailServer, more: &[(&'static str, &str)]) -> Self {
        let ledger = Ledger::new();
        let mut settings = settings(server, server.ports().starttls, "starttls");
        settings.extend([
            ("LEDGER_URL", format!("sqlite://{}/ledger.db", ledger.0.display())),
            ("LEDGER_LEASE", "500ms".to_owned()),
            ("CONCURRENCY", AT_WORK.to_string()),
            ("LOG", "info".to_owned()),
        ]);
        settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let mut scene = scene(&settings).await;
        // It must not be done with the first before the last is sent.
        scene.connector.kill().await;
        let mut ids = Vec::new();
        for n in 0..MAILS {
            let inputs =
                json!({"to": "orders@example.org", "subject": subject(n), "text": "thank you"});
            ids.push(scene.ask("SEND", &inputs).await);
        }
        scene.restart().await;
        for kill in 1..=KILLS {
            within(Duration::from_mins(2), "more are answered", async || {
                (scene.engine.answered(&ids) >= MAILS / (KILLS + 1) * kill).then_some(())
            })
            .await;
            scene.connector.kill().await;
            assert!(scene.engine.answered(&ids) < MAILS, "killed in the middle");
            scene.restart().await;
        }
        within(Duration::from_mins(3), "all are answered", async || {
            (scene.engine.answered(&ids) == MAILS).then_some(())
        })
        .await;
        assert_eq!(scene.connector.terminate().await, 0);
        let kind = |id: &String| scene.engine.answers(id)[0].kind;
        let sent = (0..MAILS).filter(|n| kind(&ids[*n]) == Kind::Result).collect();
        Self { scene, ids, sent }
    }

    /// The Message-IDs in the mailbox by subject, once all that were sent are there.
    async fn arrived(&self, server: &MailServer) -> BTreeMap<String, Vec<String>> {
        within(Duration::from_mins(1), "all have arrived", async || {
            let mut arrived: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for raw in fetch(server, "orders").await {
                let mail = parse(&raw);
                let subject = mail.subject().unwrap_or_default().to_owned();
                arrived.entry(subject).or_default().push(mail.message_id().unwrap().to_owned());
            }
            self.sent.iter().all(|n| arrived.contains_key(&subject(*n))).then_some(arrived)
        })
        .await
    }
}

fn subject(n: usize) -> String {
    format!("order {n}")
}

#[tokio::test]
async fn killed_again_and_again_it_sends_500_mails_and_none_of_them_twice() {
    let Some(server) = MailServer::private().await else { return };
    let aftermath = Aftermath::of(&server, &[]).await;
    let Aftermath { scene, ids, sent } = &aftermath;
    // Killed after the last word to the ledger, and before the server's answer.
    let unknown: Vec<_> = (0..MAILS).filter(|n| !sent.contains(n)).collect();
    assert!(unknown.len() <= KILLS * AT_WORK, "{} of which nobody knows", unknown.len());
    for n in &unknown {
        let answer = &scene.engine.answers(&ids[*n])[0];
        assert_eq!(answer.error_code(), "EMAIL_SEND_ERROR");
        assert!(answer.error_message().contains("may have been sent"), "{}", answer.body);
    }
    let arrived = aftermath.arrived(&server).await;
    assert!(arrived.values().all(|ids| ids.len() == 1), "twice: {arrived:?}");
    let n_lost = unknown.iter().filter(|n| !arrived.contains_key(&subject(**n))).count();
    eprintln!("{} mails, {} in doubt, {n_lost} of them not sent", arrived.len(), unknown.len());
}

#[tokio::test]
async fn where_a_mail_twice_is_better_than_none_all_500_are_sent() {
    let Some(server) = MailServer::private().await else { return };
    let aftermath = Aftermath::of(&server, &[("EMAIL_IN_DOUBT", "resend")]).await;
    assert_eq!(aftermath.sent.len(), MAILS);
    let arrived = aftermath.arrived(&server).await;
    let mut n_twice = 0;
    for (subject, ids) in &arrived {
        n_twice += ids.len() - 1;
        assert!(ids.iter().all(|id| *id == ids[0]), "{subject}: {ids:?}");
    }
    assert!(n_twice <= KILLS * AT_WORK, "{n_twice} twice");
    eprintln!("{} mails, {n_twice} twice", arrived.len());
}
