//! Servers: encryption, login, several of them, kept connections, what `check` says.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::{Value, json};

use crate::{
    Told, mail, run, send,
    smtp::{ALWAYS, Act, Script, Smtp},
};

/// When the server's certificate ends.
#[derive(Clone, Copy)]
enum Until {
    Later,
    LongAgo,
}

/// A server's TLS with a certificate of an own authority, and the authority's file.
fn tls(until: Until) -> (Arc<ServerConfig>, String) {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    if let Until::LongAgo = until {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.pem().as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap(),
        )
        .unwrap();
    let path =
        std::env::temp_dir().join(format!("email-ca-{}-{:p}.pem", std::process::id(), &config));
    std::fs::write(&path, authority.pem()).unwrap();
    (Arc::new(config), path.to_str().unwrap().to_owned())
}

fn encrypted(until: Until, is_implicit: bool) -> (Smtp, String) {
    let (tls, ca) = tls(until);
    let extensions =
        if is_implicit { vec!["AUTH PLAIN"] } else { vec!["STARTTLS", "AUTH LOGIN PLAIN"] };
    let script = Script { extensions, tls: Some(tls), is_implicit, ..Script::default() };
    (Smtp::start(script), ca)
}

fn send_to_localhost(server: &Smtp, settings: &[(&str, &str)]) -> Told {
    let mut all = vec![("EMAIL_HOST", "localhost")];
    all.extend_from_slice(settings);
    send(server, &mail(json!({})), &all)
}

#[test]
fn a_server_that_does_not_encrypt_gets_no_mail_where_encryption_is_required() {
    let server = Smtp::plain();
    let expected = "permanent EMAIL_CONNECTION_ERROR: localhost:PORT: STARTTLS: the server offers no STARTTLS, which EMAIL_TLS requires; nothing was sent";
    for settings in [
        &[("EMAIL_TLS", "starttls")][..],
        &[("EMAIL_TLS", ""), ("EMAIL_SMTP_STARTTLS", "true")],
        &[("EMAIL_TLS", ""), ("EMAIL_USERNAME", "u"), ("EMAIL_PASSWORD", "p")],
    ] {
        assert_eq!(send_to_localhost(&server, settings).failure(&server), expected);
    }
    let settings =
        [("EMAIL_TLS", "opportunistic"), ("EMAIL_USERNAME", "u"), ("EMAIL_PASSWORD", "p")];
    let told = send_to_localhost(&server, &settings).failure(&server);
    assert!(told.contains("a password is not sent in clear unless EMAIL_TLS=none"), "{told}");
    let lines = server.seen().lines;
    assert!(lines.iter().all(|it| it.starts_with("EHLO")), "{lines:?}");
    send_to_localhost(&server, &[("EMAIL_TLS", "opportunistic")]).success();
}

#[test]
fn certificates_that_nobody_should_trust_are_not_trusted() {
    let (server, ca) = encrypted(Until::LongAgo, false);
    let told = send_to_localhost(&server, &[("EMAIL_TLS", "starttls"), ("EMAIL_CA_FILE", &ca)]);
    let told = told.failure(&server);
    let expected = "permanent EMAIL_CONNECTION_ERROR: localhost:PORT: TLS: invalid peer certificate: certificate expired";
    assert!(told.starts_with(expected), "{told}");
    let (server, ca) = encrypted(Until::Later, true);
    let told = send_to_localhost(&server, &[("EMAIL_TLS", "implicit")]).failure(&server);
    let expected =
        "permanent EMAIL_CONNECTION_ERROR: localhost:PORT: TLS: invalid peer certificate";
    assert!(told.starts_with(expected), "{told}");
    let settings = [("EMAIL_TLS", "implicit"), ("EMAIL_CA_FILE", &ca), ("EMAIL_HOST", "127.0.0.1")];
    let told = send(&server, &mail(json!({})), &settings).failure(&server);
    assert!(told.contains("not valid for name"), "{told}");
    assert_eq!(server.seen().lines, [""; 0]);
}

#[test]
fn what_was_sent_before_encryption_began_is_not_believed() {
    let (tls, ca) = tls(Until::Later);
    let acts = vec![("STARTTLS", ALWAYS, Act::Say("220 go\r\n250-test\r\n250 AUTH PLAIN"))];
    let script = Script { extensions: vec!["STARTTLS"], acts, tls: Some(tls), ..Script::default() };
    let server = Smtp::start(script);
    let told = send_to_localhost(&server, &[("EMAIL_TLS", "starttls"), ("EMAIL_CA_FILE", &ca)]);
    let expected = "permanent EMAIL_CONNECTION_ERROR: localhost:PORT: TLS: the server sent something before TLS began";
    assert_eq!(told.failure(&server), expected);
}

