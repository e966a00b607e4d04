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
        pool::Pool,
        session::{Encryption, Envelope, Opening, Session, Taken},
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
    pub(crate) limiter: Option<Limiter>,
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
        let has_login = settings.username.is_some();
        let port = settings.port.map(u16::from);
        let encryption = settings.tls.unwrap_or(match port {
            Some(PORT_IMPLICIT) => Encryption::Implicit,
            // Whoever logs in is not sent to a server that anybody on the way can pretend to be.
            Some(PORT_SUBMISSION) | None => Encryption::Required,
            Some(_) if has_login => Encryption::Required,
            Some(_) => Encryption::Opportunistic,
        });
        let port = port.unwrap_or(match encryption {
            Encryption::Implicit => PORT_IMPLICIT,
            Encryption::Required => PORT_SUBMISSION,
            Encryption::Opportunistic | Encryption::None if has_login => PORT_SUBMISSION,
            Encryption::Opportunistic | Encryption::None => PORT_RELAY,
        });
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
            limiter: settings.rate.map(Limiter::new),
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
            Err(trouble @ Trouble { step: Step::Auth, kind: Kind::Refused(_) }) => trouble,
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
        Session::open(&opening).await
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
