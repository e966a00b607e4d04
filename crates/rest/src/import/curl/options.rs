//! The options of `curl` (its manual, version 8), as far as they matter for a task.

/// What an option means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Request,
    Header,
    Data(Data),
    Json,
    Form,
    FormText,
    User,
    Bearer,
    Cookie,
    UserAgent,
    Referer,
    Get,
    Head,
    Url,
    MaxTime,
    ConnectTimeout,
    MaxRedirects,
    /// A flag, or an option with a value, that needs something else here: the text says what.
    FlagElsewhere(&'static str),
    Elsewhere(&'static str),
    /// What makes no difference to a task.
    Flag,
    Value,
}

/// How `-d` and its kin read their value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// `@` names a file.
    Plain,
    /// As it stands.
    Raw,
    UrlEncode,
}

impl Meaning {
    /// Whether the next word belongs to the option.
    pub(crate) fn takes_value(self) -> bool {
        !matches!(self, Self::Get | Self::Head | Self::FlagElsewhere(_) | Self::Flag)
    }
}

const TLS: &str = "certificates are `tls` of a connection";
const PROXY: &str = "proxies are the settings HTTP_PROXY and HTTPS_PROXY";
const INSECURE: &str =
    "`-k`: certificates are always checked; a CA of your own is `tls` of a connection";

const OPTIONS: [(&str, &str, Meaning); 66] = [
    ("X", "request", Meaning::Request),
    ("H", "header", Meaning::Header),
    ("d", "data", Meaning::Data(Data::Plain)),
    ("", "data-ascii", Meaning::Data(Data::Plain)),
    ("", "data-binary", Meaning::Data(Data::Plain)),
    ("", "data-raw", Meaning::Data(Data::Raw)),
    ("", "data-urlencode", Meaning::Data(Data::UrlEncode)),
    ("", "json", Meaning::Json),
    ("F", "form", Meaning::Form),
    ("", "form-string", Meaning::FormText),
    ("u", "user", Meaning::User),
    ("", "oauth2-bearer", Meaning::Bearer),
    ("b", "cookie", Meaning::Cookie),
    ("A", "user-agent", Meaning::UserAgent),
    ("e", "referer", Meaning::Referer),
    ("G", "get", Meaning::Get),
    ("I", "head", Meaning::Head),
    ("", "url", Meaning::Url),
    ("m", "max-time", Meaning::MaxTime),
    ("", "connect-timeout", Meaning::ConnectTimeout),
    ("", "max-redirs", Meaning::MaxRedirects),
    ("k", "insecure", Meaning::FlagElsewhere(INSECURE)),
    ("", "digest", Meaning::FlagElsewhere("`--digest`: `auth` of the type `digest` does that")),
    ("", "ntlm", Meaning::FlagElsewhere("`--ntlm`: there is no such `auth`")),
    ("", "negotiate", Meaning::FlagElsewhere("`--negotiate`: there is no such `auth`")),
    ("", "aws-sigv4", Meaning::Elsewhere("`--aws-sigv4`: `auth` of the type `sigv4` does that")),
    ("E", "cert", Meaning::Elsewhere(TLS)),
    ("", "key", Meaning::Elsewhere(TLS)),
    ("", "pass", Meaning::Elsewhere(TLS)),
    ("", "cacert", Meaning::Elsewhere(TLS)),
    ("", "capath", Meaning::Elsewhere(TLS)),
    ("x", "proxy", Meaning::Elsewhere(PROXY)),
    ("U", "proxy-user", Meaning::Elsewhere(PROXY)),
    ("", "resolve", Meaning::Elsewhere("`--resolve`: names are looked up as the system does")),
    ("", "retry", Meaning::Elsewhere("`--retry`: the input `_retry_attempts_` does that")),
    ("L", "location", Meaning::Flag),
    ("", "location-trusted", Meaning::Flag),
    ("", "compressed", Meaning::Flag),
    ("s", "silent", Meaning::Flag),
    ("S", "show-error", Meaning::Flag),
    ("v", "verbose", Meaning::Flag),
    ("i", "include", Meaning::Flag),
    ("", "show-headers", Meaning::Flag),
    ("f", "fail", Meaning::Flag),
    ("", "fail-with-body", Meaning::Flag),
    ("g", "globoff", Meaning::Flag),
    ("N", "no-buffer", Meaning::Flag),
    ("O", "remote-name", Meaning::Flag),
    ("J", "remote-header-name", Meaning::Flag),
    ("#", "progress-bar", Meaning::Flag),
    ("", "no-progress-meter", Meaning::Flag),
    ("0", "http1.0", Meaning::Flag),
    ("", "http1.1", Meaning::Flag),
    ("", "http2", Meaning::Flag),
    ("", "http3", Meaning::Flag),
    ("", "basic", Meaning::Flag),
    ("4", "ipv4", Meaning::Flag),
    ("6", "ipv6", Meaning::Flag),
    ("", "path-as-is", Meaning::Flag),
    ("", "tlsv1.2", Meaning::Flag),
    ("o", "output", Meaning::Value),
    ("D", "dump-header", Meaning::Value),
    ("w", "write-out", Meaning::Value),
    ("c", "cookie-jar", Meaning::Value),
    ("", "noproxy", Meaning::Elsewhere("`--noproxy`: the setting NO_PROXY does that")),
    ("", "limit-rate", Meaning::Value),
];

/// The option whose long name is `name`.
pub(crate) fn long(name: &str) -> Option<Meaning> {
    OPTIONS.iter().find(|it| it.1 == name).map(|it| it.2)
}

/// The option whose letter is `letter`.
pub(crate) fn short(letter: char) -> Option<Meaning> {
    OPTIONS.iter().find(|it| it.0.starts_with(letter)).map(|it| it.2)
}
