//! One mail server: how it is reached, and mails on their way through it.

use std::{sync::Arc, time::Duration};

use common::{Failure, Secret};
use outbound::{
    ClientAuth, Egress, Grant, Outbound, Token, TokenError, TokenErrorKind, TokenRequest, Tokens,
};
use rustls::ClientConfig;

use crate::{
    address::{Address, Mailbox},
    delivery::Problem,
    dkim::Signer,
    error::ErrorCode,
    limiter::Limiter,
    message::Message,
    settings::{OAuth, ServerSettings},
    smtp::{
        auth::Credentials,
        opening::{Encryption, Opening},
        pool::Pool,
        session::{Envelope, Session, Taken},
        trouble::{Kind, Step, Trouble},
        wire::Place,
    },
};

/// RFC 8314 §3.3, RFC 6409 §3.1, RFC 5321 §4.5.4.2.
const PORT_IMPLICIT: u16 = 465;
const PORT_SUBMISSION: u16 = 587;
const PORT_RELAY: u16 = 25;

/// A mail server.
pub(crate) struct Server {
    pub(crate) place: Place,
    pub(crate) encryption: Encryption,
    pub(crate) from: Option<Mailbox>,
    /// The address that is the login, if it is one.
    pub(crate) login_address: Option<Address>,
    pub(crate) limiter: Option<Arc<Limiter>>,
    pub(crate) signer: Option<Signer>,
    tls: Arc<ClientConfig>,
    helo: Option<String>,
    timeout: Duration,
    login: Login,
    pool: Pool,
}

/// How we say who we are.
pub(crate) enum Login {
    Nobody,
    Password { username: String, password: Secret },
    OAuth { username: String, request: Box<TokenRequest>, via: Outbound, tokens: Tokens },
}

/// What all servers have in common.
#[derive(Clone)]
pub(crate) struct Manners {
    pub(crate) timeout: Duration,
    pub(crate) connections_max: usize,
    pub(crate) idle_max: Duration,
    pub(crate) outbound: Outbound,
    pub(crate) tokens: Tokens,
    /// Files with certificates to trust, from the common settings.
    pub(crate) ca_files: Vec<String>,
}

impl Server {
    /// # Errors
    /// What is wrong with its settings.
    pub(crate) fn new(settings: ServerSettings, manners: &Manners) -> Result<Self, String> {
        let port = settings.port.map(u16::from);
        let (encryption, port) = reached(port, settings.tls, settings.username.is_some());
        let ca_files = manners.ca_files.iter().chain(&settings.ca).map(AsRef::as_ref);
        let tls = outbound::tls_config(&ca_files.collect::<Vec<_>>())?;
        let login = Login::new(settings.username, settings.password, settings.oauth, manners)?;
        let login_address = match &login {
            Login::Nobody => None,
            Login::Password { username, .. } | Login::OAuth { username, .. } => {
                Address::parse(username).ok()
            }
        };
        Ok(Self {
            place: Place { host: settings.host, port, egress: None },
            encryption,
            from: settings.from,
            login_address,
            limiter: settings.rate.map(|it| Arc::new(Limiter::new(it))),
            signer: settings.dkim.as_ref().map(Signer::new).transpose()?,
            tls: Arc::new(tls),
            helo: settings.helo,
            timeout: manners.timeout,
            login,
            pool: Pool::new(manners.connections_max, manners.idle_max),
        })
    }

    /// A server that a task names is only called where calls may go.
    pub(crate) fn guarded(mut self, egress: &Egress) -> Self {
        self.place.egress = Some(egress.clone());
        self
    }

    /// Goes on with the turns of a server whose settings were others, unless the rate was another too.
    pub(crate) fn in_place_of(mut self, old: &Self) -> Self {
        if let (Some(new), Some(old)) = (&self.limiter, &old.limiter)
            && new.rate == old.rate
        {
            self.limiter = Some(Arc::clone(old));
        }
        self
    }

