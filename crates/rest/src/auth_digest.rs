//! `auth` of the type `digest`: the answer to a server's challenge (RFC 7616), pure.

use common::Secret;
use digest_auth::{Algorithm, AlgorithmType, AuthContext, HttpMethod, Qop, WwwAuthenticateHeader};
use http::{HeaderMap, HeaderValue, Method, header::WWW_AUTHENTICATE};
use url::{Position, Url};

/// Who answers.
pub(crate) struct Login<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a Secret,
}

/// What the answer is for.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) url: &'a Url,
    /// `None` where it is not in memory; then there must be a challenge that does not want it.
    pub(crate) body: Option<&'a [u8]>,
}

/// The header `Authorization` that answers the strongest challenge in a response; `None` where there is none that can be answered.
pub(crate) fn answer(login: &Login, asked: &Asked, headers: &HeaderMap) -> Option<HeaderValue> {
    let mut challenge = strongest(headers)?;
    // `auth-int` only where nothing else is offered: few servers have it right.
    if challenge.qop.as_ref().is_some_and(|it| it.contains(&Qop::AUTH)) {
        challenge.qop = Some(vec![Qop::AUTH]);
    }
    let context = AuthContext::new_with_method(
        login.username,
        login.password.reveal(),
        &asked.url[Position::BeforePath..Position::AfterQuery],
        Some(asked.body.unwrap_or_default()),
        HttpMethod::from(asked.method.as_str()),
    );
    let answer = challenge.respond(&context).ok()?;
    let mut value = HeaderValue::from_bytes(answer.to_header_string().as_bytes()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Whether the strongest challenge cannot be answered without the body (`auth-int`, RFC 7616 §3.4.3).
pub(crate) fn wants_body(headers: &HeaderMap) -> bool {
    let qop = strongest(headers).and_then(|it| it.qop);
    qop.is_some_and(|it| it.contains(&Qop::AUTH_INT) && !it.contains(&Qop::AUTH))
}

fn strongest(headers: &HeaderMap) -> Option<WwwAuthenticateHeader> {
    let values = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|it| it.to_str().ok());
    let challenges = values.flat_map(challenges);
    let challenges = challenges.filter_map(|it| WwwAuthenticateHeader::parse(it).ok());
    challenges.max_by_key(|it| strength(it.algorithm))
}

/// The parameters of each digest challenge in one header, which may list several of several kinds.
fn challenges(header: &str) -> Vec<&str> {
    let mut starts = Vec::new();
    let mut is_quoted = false;
    let mut bytes = header.bytes().enumerate();
    let mut is_start = true;
    while let Some((at, byte)) = bytes.next() {
        match byte {
            // What follows a backslash in quotes does not end them.
            b'\\' if is_quoted => drop(bytes.next()),
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b',' => is_start = true,
            b' ' | b'\t' => {}
            _ if is_start => {
                is_start = false;
                starts.extend(scheme(&header[at..]).map(|scheme| (at, scheme)));
            }
            _ => {}
        }
    }
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([header.len()]);
    let parts =
        starts.iter().zip(ends).filter(|((_, scheme), _)| scheme.eq_ignore_ascii_case("digest"));
    parts
        .map(|((at, scheme), end)| header[at + scheme.len()..end].trim_end_matches([',', ' ']))
        .collect()
}

/// The scheme that a challenge starts with: a word that no `=` follows.
fn scheme(text: &str) -> Option<&str> {
    let word = text.split([' ', '\t', ',', '=', '"']).next()?;
    let rest = text[word.len()..].trim_start();
    (!word.is_empty() && !rest.starts_with('=')).then_some(word)
}

fn strength(algorithm: Algorithm) -> u8 {
    match algorithm.algo {
        AlgorithmType::MD5 => 0,
        AlgorithmType::SHA2_256 => 1,
        AlgorithmType::SHA2_512_256 => 2,
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};

    use super::*;

    fn respond(challenges: &[&str], body: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        for challenge in challenges {
            headers.append(WWW_AUTHENTICATE, challenge.parse().unwrap());
        }
        let password = Secret::from("Circle Of Life".to_owned());
        let login = Login { username: "Mufasa", password: &password };
        let asked = Asked {
            method: &Method::GET,
            url: &"http://x.test/dir/index.html".parse().unwrap(),
            body: Some(body.as_bytes()),
        };
        let value = answer(&login, &asked, &headers)?;
        assert!(value.is_sensitive());
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn what_cannot_be_answered_is_not() {
        for challenges in [
            &[][..],
            &["Basic realm=\"x\""],
            &["Digest"],
            &["Digest realm=\"x\""],
            &["Digest realm=\"x, nonce=\"n"],
            &["Digest realm=\"x\", nonce=\"n\", algorithm=ROT13"],
            &["Digest realm=\"x\", nonce=\"n\", qop=\"none\""],
            &["Basic realm=\"Digest realm=x, nonce=n\""],
            &["Bearer digest=\"x\", nonce=\"n\""],
            &["\"\\", ",,=,\"", "= Digest"],
        ] {
            assert_eq!(respond(challenges, ""), None, "{challenges:?}");
        }
    }

    /// The example of RFC 2617 §3.5 without `qop`, i.e. as in RFC 2069.
    const OLD: &str = "Digest realm=\"testrealm@host.com\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";

    #[test]
    fn the_digest_challenge_is_found_among_others() {
        let old = "response=\"670fd8c2df070c60b045671b8b24ff02\"";
        for challenges in [
            &[OLD][..],
            &["Basic realm=\"x\"", OLD],
            &[&format!("Negotiate, Basic realm=\"a, \\\"Digest\", {OLD}, Bearer scope=\"x y\"")],
            &[&format!("Negotiate abc==, {}", OLD.replace("Digest", "DIGEST"))],
            &[&format!("{OLD},Basic realm=\"x\"")],
        ] {
            let response = respond(challenges, "").unwrap();
            assert!(response.contains(old), "{challenges:?} {response}");
        }
    }

    #[test]
    fn the_strongest_challenge_is_answered() {
        let sha = "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int, auth\", algorithm=SHA-256";
        let response = respond(&[OLD, sha, OLD], "ignored").unwrap();
        let member = |name: &str| {
            let (_, rest) = response.split_once(&format!("{name}=")).unwrap();
            rest.split([',', ' ']).next().unwrap().trim_matches('"').to_owned()
        };
        assert_eq!([member("algorithm"), member(" qop")], ["SHA-256", "auth"], "{response}");
        let hash = |text: &str| -> String {
            let digest = digest(&SHA256, text.as_bytes());
            let halves = digest.as_ref().iter().flat_map(|it| [it >> 4, it & 15]);
            halves.map(|it| char::from_digit(it.into(), 16).unwrap()).collect()
        };
        let (one, two) = (hash("Mufasa:r:Circle Of Life"), hash("GET:/dir/index.html"));
        let cnonce = member("cnonce");
        assert_eq!(member("response"), hash(&format!("{one}:n:00000001:{cnonce}:auth:{two}")));
    }

    #[test]
    fn the_body_is_part_of_the_answer_where_nothing_else_is_offered() {
        let challenge = "Digest realm=\"r\", nonce=\"n\", qop=auth-int";
        let response = respond(&[challenge], "body").unwrap();
        assert!(response.contains("qop=auth-int"), "{response}");
    }
}