#[test]
fn mails_go_through_starttls_and_implicit_tls_with_an_own_authority() {
    for (is_implicit, word) in [(false, "starttls"), (true, "implicit")] {
        let (server, ca) = encrypted(Until::Later, is_implicit);
        let login = [("EMAIL_USERNAME", "shop@example.org"), ("EMAIL_PASSWORD", "p w")];
        let settings = [&[("EMAIL_TLS", word), ("EMAIL_CA_FILE", &ca)], &login[..]].concat();
        send_to_localhost(&server, &settings).success();
        let lines = server.seen().lines;
        // "\0shop@example.org\0p w"
        assert!(lines.contains(&"AUTH PLAIN AHNob3BAZXhhbXBsZS5vcmcAcCB3".to_owned()), "{lines:?}");
        assert_eq!(server.mail().from, "shop@example.org");
    }
}

fn with_login(
    extensions: Vec<&'static str>,
    acts: Vec<(&'static str, usize, Act)>,
) -> (Smtp, Told) {
    let server = Smtp::start(Script { extensions, acts, ..Script::default() });
    let told = send_to_localhost(&server, &[("EMAIL_USERNAME", "u"), ("EMAIL_PASSWORD", "S3CR3T")]);
    assert!(!told.log.contains("S3CR3T"), "{}", told.log);
    (server, told)
}

#[test]
fn a_wrong_password_is_an_authentication_error_that_shows_no_password() {
    let act = Act::Say("535 5.7.8 authentication failed");
    let (server, told) = with_login(vec!["AUTH PLAIN"], vec![("AUTH", ALWAYS, act)]);
    let expected = "permanent EMAIL_AUTHENTICATION_ERROR: localhost:PORT: AUTH: 535 5.7.8 authentication failed";
    assert_eq!(told.failure(&server), expected);
    let act = Act::Say("454 4.7.0 temporary failure");
    let (server, told) = with_login(vec!["AUTH PLAIN"], vec![("AUTH", ALWAYS, act)]);
    let expected =
        "transient EMAIL_AUTHENTICATION_ERROR: localhost:PORT: AUTH: 454 4.7.0 temporary failure";
    assert_eq!(told.failure(&server), expected);
    let (server, told) = with_login(vec!["AUTH DIGEST-MD5 GSSAPI"], vec![]);
    let expected = "permanent EMAIL_AUTHENTICATION_ERROR: localhost:PORT: AUTH: the server offers DIGEST-MD5, GSSAPI, not PLAIN, LOGIN or CRAM-MD5";
    assert_eq!(told.failure(&server), expected);
    let (server, told) = with_login(vec![], vec![]);
    let expected = "permanent EMAIL_AUTHENTICATION_ERROR: localhost:PORT: AUTH: the server offers no login; EMAIL_SMTP_AUTH=false sends without";
    assert_eq!(told.failure(&server), expected);
}

#[test]
fn login_is_spoken_too() {
    let acts = vec![
        ("AUTH LOGIN", ALWAYS, Act::Say("334 VXNlcm5hbWU6")),
        ("dQ==", ALWAYS, Act::Say("334 UGFzc3dvcmQ6")),
        ("UzNDUjNU", ALWAYS, Act::Say("235 welcome")),
    ];
    let (server, told) = with_login(vec!["AUTH LOGIN"], acts);
    told.success();
    assert_eq!(server.mail().to, ["ada@example.org"]);
}

/// The example of RFC 2195 §2.
#[test]
fn in_clear_the_password_is_not_shown_to_a_server_that_can_do_without() {
    let challenge = "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+";
    let response = "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw";
    let login = [("EMAIL_USERNAME", "tim"), ("EMAIL_PASSWORD", "tanstaaftanstaaf")];
    let acts = vec![
        ("AUTH CRAM-MD5", ALWAYS, Act::Say(challenge)),
        (response, ALWAYS, Act::Say("235 welcome")),
    ];
    let extensions = vec!["AUTH PLAIN LOGIN CRAM-MD5"];
    let server = Smtp::start(Script { extensions, acts, ..Script::default() });
    send_to_localhost(&server, &login).success();
    let acts = vec![("AUTH CRAM-MD5", ALWAYS, Act::Say("334 no=base64"))];
    let extensions = vec!["AUTH CRAM-MD5"];
    let server = Smtp::start(Script { extensions, acts, ..Script::default() });
    let told = send_to_localhost(&server, &login).failure(&server);
    let expected = "permanent EMAIL_CONNECTION_ERROR: localhost:PORT: AUTH: this is no SMTP server: `334 no=base64`";
    assert_eq!(told, expected);
}

/// A token endpoint that gives `token-1`, `token-2` …; what it was asked.
fn token_endpoint() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let remember = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = String::new();
            let mut buffer = [0; 4096];
            while !request.contains("grant_type") {
                let n = stream.read(&mut buffer).unwrap();
                request += std::str::from_utf8(&buffer[..n]).unwrap();
            }
            let n = {
                let mut asked = remember.lock().unwrap();
                asked.push(request.split("\r\n\r\n").last().unwrap().to_owned());
                asked.len()
            };
            let body = format!("{{\"access_token\": \"token-{n}\", \"expires_in\": 3600}}");
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, asked)
}

