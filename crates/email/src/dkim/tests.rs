//! Signatures are checked with the public key, by rules written down a second time.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rsa::KeySize,
    signature::{ED25519, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey},
};
use mail_parser::MessageParser;
use time::OffsetDateTime;

use super::*;
use crate::{
    address::{Mailbox, Mailboxes},
    message::{Mail, text::Charset},
};

fn pem(der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

fn settings(key: String) -> Dkim {
    let (domain, selector) = ("example.org".to_owned(), "s1".to_owned());
    Dkim { domain, selector, key: key.into() }
}

fn message() -> Message {
    let mail = Mail {
        from: Mailbox::parse("Shop <shop@example.org>").unwrap(),
        to: Mailboxes::parse("Ada Lovelace <ada@example.org>").unwrap().0,
        cc: Vec::new(),
        reply_to: Vec::new(),
        subject: "a long subject that is folded ".repeat(8).trim().to_owned(),
        message_id: "<r-1@example.org>".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        priority: None,
        headers: vec![("X-Other".to_owned(), "not signed".to_owned())],
        text: Some("Hello.\n\nBye.\n\n\n\n".to_owned()),
        html: None,
        charset: Charset::default(),
        inline: Vec::new(),
        attachments: Vec::new(),
        invitation: None,
        date: OffsetDateTime::UNIX_EPOCH,
    };
    mail.build()
}

/// What a verifier hashes, from the mail as it arrives, and the signature (RFC 6376 §3.7).
fn verified(eml: &str) -> (Vec<u8>, Vec<u8>) {
    let (head, body) = eml.split_once("\r\n\r\n").unwrap();
    let unfolded = head.replace("\r\n ", " ");
    let lines: Vec<_> = unfolded.split("\r\n").collect();
    let signature = lines[0].strip_prefix("DKIM-Signature: ").unwrap();
    let tag = |name: &str| {
        signature.split("; ").find_map(|it| it.strip_prefix(&format!("{name}="))).unwrap()
    };
    let body = format!("{}\r\n", body.trim_end_matches("\r\n"));
    let hash = BASE64_STANDARD.encode(digest(&SHA256, body.as_bytes()));
    assert_eq!(tag("bh"), hash, "{body:?}");
    let mut data = String::new();
    let mut rest = lines.clone();
    for name in tag("h").split(':') {
        let found =
            rest.iter().rposition(|it| it.split_once(':').unwrap().0.eq_ignore_ascii_case(name));
        let Some(found) = found else { continue };
        let (name, value) = rest.remove(found).split_once(": ").unwrap();
        data.extend([&name.to_lowercase(), ":", value.trim(), "\r\n"]);
    }
    let (unsigned, b) = signature.rsplit_once("b=").unwrap();
    data.extend(["dkim-signature:", unsigned, "b="]);
    (data.into_bytes(), BASE64_STANDARD.decode(b.replace(' ', "")).unwrap())
}

#[test]
fn keys_that_are_none_are_refused_without_being_shown() {
    let check = |key: &str, expected: &str| {
        let error = Signer::new(&settings(key.to_owned())).err().unwrap();
        assert_eq!(error, expected, "{key}");
    };
    check("/nowhere/key.pem", "`key`: entity not found");
    check("-----BEGIN PRIVATE KEY-----\nnonsense", "`key` is no private key in PEM");
    check(&pem(b"nonsense"), "`key` is neither an RSA nor an Ed25519 key");
    let bad = Dkim { selector: "a b".to_owned(), ..settings("-----BEGIN".to_owned()) };
    assert_eq!(Signer::new(&bad).err().unwrap(), "`selector` is no name");
}

#[test]
fn an_rsa_signature_holds_for_what_arrives() {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = key.public_key().as_ref().to_vec();
    let der =
        aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&key).unwrap();
    let signer = Signer::new(&settings(pem(der.as_ref()))).unwrap();
    let mut message = message();
    signer.sign(&mut message, 1_763_726_400).unwrap();
    let eml = message.eml().unwrap();
    let (data, signature) = verified(&eml);
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).verify(&data, &signature).unwrap();
    assert!(eml.split("\r\n").all(|it| it.len() <= 100), "{eml}");
    assert!(
        MessageParser::default().parse(eml.as_bytes()).unwrap().header("DKIM-Signature").is_some()
    );
}

#[test]
fn an_ed25519_signature_holds_for_what_arrives() {
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let public = Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap().public_key().as_ref().to_vec();
    let signer = Signer::new(&settings(pem(key.as_ref()))).unwrap();
    let mut message = message();
    signer.sign(&mut message, 1_763_726_400).unwrap();
    let (data, signature) = verified(&message.eml().unwrap());
    let hash = digest(&SHA256, &data);
    UnparsedPublicKey::new(&ED25519, public).verify(hash.as_ref(), &signature).unwrap();
}
