//! Credentials that are made when a request is sent: before the call, and once more where the peer refuses it.

use std::time::Duration;

use common::Failure;
use files::Store;
use http::{HeaderValue, StatusCode, header::AUTHORIZATION};
use outbound::{ErrorKind, Outbound, Token, TokenError, TokenErrorKind, TokenRequest, Tokens};
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};
use tracing::debug;
use url::Url;

use crate::{
    auth::OnSending,
    auth_digest::{self, Asked, Login},
    auth_failure,
    auth_sigv4::Signed,
    error::invalid,
    outcome::{self, Broken, Reached},
    request::Request,
    response::Answer,
};

/// What making credentials takes.
pub(crate) struct Sending<'a> {
    pub(crate) outbound: &'a Outbound,
    pub(crate) tokens: &'a Tokens,
    pub(crate) files: &'a Store,
    /// When the time for the call is over, that for its token included.
    pub(crate) deadline: Instant,
    /// The time that this is from the start of the call.
    pub(crate) timeout: Duration,
}

/// What the credentials were made from.
#[derive(Debug)]
pub(crate) enum Sent {
    /// They are in the request since it was built, or there are none.
    Plain,
    /// The challenge is still to come.
    Unasked,
    Token(Token),
    Signature,
}

impl Sending<'_> {
    /// Puts into the request what can be known before the call.
    ///
    /// # Errors
    /// There is no token; the peer has not been called.
    pub(crate) async fn prepare(&self, request: &mut Request) -> Result<Sent, Failure> {
        match request.on_sending.clone() {
            None => Ok(Sent::Plain),
            Some(OnSending::Digest { .. }) => Ok(Sent::Unasked),
            Some(OnSending::SigV4(keys)) => {
                let body = self.hash(request).await?;
                let Request { method, url, headers, .. } = request;
                let now = OffsetDateTime::now_utc();
                keys.sign(&Signed { method, url, body: &body }, headers, now);
                Ok(Sent::Signature)
            }
            Some(OnSending::OAuth2(wanted)) => {
                let token = self.tokens.token(self.outbound, &wanted);
                let token = self.in_time(token, request, &wanted).await?;
                bear(request, &token)?;
                Ok(Sent::Token(token))
            }
        }
    }

    /// Other credentials where the peer has refused these; `false` where there are none, and the answer stands.
    ///
    /// # Errors
    /// There is no other token; the peer has refused the call, so that it can be repeated.
    pub(crate) async fn renew(
        &self,
        request: &mut Request,
        sent: &Sent,
        answer: &Answer,
    ) -> Result<bool, Failure> {
        if answer.status != StatusCode::UNAUTHORIZED || !is_at_home(request, answer) {
            return Ok(false);
        }
        match (request.on_sending.clone(), sent) {
            (Some(OnSending::OAuth2(wanted)), Sent::Token(refused)) => {
                let token = self.tokens.replace(self.outbound, &wanted, refused);
                let token = self.in_time(token, request, &wanted).await?;
                let Some(token) = token else { return Ok(false) };
                debug!("the token was refused, trying with another one");
                bear(request, &token)?;
                Ok(true)
            }
            // Another path has another answer, and only the first one is known here.
            (Some(OnSending::Digest { username, password }), Sent::Unasked)
                if answer.redirected_to.is_none() =>
            {
                let login = Login { username: &username, password: &password };
                let Request { method, url, body, .. } = &*request;
                let asked = Asked { method, url, body: body.bytes() };
                if asked.body.is_none() && auth_digest::wants_body(&answer.headers) {
                    return Err(invalid(
                        "`auth`: the peer wants digest with `auth-int`, which a body with files cannot have",
                    ));
                }
                let value = auth_digest::answer(&login, &asked, &answer.headers);
                let Some(value) = value else { return Ok(false) };
                request.headers.insert(AUTHORIZATION, value);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// The time that is left for the call, in whole milliseconds: all of it where nothing has to be made.
    pub(crate) fn left(&self, sent: &Sent) -> Duration {
        match sent {
            Sent::Plain => self.timeout,
            Sent::Unasked | Sent::Token(_) | Sent::Signature => {
                let left = self.deadline.saturating_duration_since(Instant::now());
                // Rounded up, so that a call with time left is not one without.
                Duration::from_millis(
                    u64::try_from(left.as_millis()).unwrap_or(u64::MAX).saturating_add(1),
                )
                .min(self.timeout)
            }
        }
    }

    /// What is signed of the body; a file is read once more for it.
    async fn hash(&self, request: &Request) -> Result<String, Failure> {
        let hash = timeout_at(self.deadline, request.body.sha256(self.files)).await;
        let kind = match hash {
            Ok(Ok(hash)) => return Ok(hash),
            Ok(Err(error)) => error.into(),
            Err(_elapsed) => ErrorKind::Timeout { after: self.timeout },
        };
        let broken = Broken { kind, reached: Reached::Nobody, answer: None };
        Err(outcome::of_break(request, &broken))
    }

    async fn in_time<T>(
        &self,
        token: impl Future<Output = Result<T, TokenError>>,
        request: &Request,
        wanted: &TokenRequest,
    ) -> Result<T, Failure> {
        let result = timeout_at(self.deadline, token).await.unwrap_or_else(|_elapsed| {
            let kind = TokenErrorKind::NoAnswer(ErrorKind::Timeout { after: self.timeout });
            Err(TokenError { kind, url: outbound::shown(&wanted.token_url) })
        });
        result.map_err(|error| auth_failure::of_token(request, &error))
    }
}

fn bear(request: &mut Request, token: &Token) -> Result<(), Failure> {
    request.mask.add(token.reveal());
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.reveal()))
        .map_err(|_invalid| invalid("`auth`: the token has characters that no header can carry"))?;
    value.set_sensitive(true);
    request.headers.insert(AUTHORIZATION, value);
    Ok(())
}

/// Whether the answer is from the origin that was called: others never had the credentials and get no new ones.
fn is_at_home(request: &Request, answer: &Answer) -> bool {
    let Some(target) = &answer.redirected_to else { return true };
    Url::parse(target).is_ok_and(|it| it.origin() == request.url.origin())
}