    pub(crate) fn has_login(&self) -> bool {
        !matches!(self.login, Login::Nobody)
    }

    /// As texts name it.
    pub(crate) fn label(&self) -> String {
        format!("{}:{}", self.place.host, self.place.port)
    }

    /// Sends a mail over a kept connection or a new one.
    pub(crate) async fn send(
        &self,
        envelope: &Envelope<'_>,
        message: &Message,
    ) -> Result<Taken, Problem> {
        let _slot = self.pool.slot().await;
        loop {
            let kept = self.pool.take();
            let is_kept = kept.is_some();
            let mut session = match kept {
                Some(session) => session,
                None => self.open().await?,
            };
            let outcome = session.send(envelope, message).await;
            match outcome {
                // It was closed while it was idle: nothing has happened yet.
                Err(trouble) if is_kept && trouble.is_loss_before_any_effect() => {}
                outcome => {
                    self.pool.put(session);
                    return outcome.map_err(|it| Problem::Smtp(it, self.label()));
                }
            }
        }
    }

    /// A new connection, logged in.
    pub(crate) async fn open(&self) -> Result<Session, Problem> {
        let told = |it| Problem::Smtp(it, self.label());
        let Login::OAuth { username, request, via, tokens } = &self.login else {
            let credentials = match &self.login {
                Login::Password { username, password } => {
                    let (username, password) = (username.clone(), password.clone());
                    Some(Credentials::Password { username, password })
                }
                Login::Nobody | Login::OAuth { .. } => None,
            };
            return self.open_with(credentials).await.map_err(told);
        };
        let credentials = |token: &Token| {
            let token = token.reveal().to_owned().into();
            Some(Credentials::Token { username: username.clone(), token })
        };
        let token = tokens.token(via, request).await.map_err(of_token)?;
        let refused = match self.open_with(credentials(&token)).await {
            Err(trouble @ Trouble { step: Step::Auth, kind: Kind::Refused(_), .. }) => trouble,
            outcome => return outcome.map_err(told),
        };
        // It may have been withdrawn before its time.
        match tokens.replace(via, request, &token).await.map_err(of_token)? {
            Some(token) => self.open_with(credentials(&token)).await.map_err(told),
            None => Err(told(refused)),
        }
    }

    async fn open_with(&self, credentials: Option<Credentials>) -> Result<Session, Trouble> {
        let opening = Opening {
            place: &self.place,
            encryption: self.encryption,
            tls: &self.tls,
            helo: self.helo.as_deref(),
            credentials,
            timeout: self.timeout,
        };
        opening.session().await
    }
}

impl Login {
    fn new(
        username: Option<String>,
        password: Option<Secret>,
        oauth: Option<OAuth>,
        manners: &Manners,
    ) -> Result<Self, String> {
        match (username, password, oauth) {
            (Some(username), _, Some(oauth)) => Ok(Self::OAuth {
                username,
                request: Box::new(token_request(oauth)),
                via: manners.outbound.clone(),
                tokens: manners.tokens.clone(),
            }),
            (Some(username), Some(password), None) => Ok(Self::Password { username, password }),
            (None, None, None) => Ok(Self::Nobody),
            (Some(_), None, None) => Err("a username needs a password".to_owned()),
            (None, Some(_), _) => Err("a password needs a username".to_owned()),
            (None, None, Some(_)) => Err("a login by token needs a username".to_owned()),
        }
    }
}

/// How a server is reached that says only some of it.
fn reached(port: Option<u16>, tls: Option<Encryption>, has_login: bool) -> (Encryption, u16) {
    let encryption = tls.unwrap_or(match port {
        Some(PORT_IMPLICIT) => Encryption::Implicit,
        // Whoever logs in is not sent to a server that anybody on the way can pretend to be.
        Some(PORT_SUBMISSION) | None => Encryption::Required,
        Some(_) if has_login => Encryption::Required,
        Some(_) => Encryption::Opportunistic,
    });
    let usual = match encryption {
        Encryption::Implicit => PORT_IMPLICIT,
        Encryption::Required => PORT_SUBMISSION,
        Encryption::Opportunistic | Encryption::None if has_login => PORT_SUBMISSION,
        Encryption::Opportunistic | Encryption::None => PORT_RELAY,
    };
    (encryption, port.unwrap_or(usual))
}

