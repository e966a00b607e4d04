//! Assertions: signed statements about who asks for a token (RFC 7523, RFC 7519).

use std::{fmt, sync::Arc, time::SystemTime};

use aws_lc_rs::{
    rand::{self, SystemRandom},
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Map, Value, json};

use crate::{
    Problem,
    fingerprint::{Fingerprint, fingerprint},
    pem,
};

/// How long an assertion holds, in seconds: long enough for clocks that differ, shorter than what the strictest servers accept (Salesforce: 5 minutes).
const LIFETIME_SECONDS: u64 = 180;

/// A signed statement by `issuer` about `subject`; `Debug` shows no key.
#[derive(Clone)]
pub struct Assertion {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `sub`; without it there is none in the assertion.
    pub subject: Option<String>,
    /// The header `kid`, by which the server finds the public key.
    pub key_id: Option<String>,
    key: Arc<Key>,
    /// Stands for the key in the token cache.
    pub(crate) fingerprint: Fingerprint,
}

enum Key {
    Rs256(rsa::KeyPair),
    Es256(EcdsaKeyPair),
}

impl Assertion {
    /// An assertion by `issuer` that is signed with a PEM key: RSA (2048 to 8192 bits, RS256) or EC P-256 (ES256), as PKCS#8 (encrypted too), PKCS#1 or SEC 1.
    ///
    /// # Errors
    /// A fragment about `privateKey` or `keyPassword` that quotes nothing of them.
    pub fn new(issuer: String, private_key: &str, password: Option<&str>) -> Result<Self, Problem> {
        let der = pem::private_key(private_key, password).map_err(|problem| {
            let culprit = match problem.culprit() {
                "key" => "privateKey",
                other => other,
            };
            (culprit, problem.to_string())
        })?;
        let key = Key::new(&der).ok_or_else(|| {
            let text = "is neither an RSA key of 2048 to 8192 bits nor an EC key on P-256";
            ("privateKey", text.to_owned())
        })?;
        let fingerprint = fingerprint([der.secret_der()]);
        Ok(Self { issuer, subject: None, key_id: None, key: Arc::new(key), fingerprint })
    }

    /// The assertion for one request, as compact JWT; `None` when there is no randomness or the key cannot sign.
    pub(crate) fn jwt(&self, audience: &str, scope: Option<&str>) -> Option<String> {
        let mut id = [0; 16];
        rand::SecureRandom::fill(&SystemRandom::new(), &mut id).ok()?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        let claims = json!({
            "iss": self.issuer,
            "sub": self.subject,
            "aud": audience,
            // Google reads the scope here, others in the form.
            "scope": scope,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": BASE64_URL_SAFE_NO_PAD.encode(id),
        });
        let header = json!({"alg": self.key.algorithm(), "typ": "JWT", "kid": self.key_id});
        let [header, claims] = [header, claims].map(|it| BASE64_URL_SAFE_NO_PAD.encode(given(it)));
        let signed = format!("{header}.{claims}");
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes())?);
        Some(format!("{signed}.{signature}"))
    }
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assertion({} by {})", self.key.algorithm(), self.issuer)
    }
}

impl Key {
    fn new(der: &PrivateKeyDer) -> Option<Self> {
        let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
        match der {
            PrivateKeyDer::Pkcs1(der) => {
                rsa::KeyPair::from_der(der.secret_pkcs1_der()).ok().map(Self::Rs256)
            }
            PrivateKeyDer::Sec1(der) => {
                EcdsaKeyPair::from_private_key_der(curve, der.secret_sec1_der())
                    .ok()
                    .map(Self::Es256)
            }
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                let rsa = rsa::KeyPair::from_pkcs8(der).ok().map(Self::Rs256);
                rsa.or_else(|| EcdsaKeyPair::from_pkcs8(curve, der).ok().map(Self::Es256))
            }
            _ => None,
        }
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rs256(_) => "RS256",
            Self::Es256(_) => "ES256",
        }
    }

    fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).ok()?;
                Some(signature)
            }
            Self::Es256(key) => key.sign(&random, text).ok().map(|it| it.as_ref().to_vec()),
        }
    }
}

