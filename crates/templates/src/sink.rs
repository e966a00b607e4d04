//! Where a rendered text goes, and what a value must not do there.

use minijinja::{AutoEscape, Environment, Error, Output, State, Value};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{TemplateError, data, error::Limit, guard, json, markdown};

/// RFC 3986 §2.3: everything but the unreserved characters.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a rendered text goes, which decides how values are escaped in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sink {
    /// Plain text: nothing is escaped.
    Text,
    /// HTML: `& < > " '` become entities.
    Html,
    /// A mail's subject or a header's value: the whole text is one line, control characters become spaces.
    Header,
    /// JSON: a value outside of quotes stands for itself (`{"total": {{ total }}}`), inside it is part of the text; the result is JSON or an error.
    Json,
    /// A URL: values are percent-encoded (RFC 3986 §2.1), so that each stays one component.
    Url,
    /// Slack's `mrkdwn`: `& < >` become entities, so that no value can ping a channel.
    Slack,
    /// Markdown: no value means anything in it; whoever reads the Markdown calls [`crate::shown`] on its texts.
    Markdown,
}

impl Sink {
    pub(crate) const ALL: [Self; 7] =
        [Self::Text, Self::Html, Self::Header, Self::Json, Self::Url, Self::Slack, Self::Markdown];

    pub(crate) fn add_to(self, environment: &mut Environment<'_>) {
        environment.set_auto_escape_callback(move |_| match self {
            Self::Text | Self::Header => AutoEscape::None,
            Self::Html => AutoEscape::Html,
            Self::Json | Self::Url | Self::Slack | Self::Markdown => {
                AutoEscape::Custom("sink".into())
            }
        });
        environment.set_formatter(move |out, state, value| self.write(out, state, value));
    }

    fn write(
        self,
        out: &mut Output<'_>,
        state: &mut State<'_, '_>,
        value: &Value,
    ) -> Result<(), Error> {
        let Some(text) = value.as_str() else {
            guard::weigh(state, value)?;
            return out.write_str(&self.escape(value)).map_err(Error::from);
        };
        guard::charge(state, text.len())?;
        if value.is_safe() || matches!(self, Self::Text | Self::Header) {
            out.write_str(text).map_err(Error::from)
        } else {
            out.write_str(&self.escape(value)).map_err(Error::from)
        }
    }

    /// The value as it may stand in a text for this sink.
    pub(crate) fn escape(self, value: &Value) -> String {
        match self {
            Self::Text | Self::Header => data::text(value),
            Self::Html => markup(&data::text(value), true),
            Self::Slack => markup(&data::text(value), false),
            Self::Url => component(&data::text(value)),
            Self::Markdown => markdown::hidden(&data::text(value)),
            Self::Json => format!("{0}{1}{0}", json::MARK, data::json(value)),
        }
    }

    /// What a text still needs when it is complete.
    pub(crate) fn finish(self, text: String, output_max: usize) -> Result<String, TemplateError> {
        match self {
            Self::Text | Self::Html | Self::Url | Self::Slack | Self::Markdown => Ok(text),
            Self::Header => Ok(one_line(&text)),
            Self::Json => {
                let woven = json::weave(&text).map_err(|what| TemplateError::NotJson { what })?;
                let fits = woven.len() <= output_max;
                if fits { Ok(woven) } else { Err(Limit::Output { max: output_max }.into()) }
            }
        }
    }
}

/// `& < >` as entities, and the quotation marks where `quotes`.
pub(crate) fn markup(text: &str, quotes: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' if quotes => escaped += "&quot;",
            '\'' if quotes => escaped += "&#39;",
            _ => escaped.push(it),
        }
    }
    escaped
}

/// `urlencode` for any sink.
pub(crate) fn component(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// A line break followed by a header's name would be a header of its own (RFC 5322 §2.2).
fn one_line(text: &str) -> String {
    let breaks = |it: char| it.is_control() || matches!(it, '\u{2028}' | '\u{2029}');
    text.replace("\r\n", " ").replace(breaks, " ")
}
