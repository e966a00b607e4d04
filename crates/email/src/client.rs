//! What all mails share: the servers, the templates, the files.

use std::{path::Path, sync::Arc};

use common::Failure;
use files::Store;
use outbound::{Tokens, unusable};
use templates::{Engine, Limits, Templates};

use crate::{
    address::Mailbox,
    config::Config,
    error::{ErrorCode, invalid, missing},
    input::Guest,
    server::{Manners, Server},
    servers::{DEFAULT, Servers},
    settings::ServerSettings,
    smtp::{opening::Encryption, session::Partial, trouble::InDoubt},
};

/// The clients.
pub(crate) struct Email {
    pub(crate) servers: Servers,
    /// `EMAIL_FROM`, for all servers that say nothing themselves.
    pub(crate) from: Option<Mailbox>,
    pub(crate) partial: Partial,
    pub(crate) in_doubt: InDoubt,
    pub(crate) bytes_max: u64,
    pub(crate) engine: Arc<Engine>,
    pub(crate) files: Store,
    manners: Manners,
}

impl Email {
    /// Reads certificates, keys and folders; nothing is connected yet.
    ///
    /// # Errors
    /// Everything that is wrong with the settings.
    pub(crate) async fn connect(mut config: Config) -> Result<Self, Failure> {
        let user_agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        let outbound = config.network.connect(user_agent)?;
        let files = config.files.connect(outbound.clone(), &config.network)?;
        let mut problems = Vec::new();
        let templates = match config.templates_dir.as_deref().map(Path::new) {
            None => None,
            Some(folder) => match Templates::load_dir(folder) {
                Ok(templates) => Some(templates),
                Err(error) => {
                    problems.push(("TEMPLATES_DIR", error.to_string()));
                    None
                }
            },
        };
        let manners = Manners {
            timeout: config.email_timeout.0,
            connections_max: config.email_connections.get(),
            idle_max: config.email_idle.0,
            tokens: Tokens::new(config.email_timeout.0),
            outbound,
            ca_files: config.network.ca_file().map(str::to_owned).into_iter().collect(),
        };
        let setting = config.email_servers.take();
        let (partial, in_doubt) = (config.email_partial, config.email_in_doubt);
        let from = config.email_from.clone();
        let bytes_max = config.email_bytes_max.0;
        let single = single(config).map(|it| Server::new(it, &manners)).transpose();
        let single = single.unwrap_or_else(|what| {
            problems.push(("EMAIL_HOST", what));
            None
        });
        let servers = Servers::new(setting.as_ref(), single, manners.clone());
        let servers = match servers {
            Ok(servers) if problems.is_empty() => servers,
            outcome => {
                problems.extend(outcome.err().map(|what| ("EMAIL_SERVERS", what)));
                return Err(unusable(&problems));
            }
        };
        let engine = Arc::new(Engine::new(Limits::default(), templates));
        Ok(Self { servers, from, partial, in_doubt, bytes_max, engine, files, manners })
    }

    /// The server that a task means; none where none is configured.
    ///
    /// # Errors
    /// `INVALID_INPUT`: there is none of that name, or the task may not name one (`answers.md` 16).
    pub(crate) fn server(
        &self,
        name: Option<&str>,
        guest: &Guest,
    ) -> Result<Option<Arc<Server>>, Failure> {
        if let Some(name) = name.map(str::trim).filter(|it| !it.is_empty()) {
            return self.servers.get(name).map(Some).ok_or_else(|| {
                let known: Vec<_> = self.servers.all().into_keys().collect();
                let known = match known.as_slice() {
                    [] => "there is none (EMAIL_HOST, EMAIL_SERVERS)".to_owned(),
                    known => format!("there are {}", known.join(", ")),
                };
                invalid(format_args!("`server`: no server `{name}`; {known}"))
            });
        }
        let asked = guest.smtp_host.as_deref().map(str::trim).filter(|it| !it.is_empty());
        match (self.servers.get(DEFAULT), asked) {
            (Some(server), None) => Ok(Some(server)),
            (Some(server), Some(host)) if server.place.host.eq_ignore_ascii_case(host) => {
                Ok(Some(server))
            }
            (Some(server), Some(_)) => Err(invalid(format_args!(
                "`smtp_host`: mails go through {} (EMAIL_HOST); leave `smtp_host` out or name that one",
                server.place.host
            ))),
            (None, Some(host)) => self.guest(host, guest).map(|it| Some(Arc::new(it))),
            (None, None) => self.only(),
        }
    }

    /// Where only named servers are configured, and only one, it is meant.
    fn only(&self) -> Result<Option<Arc<Server>>, Failure> {
        let servers = self.servers.all();
        if servers.len() > 1 {
            let known: Vec<_> = servers.into_keys().collect();
            let known = known.join(", ");
            return Err(missing(format_args!("`server` is missing; there are {known}")));
        }
        Ok(servers.into_values().next())
    }

    fn guest(&self, host: &str, guest: &Guest) -> Result<Server, Failure> {
        let login = guest.smtp_user.clone().zip(guest.smtp_password.clone());
        let tls = match (guest.smtp_starttls, guest.smtp_port) {
            (true, _) => Some(Encryption::Required),
            (false, Some(465)) => Some(Encryption::Implicit),
            // The original logs in in clear when it is not told otherwise.
            (false, _) => Some(Encryption::None),
        };
        let settings = ServerSettings {
            host: host.to_owned(),
            port: guest.smtp_port.and_then(std::num::NonZeroU16::new),
            tls,
            username: login.as_ref().map(|(username, _)| username.clone()),
            password: login.map(|(_, password)| password),
            ..ServerSettings::default()
        };
        let server = Server::new(settings, &self.manners)
            .map_err(|what| invalid(format_args!("`smtp_host`: {what}")))?;
        Ok(server.guarded(self.manners.outbound.egress()))
    }
}

/// The failure of a mail that nobody can take.
pub(crate) fn no_server() -> Failure {
    let text = "there is no mail server: set EMAIL_HOST or EMAIL_SERVERS";
    Failure::permanent(ErrorCode::EmailConnectionError, anyhow::anyhow!(text))
        .with_status(400)
        .with_note(text)
}

/// The server of the documented settings (`activiti-ootb-connectors.md` §7.4).
fn single(config: Config) -> Option<ServerSettings> {
    let host = config.email_host?;
    let logs_in = config.email_smtp_auth.unwrap_or(true);
    let port = config.email_port.map(u16::from);
    let tls = config.email_tls.or(match (config.email_smtp_starttls, port) {
        (_, Some(465)) => Some(Encryption::Implicit),
        (Some(true), _) => Some(Encryption::Required),
        (Some(false), _) => Some(Encryption::None),
        (None, _) => None,
    });
    Some(ServerSettings {
        host,
        port: config.email_port,
        tls,
        username: config.email_username.filter(|_| logs_in),
        password: config.email_password.filter(|_| logs_in),
        from: None,
        ca: config.email_ca_file,
        helo: config.email_helo,
        rate: config.email_rate,
        oauth: config.email_oauth.filter(|_| logs_in),
        dkim: config.email_dkim,
    })
}