/// The object as JSON without the members that are null.
fn given(object: Value) -> String {
    let members = match object {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let members = members.into_iter().filter(|(_, it)| !it.is_null());
    Value::Object(members.collect()).to_string()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    };
    use rcgen::{PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256};

    use super::*;

    fn rsa() -> String {
        rcgen::KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap().serialize_pem()
    }

    fn ec() -> String {
        rcgen::KeyPair::generate().unwrap().serialize_pem()
    }

    #[test]
    fn keys_that_cannot_sign_are_refused_without_a_word_of_them() {
        let check = |pem: &str, expected: (&str, &str)| {
            let (culprit, text) = Assertion::new(String::new(), pem, None).unwrap_err();
            assert_eq!((culprit, text.as_str()), expected);
        };
        let no_key = "has no PEM private key in it (PKCS#8, PKCS#1 or SEC 1)";
        check("", ("privateKey", no_key));
        check("s3cret", ("privateKey", no_key));
        check("-----BEGIN PRIVATE KEY-----\ns3cret", ("privateKey", no_key));
        let unusable = "is neither an RSA key of 2048 to 8192 bits nor an EC key on P-256";
        let p384 = rcgen::KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        check(&p384.serialize_pem(), ("privateKey", unusable));
        let rubbish = "-----BEGIN PRIVATE KEY-----\nczNjcmV0\n-----END PRIVATE KEY-----\n";
        check(rubbish, ("privateKey", unusable));
    }

    #[test]
    fn an_assertion_is_signed_and_says_who_asks() {
        for (pem, algorithm) in [(rsa(), "RS256"), (ec(), "ES256")] {
            let assertion = Assertion {
                subject: Some("jane".to_owned()),
                key_id: Some("k1".to_owned()),
                ..Assertion::new("me".to_owned(), &pem, None).unwrap()
            };
            assert_eq!(format!("{assertion:?}"), format!("Assertion({algorithm} by me)"));
            let jwt = assertion.jwt("https://as.test/token", Some("a b")).unwrap();
            let (signed, signature) = jwt.rsplit_once('.').unwrap();
            let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
            match &*assertion.key {
                Key::Rs256(key) => {
                    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key())
                        .verify(signed.as_bytes(), &signature)
                }
                Key::Es256(key) => {
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key())
                        .verify(signed.as_bytes(), &signature)
                }
            }
            .unwrap();

            let (header, mut claims) = parts(signed);
            assert_eq!(header, json!({"alg": algorithm, "typ": "JWT", "kid": "k1"}));
            let mut number = |name: &str| claims[name].take().as_u64().unwrap();
            let (issued, expires) = (number("iat"), number("exp"));
            assert_eq!(expires - issued, LIFETIME_SECONDS);
            let id = claims["jti"].take();
            assert_eq!(
                claims,
                json!({"iss": "me", "sub": "jane", "aud": "https://as.test/token", "scope": "a b",
                    "iat": null, "exp": null, "jti": null})
            );
            let again = assertion.jwt("https://as.test/token", None).unwrap();
            let (_, again) = parts(again.rsplit_once('.').unwrap().0);
            assert_ne!(again["jti"], id);
        }
    }

    #[test]
    fn what_is_not_given_is_not_claimed() {
        let assertion = Assertion::new("me".to_owned(), &ec(), None).unwrap();
        let jwt = assertion.jwt("x", None).unwrap();
        let (header, claims) = parts(jwt.rsplit_once('.').unwrap().0);
        assert_eq!(header, json!({"alg": "ES256", "typ": "JWT"}));
        let names: Vec<_> = claims.as_object().unwrap().keys().collect();
        assert_eq!(names, ["iss", "aud", "iat", "exp", "jti"]);
    }

    fn parts(signed: &str) -> (Value, Value) {
        let (header, claims) = signed.split_once('.').unwrap();
        let read =
            |part| serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        (read(header), read(claims))
    }
}
