//! DKIM signatures (RFC 6376; Ed25519 by RFC 8463): headers `relaxed`, body `simple`.

use std::{fs, io};

use aws_lc_rs::{
    digest::{Context, SHA256, digest},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};

use crate::{
    message::{Message, header::Headers},
    settings::Dkim,
};

/// What a change of would change the mail (RFC 6376 §5.4.1), where the mail has it.
const SIGNED: [&str; 11] = [
    "From",
    "To",
    "Cc",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
];
/// Characters of the signature between places where its line may be broken.
const PIECE: usize = 64;

/// Signs mails for a domain.
pub(crate) struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

enum Key {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    /// # Errors
    /// What is wrong with the key; no text shows it.
    pub(crate) fn new(settings: &Dkim) -> Result<Self, String> {
        let key = settings.key.reveal();
        let pem = if key.contains("-----BEGIN") {
            key.to_owned()
        } else {
            fs::read_to_string(key).map_err(|error| format!("`key`: {}", error.kind()))?
        };
        let is_name = |it: &str| {
            !it.is_empty()
                && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._".contains(&it))
        };
        let domain = idna::domain_to_ascii_strict(&settings.domain).ok().filter(|it| is_name(it));
        let domain = domain.ok_or_else(|| "`domain` is no domain".to_owned())?;
        if !is_name(&settings.selector) {
            return Err("`selector` is no name".to_owned());
        }
        let selector = settings.selector.clone();
        Ok(Self { domain, selector, key: Key::parse(&pem)? })
    }

    /// Puts a signature before the other headers; `at` is in seconds since 1970.
    ///
    /// # Errors
    /// What lies on the disk cannot be read.
    pub(crate) fn sign(&self, message: &mut Message, at: i64) -> io::Result<()> {
        let fields = fields(&message.headers);
        let (mut names, mut data) = (Vec::new(), String::new());
        for name in SIGNED {
            for (_, value) in fields.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name)) {
                names.push(name);
                data.extend([&name.to_ascii_lowercase(), ":", value, "\r\n"]);
            }
        }
        // Named once more than it is there, so that nobody can add a second one.
        names.push("From");
        let unsigned = format!(
            "v=1; a={}; c=relaxed/simple; d={}; s={}; t={at}; h={}; bh={}; b=",
            self.key.algorithm(),
            self.domain,
            self.selector,
            names.join(":"),
            body_hash(message)?,
        );
        data.extend(["dkim-signature:", &unsigned]);
        let signature = BASE64_STANDARD.encode(self.key.sign(data.as_bytes()));
        let pieces = signature.as_bytes().chunks(PIECE).map(String::from_utf8_lossy);
        let pieces = pieces.collect::<Vec<_>>().join(" ");
        let mut headers = Headers::default();
        headers.tokens("DKIM-Signature", &(unsigned + &pieces));
        message.headers.insert_str(0, &headers.into_text());
        Ok(())
    }
}

impl Key {
    fn parse(pem: &str) -> Result<Self, String> {
        let wrong = || "`key` is no private key in PEM".to_owned();
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| wrong())?;
        match der {
            PrivateKeyDer::Pkcs1(key) => {
                RsaKeyPair::from_der(key.secret_pkcs1_der()).map(Self::Rsa).map_err(|_| wrong())
            }
            PrivateKeyDer::Pkcs8(key) => {
                let key = key.secret_pkcs8_der();
                let rsa = RsaKeyPair::from_pkcs8(key).map(Self::Rsa);
                let ed25519 = || Ed25519KeyPair::from_pkcs8_maybe_unchecked(key).map(Self::Ed25519);
                rsa.or_else(|_| ed25519())
                    .map_err(|_| "`key` is neither an RSA nor an Ed25519 key".to_owned())
            }
            _ => Err("`key` is neither an RSA nor an Ed25519 key".to_owned()),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa-sha256",
            Self::Ed25519(_) => "ed25519-sha256",
        }
    }

    fn sign(&self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature)
                    .unwrap_or_else(|_| unreachable!("the buffer has the key's length"));
                signature
            }
            // RFC 8463 §3: the hash is what is signed.
            Self::Ed25519(key) => key.sign(digest(&SHA256, data).as_ref()).as_ref().to_vec(),
        }
    }
}

/// Names and `relaxed` values of header fields (RFC 6376 §3.4.2).
fn fields(headers: &str) -> Vec<(&str, String)> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in headers.split_terminator("\r\n") {
        match (line.starts_with([' ', '\t']), fields.last_mut(), line.split_once(':')) {
            (true, Some((_, value)), _) => *value += line,
            (_, _, Some((name, value))) => fields.push((name, value.to_owned())),
            _ => {}
        }
    }
    for (_, value) in &mut fields {
        *value = value.split([' ', '\t']).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
    }
    fields
}

/// The hash of the body with one line break at its end (RFC 6376 §3.4.3).
fn body_hash(message: &Message) -> io::Result<String> {
    let mut hash = Context::new(&SHA256);
    let mut breaks = 0;
    for chunk in message.body_chunks() {
        let chunk = chunk?;
        let mut rest = &chunk[..];
        let mut behind = 0;
        while let Some(shorter) = rest.strip_suffix(b"\r\n") {
            rest = shorter;
            behind += 1;
        }
        if rest.is_empty() {
            breaks += behind;
            continue;
        }
        for _ in 0..breaks {
            hash.update(b"\r\n");
        }
        hash.update(rest);
        breaks = behind;
    }
    hash.update(b"\r\n");
    Ok(BASE64_STANDARD.encode(hash.finish()))
}

#[cfg(test)]
mod tests;
