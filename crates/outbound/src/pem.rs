//! Certificates and private keys as PEM text (RFC 7468).
//!
//! The texts about them are all our own: what a parser quotes could be part of a key.

use std::time::SystemTime;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use pkcs8::EncryptedPrivateKeyInfo;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use x509_cert::der::Decode;

/// Why a text is no private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyProblem {
    #[error("has no PEM private key in it (PKCS#8, PKCS#1 or SEC 1)")]
    NoKey,
    #[error(
        "is encrypted in an old way; `openssl pkcs8 -topk8` makes a key of it that can be read"
    )]
    OldEncryption,
    #[error("is needed, the key is encrypted")]
    PasswordNeeded,
    #[error("does not open the key")]
    WrongPassword,
}

impl KeyProblem {
    /// The member that is to blame, `key` or `keyPassword`.
    pub(crate) fn culprit(self) -> &'static str {
        match self {
            Self::NoKey | Self::OldEncryption => "key",
            Self::PasswordNeeded | Self::WrongPassword => "keyPassword",
        }
    }
}

/// All certificates in the text, in their order; the error is a fragment about the text.
pub(crate) fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let certificates = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_quotes_the_text| "is no PEM")?;
    if certificates.is_empty() { Err("has no PEM certificate in it") } else { Ok(certificates) }
}

/// Whether the certificate's time is over; one that cannot be read has none.
pub(crate) fn is_expired(certificate: &CertificateDer) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    x509_cert::Certificate::from_der(certificate)
        .is_ok_and(|it| it.tbs_certificate.validity.not_after.to_unix_duration() < now)
}

/// The first private key in the text; a blank password is none, and one for a key that needs none is ignored.
pub(crate) fn private_key(
    text: &str,
    password: Option<&str>,
) -> Result<PrivateKeyDer<'static>, KeyProblem> {
    if text.contains("Proc-Type:") {
        return Err(KeyProblem::OldEncryption);
    }
    // rustls does not look for this kind.
    let Some((_, rest)) = text.split_once("-----BEGIN ENCRYPTED PRIVATE KEY-----") else {
        return PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_quotes_the_text| KeyProblem::NoKey);
    };
    let der = {
        let (body, _) =
            rest.split_once("-----END ENCRYPTED PRIVATE KEY-----").ok_or(KeyProblem::NoKey)?;
        let body: String = body.split_whitespace().collect();
        BASE64_STANDARD.decode(body).map_err(|_quotes_the_text| KeyProblem::NoKey)?
    };
    // A sequence of DER that is no PBES2 is most likely a PBES1 of the last century.
    let unreadable = match der.first() {
        Some(0x30) => KeyProblem::OldEncryption,
        Some(_) | None => KeyProblem::NoKey,
    };
    let encrypted =
        EncryptedPrivateKeyInfo::try_from(der.as_slice()).map_err(|_malformed| unreadable)?;
    let password = password.filter(|it| !it.is_empty()).ok_or(KeyProblem::PasswordNeeded)?;
    let key = encrypted.decrypt(password).map_err(|_no_key_in_it| KeyProblem::WrongPassword)?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

#[cfg(test)]
mod tests {
    use pkcs8::{PrivateKeyInfo, pkcs5::pbes2};
    use rcgen::{KeyPair, PKCS_RSA_SHA256};

    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        let text = BASE64_STANDARD.encode(der);
        let lines: Vec<_> =
            text.as_bytes().chunks(64).map(|it| str::from_utf8(it).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    }

    fn encrypted(der: &[u8], password: &str) -> String {
        let info = PrivateKeyInfo::try_from(der).unwrap();
        let params = pbes2::Parameters::pbkdf2_sha256_aes256cbc(1000, b"saltsalt", &[7; 16]);
        let document = info.encrypt_with_params(params.unwrap(), password).unwrap();
        pem("ENCRYPTED PRIVATE KEY", document.as_bytes())
    }

    #[test]
    fn what_is_no_key_is_told_without_a_word_of_it() {
        let key = KeyPair::generate().unwrap().serialize_der();
        let locked = encrypted(&key, "pa55word");
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nczNjcmV0\n";
        let check = |text: &str, password: Option<&str>, expected: KeyProblem| {
            assert_eq!(private_key(text, password).unwrap_err(), expected);
            assert!(!expected.to_string().contains("s3cret"));
        };
        check("", None, KeyProblem::NoKey);
        check("czNjcmV0", Some("s3cret"), KeyProblem::NoKey);
        check(&pem("CERTIFICATE", b"s3cret"), None, KeyProblem::NoKey);
        check(&pem("ENCRYPTED PRIVATE KEY", b"s3cret"), Some("s3cret"), KeyProblem::NoKey);
        check("-----BEGIN ENCRYPTED PRIVATE KEY-----\ns3cret", None, KeyProblem::NoKey);
        check(old, Some("s3cret"), KeyProblem::OldEncryption);
        let sequence = pem("ENCRYPTED PRIVATE KEY", b"\x30\x02\x05\x00");
        check(&sequence, Some("s3cret"), KeyProblem::OldEncryption);
        check(&locked, None, KeyProblem::PasswordNeeded);
        check(&locked, Some(""), KeyProblem::PasswordNeeded);
        check(&locked, Some("s3cret"), KeyProblem::WrongPassword);
    }

    #[test]
    fn keys_are_read_in_every_usual_form() {
        let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap().serialize_der();
        let ec = KeyPair::generate().unwrap().serialize_der();
        let inner = |der: &[u8]| PrivateKeyInfo::try_from(der).unwrap().private_key.to_vec();
        let check = |text: &str, password: Option<&str>, der: &[u8]| {
            assert_eq!(private_key(text, password).unwrap().secret_der(), der, "{text}");
        };
        for der in [&rsa, &ec] {
            check(&pem("PRIVATE KEY", der), None, der);
            check(&pem("PRIVATE KEY", der), Some("not needed"), der);
            check(&encrypted(der, "pa55word"), Some("pa55word"), der);
            let windows = encrypted(der, "pa55word").replace('\n', "\r\n");
            check(&format!("Bag Attributes\n{windows}"), Some("pa55word"), der);
        }
        check(&pem("RSA PRIVATE KEY", &inner(&rsa)), None, &inner(&rsa));
        check(&pem("EC PRIVATE KEY", &inner(&ec)), None, &inner(&ec));
        // As openssl writes a key: the curve first.
        let curve = pem("EC PARAMETERS", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
        check(&(curve + &pem("EC PRIVATE KEY", &inner(&ec))), None, &inner(&ec));
    }

    #[test]
    fn certificates_are_read_in_their_order() {
        let two = pem("CERTIFICATE", b"one") + "\nsome text\n" + &pem("CERTIFICATE", b"two");
        let found = certificates(&two).unwrap();
        assert_eq!(found, [b"one", b"two"].map(|it| CertificateDer::from(it.to_vec())));
        assert_eq!(certificates("s3cret").unwrap_err(), "has no PEM certificate in it");
        let broken = "-----BEGIN CERTIFICATE-----\ns3cret";
        assert_eq!(certificates(broken).unwrap_err(), "is no PEM");
    }
}