#[test]
fn a_token_is_fetched_and_fetched_again_when_it_is_refused() {
    let (url, asked) = token_endpoint();
    // Refused once, with the challenge that explains it.
    let acts =
        vec![("AUTH XOAUTH2", 1, Act::Say("334 eyJzdGF0dXMiOiI0MDEifQ==")), ("", 0, Act::Hang)];
    let server =
        Smtp::start(Script { extensions: vec!["AUTH PLAIN XOAUTH2"], acts, ..Script::default() });
    let oauth = json!({
        "tokenUrl": url, "clientId": "c", "clientSecret": "${CLIENT_SECRET}", "refreshToken": "r", "scope": "smtp",
    });
    let settings = [
        ("EMAIL_USERNAME", "shop@example.org"),
        ("EMAIL_OAUTH", &oauth.to_string()),
        ("CLIENT_SECRET", "S3CR3T"),
    ];
    let told = send_to_localhost(&server, &settings);
    // The empty acknowledgement is no command of this server, which refuses it.
    let lines = server.seen().lines;
    let auth: Vec<_> = lines.iter().filter(|it| it.starts_with("AUTH")).collect();
    assert_eq!(auth.len(), 2, "{lines:?} {}", told.log);
    // "user=shop@example.org\x01auth=Bearer token-2\x01\x01"
    assert_eq!(
        auth[1],
        "AUTH XOAUTH2 dXNlcj1zaG9wQGV4YW1wbGUub3JnAWF1dGg9QmVhcmVyIHRva2VuLTIBAQ=="
    );
    told.success();
    let asked = asked.lock().unwrap();
    assert!(asked[0].contains("grant_type=refresh_token&refresh_token=r"), "{asked:?}");
    assert!(asked[0].contains("client_secret=S3CR3T"), "{asked:?}");
}

#[test]
fn a_named_server_has_its_own_sender_and_unknown_names_list_the_known() {
    let (first, second) = (Smtp::plain(), Smtp::plain());
    let port: u16 = second.port().parse().unwrap();
    let servers = json!({ "news": { "host": "127.0.0.1", "port": port, "tls": "none", "from": "News <news@example.org>" } });
    let servers = [("EMAIL_SERVERS", servers.to_string())];
    let servers: Vec<_> = servers.iter().map(|(a, b)| (*a, b.as_str())).collect();
    let mut input = json!({ "to": "ada@example.org", "server": "news" });
    send(&first, &input, &servers).success();
    assert_eq!(second.mail().from, "news@example.org");
    input["server"] = json!("old");
    let told = send(&first, &input, &servers).failure(&first);
    assert_eq!(told, "business INVALID_INPUT: `server`: no server `old`; there are default, news");
    assert_eq!(first.seen().connections, 0);
}

#[test]
fn a_task_cannot_lead_mails_elsewhere_where_a_server_is_configured() {
    let (server, other) = (Smtp::plain(), Smtp::plain());
    let input = mail(json!({ "smtp_host": "mail.example.net", "smtp_port": other.port() }));
    let told = send(&server, &input, &[]).failure(&server);
    let expected = "business INVALID_INPUT: `smtp_host`: mails go through 127.0.0.1 (EMAIL_HOST); leave `smtp_host` out or name that one";
    assert_eq!(told, expected);
    let input = mail(json!({ "smtp_host": "127.0.0.1", "smtp_port": other.port() }));
    let told = run(&["invoke", "SEND", "--input", "-"], &input, &[("EGRESS_PRIVATE", "deny")]);
    let text = told.outputs["error"]["message"].as_str().unwrap();
    assert!(text.contains("closed by EGRESS_PRIVATE"), "{text}");
    assert_eq!(other.seen().connections, 0);
}