fn token_request(oauth: OAuth) -> TokenRequest {
    let grant = match oauth.refresh_token {
        Some(token) => Grant::RefreshToken { refresh_token: token.reveal().to_owned() },
        None => Grant::ClientCredentials,
    };
    TokenRequest {
        token_url: oauth.token_url,
        grant,
        client_id: oauth.client_id,
        client_secret: oauth.client_secret.reveal().to_owned(),
        client_auth: ClientAuth::Body,
        scope: oauth.scope,
        audience: String::new(),
        resource: String::new(),
        parameters: Vec::new(),
    }
}

/// What no token means; the mail server has not been called yet.
fn of_token(error: TokenError) -> Problem {
    let code = ErrorCode::EmailAuthenticationError;
    let note = "no access token";
    let failure = match &error.kind {
        TokenErrorKind::NoAnswer(_) | TokenErrorKind::Unavailable { retry_after: None, .. } => {
            Failure::transient(code, error).with_status(503)
        }
        TokenErrorKind::Unavailable { retry_after: Some(pause), .. } => {
            let pause = *pause;
            Failure::transient(code, error).with_status(503).retry_after(pause)
        }
        TokenErrorKind::RefreshTokenExpired { .. }
        | TokenErrorKind::InteractionRequired { .. }
        | TokenErrorKind::Refused { .. }
        | TokenErrorKind::NoAccessToken { .. }
        | TokenErrorKind::NotSigned => Failure::permanent(code, error).with_status(401),
    };
    Problem::Failure(failure.with_note(note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_and_port_follow_from_each_other() {
        use Encryption::{Implicit, None as Clear, Opportunistic, Required};
        for (port, tls, has_login, expected) in [
            (None, None, false, (Required, 587)),
            (Some(587), None, false, (Required, 587)),
            (Some(465), None, true, (Implicit, 465)),
            (Some(25), None, true, (Required, 25)),
            (Some(25), None, false, (Opportunistic, 25)),
            (Some(2525), Some(Implicit), true, (Implicit, 2525)),
            (None, Some(Implicit), true, (Implicit, 465)),
            (None, Some(Clear), false, (Clear, 25)),
            (None, Some(Clear), true, (Clear, 587)),
            (None, Some(Opportunistic), false, (Opportunistic, 25)),
        ] {
            assert_eq!(reached(port, tls, has_login), expected, "{port:?} {tls:?} {has_login}");
        }
    }

    #[test]
    fn no_token_is_tried_again_where_that_may_help() {
        let unavailable = |retry_after| TokenErrorKind::Unavailable {
            status: 503,
            retry_after,
            said: String::new(),
        };
        let refused = TokenErrorKind::Refused { status: 400, said: String::new() };
        let pause = Duration::from_secs(3);
        for (kind, expected, status) in [
            (unavailable(None), "transient", 503),
            (unavailable(Some(pause)), "transient", 503),
            (refused, "permanent", 401),
            (TokenErrorKind::NoAccessToken { status: 200, what: "no token" }, "permanent", 401),
        ] {
            let shown = format!("{kind:?}");
            let error = TokenError { kind, url: "https://login.example.org/token".to_owned() };
            let failure = Failure::from(of_token(error));
            assert_eq!(failure.code(), "EMAIL_AUTHENTICATION_ERROR", "{shown}");
            assert_eq!(
                (failure.kind(), failure.report().status),
                (expected, Some(status)),
                "{shown}"
            );
        }
    }
}