#[test]
fn mails_are_signed_where_there_is_a_key() {
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
    let dkim =
        json!({ "domain": "example.org", "selector": "s1", "key": "${DKIM_KEY}" }).to_string();
    let server = Smtp::plain();
    send(&server, &mail(json!({})), &[("EMAIL_DKIM", &dkim), ("DKIM_KEY", &key)]).success();
    let octets = server.mail().octets;
    let text = String::from_utf8(octets).unwrap();
    assert!(
        text.starts_with("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/simple; d=example.org;"),
        "{text}"
    );
}

#[test]
fn the_server_is_told_the_size_and_asked_for_utf8_when_it_is_needed() {
    let extensions = vec!["SIZE 100000", "SMTPUTF8", "8BITMIME"];
    let server = Smtp::start(Script { extensions, ..Script::default() });
    send(
        &server,
        &mail(json!({ "to": "jürgen@bücher.example" })),
        &[("EMAIL_HELO", "shop.example.org")],
    )
    .success();
    let lines = server.seen().lines;
    assert_eq!(lines[0], "EHLO shop.example.org");
    assert!(
        lines[1].starts_with("MAIL FROM:<shop@example.org> SIZE=")
            && lines[1].ends_with(" BODY=8BITMIME SMTPUTF8"),
        "{lines:?}"
    );
    assert_eq!(lines[2], "RCPT TO:<jürgen@xn--bcher-kva.example>");
    let told = send(&server, &mail(json!({ "text": "x\n".repeat(100_000) })), &[]).failure(&server);
    assert!(told.contains("and the server takes 100000 at most (SIZE)"), "{told}");
    let server = Smtp::plain();
    let told = send(&server, &mail(json!({ "to": "jürgen@example.org" })), &[]).failure(&server);
    let expected = "business EMAIL_SEND_ERROR: 127.0.0.1:PORT: MAIL: the server takes no addresses with letters beyond ASCII (SMTPUTF8)";
    assert_eq!(told, expected);
}

#[test]
fn check_says_what_it_saw() {
    let (server, ca) = encrypted(Until::Later, false);
    let port = server.port();
    let settings = [
        ("EMAIL_HOST", "localhost"),
        ("EMAIL_PORT", &port),
        ("EMAIL_CA_FILE", &ca),
        ("EMAIL_USERNAME", "u"),
        ("EMAIL_PASSWORD", "p"),
    ];
    let told = run(&["check"], &Value::Null, &settings);
    let text = told.outputs.as_str().unwrap();
    let expected =
        format!("default  works  localhost:{port}  STARTTLS, logged in, no extensions, ");
    assert!(told.success && text.starts_with(&expected), "{text} {}", told.log);
    let told = run(&["check"], &Value::Null, &settings[..2]);
    assert!(!told.success && told.log.contains("FAILS"), "{}", told.log);
}

#[test]
fn a_greeting_in_many_lines_and_a_server_from_before_ehlo_are_fine() {
    let acts = vec![
        ("GREETING", 1, Act::Say("220-hello\r\n220 test")),
        ("EHLO", 1, Act::Say("502 what?")),
    ];
    let server = Smtp::start(Script { acts, ..Script::default() });
    send(&server, &mail(json!({})), &[]).success();
    assert!(server.seen().lines[1].starts_with("HELO ["));
}

#[test]
fn settings_that_are_wrong_are_all_told_at_once() {
    let settings = [
        ("EMAIL_PORT", "smtp"),
        ("EMAIL_TLS", "ssl"),
        ("EMAIL_FROM", "nobody"),
        ("EMAIL_SERVERS", "{"),
        ("EMAIL_RATE", "many"),
        ("EMAIL_PARTIAL", "maybe"),
        ("EMAIL_TIMEOUT", "soon"),
    ];
    let told = run(&["check"], &Value::Null, &settings);
    assert!(!told.success);
    for (name, _) in settings {
        assert!(told.log.contains(&format!("  {name} ")), "{name}: {}", told.log);
    }
}
