//! What a curl command line asks for → the task that does it.

use common::Object;
use http::{HeaderName, Method};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::{Secrets, line::Line};
use crate::{
    body::{self, Wanted},
    media::MediaType,
    names::{is_ours, is_secret},
};

/// The task.
///
/// # Errors
/// A method without an action, or an address that is none.
pub(crate) fn from_line(mut line: Line, secrets: Secrets) -> Result<Value, String> {
    let data = (!line.data.is_empty()).then(|| line.data.join("&"));
    let method = match (&line.method, &data) {
        (Some(method), _) => method.clone(),
        (None, _) if line.is_head => "HEAD".to_owned(),
        (None, Some(_)) if !line.is_get => "POST".to_owned(),
        (None, None) if !line.parts.is_empty() => "POST".to_owned(),
        (None, _) => "GET".to_owned(),
    };
    let has_action = Method::try_from(method.as_str())
        .is_ok_and(|it| it != Method::CONNECT && method.bytes().all(|it| it.is_ascii_uppercase()))
        && ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
            .contains(&&*method);
    if !has_action {
        return Err(format!("`-X`: there is no action for the method `{method}`"));
    }
    let mut inputs = Object::new();
    let (query, body) = if line.is_get { (data, None) } else { (None, data) };
    inputs.insert("restUrl".to_owned(), url(&mut line, query.as_deref(), secrets)?.into());
    add_headers(&mut line, &mut inputs, secrets);
    add_auth(&mut line, &mut inputs, secrets);
    add_body(&mut line, &mut inputs, body);
    let limits = [
        ("timeout", line.timeout.map(Value::from)),
        ("connectTimeout", line.connect_timeout.map(Value::from)),
        ("maxRedirects", line.max_redirects.map(Value::from)),
    ];
    for (name, limit) in limits {
        inputs.extend(limit.map(|it| (name.to_owned(), it)));
    }
    let mut task = json!({"action": method, "inputs": inputs});
    if !line.hints.is_empty() {
        task["hints"] = line.hints.into();
    }
    Ok(task)
}

/// The address, without credentials in it.
fn url(line: &mut Line, more: Option<&str>, secrets: Secrets) -> Result<String, String> {
    let mut text = line.url.clone();
    if let Some(more) = more {
        text += if text.contains('?') { "&" } else { "?" };
        text += more;
    }
    let mut url = Url::parse(&text).map_err(|error| format!("the URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("the URL does not start with http:// or https://".to_owned());
    }
    if secrets == Secrets::Printed {
        return Ok(text);
    }
    let mut told = false;
    if !url.username().is_empty() || url.password().is_some() {
        told = true;
        line.hint(&credentials("the user in the URL"));
        // Neither can fail: http and https URLs always have a host.
        let removed = url.set_username("").and_then(|()| url.set_password(None));
        debug_assert!(removed.is_ok());
    }
    let pairs = url.query().unwrap_or_default().split('&').map(str::to_owned).collect::<Vec<_>>();
    let (kept, secret): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|pair| {
        let name = form_urlencoded::parse(pair.as_bytes()).next();
        !name.is_some_and(|(name, _)| is_secret(&name))
    });
    for pair in &secret {
        told = true;
        let name = pair.split('=').next().unwrap_or_default();
        line.hint(&credentials(&format!("the query parameter `{name}`")));
    }
    if !secret.is_empty() {
        let kept = kept.join("&");
        url.set_query(Some(kept.as_str()).filter(|it| !it.is_empty()));
    }
    Ok(if told { url.into() } else { text })
}

fn add_headers(line: &mut Line, inputs: &mut Object, secrets: Secrets) {
    let mut headers = Object::new();
    if secrets == Secrets::Printed && !line.cookies.is_empty() {
        line.headers.push(("Cookie".to_owned(), line.cookies.join("; ")));
    } else if !line.cookies.is_empty() {
        line.hint(&credentials("the header `Cookie`"));
    }
    for (name, value) in std::mem::take(&mut line.headers) {
        let known = HeaderName::try_from(&name).ok();
        let is_own =
            known.as_ref().is_some_and(is_ours) || name.eq_ignore_ascii_case("accept-encoding");
        if is_own {
            continue;
        }
        if is_secret(&name) && secrets == Secrets::LeftOut {
            line.hint(&credentials(&format!("the header `{name}`")));
        } else if name.eq_ignore_ascii_case("content-type") {
            inputs.insert("contentType".to_owned(), value.into());
        } else {
            match headers.get_mut(&name) {
                Some(Value::Array(values)) => values.push(value.into()),
                Some(first) => *first = json!([first.take(), value]),
                None => {
                    headers.insert(name, value.into());
                }
            }
        }
    }
    if !headers.is_empty() {
        inputs.insert("requestHeaders".to_owned(), headers.into());
    }
}

fn add_auth(line: &mut Line, inputs: &mut Object, secrets: Secrets) {
    let auth = match (&line.user, &line.bearer) {
        (Some(user), _) => {
            let (username, password) = user.split_once(':').unwrap_or((user, ""));
            ("`-u`", json!({"type": "basic", "username": username, "password": password}))
        }
        (None, Some(token)) => ("`--oauth2-bearer`", json!({"type": "bearer", "token": token})),
        (None, None) => return,
    };
    match secrets {
        Secrets::Printed => {
            inputs.insert("auth".to_owned(), auth.1);
        }
        Secrets::LeftOut => line.hint(&credentials(auth.0)),
    }
}

fn add_body(line: &mut Line, inputs: &mut Object, data: Option<String>) {
    if !line.parts.is_empty() {
        let mut parts = Object::new();
        line.parts.iter().for_each(|(name, value)| insert(&mut parts, name, value));
        tell_of_secrets(line, &parts);
        inputs.insert("contentType".to_owned(), "multipart/form-data".into());
        inputs.insert("requestPayload".to_owned(), parts.into());
        return;
    }
    let Some(data) = data else {
        // It says what a body is, and there is none.
        inputs.shift_remove("contentType");
        return;
    };
    let given = inputs.get("contentType").and_then(Value::as_str).map(str::to_owned);
    let media = MediaType::parse(given.as_deref().unwrap_or("application/x-www-form-urlencoded"));
    let json: Option<Value> = media.is_json().then(|| serde_json::from_str(&data).ok()).flatten();
    let payload = if let Some(json) = json {
        json
    } else if media.is_form() {
        if given.is_none() {
            inputs.insert("contentType".to_owned(), media.essence.clone().into());
        }
        fields(&data).map_or(Value::String(data), Value::Object)
    } else {
        Value::String(data)
    };
    if let Some(members) = payload.as_object() {
        tell_of_secrets(line, members);
    }
    inputs.insert("requestPayload".to_owned(), payload);
}

/// The fields of a form, if sending them gives the same bytes.
fn fields(data: &str) -> Option<Object> {
    let mut fields = Object::new();
    for (name, value) in form_urlencoded::parse(data.as_bytes()) {
        insert(&mut fields, &name, &value);
    }
    let content_type = Some("application/x-www-form-urlencoded");
    let wanted = Wanted { content_type, ..Wanted::default() };
    let sent = body::encode(Value::Object(fields.clone()), &wanted).ok().flatten()?;
    (sent.content.bytes() == Some(data.as_bytes())).then_some(fields)
}

/// A name that comes again has a list of values.
fn insert(fields: &mut Object, name: &str, value: &str) {
    match fields.get_mut(name) {
        Some(Value::Array(values)) => values.push(value.into()),
        Some(first) => *first = json!([first.take(), value]),
        None => {
            fields.insert(name.to_owned(), value.into());
        }
    }
}

/// Members of the body are the task's own, which is said where they look like credentials.
fn tell_of_secrets(line: &mut Line, members: &Object) {
    for name in members.keys().filter(|it| is_secret(it)) {
        line.hint(&format!(
            "`{name}` in the body looks like a secret, which no process should hold"
        ));
    }
}

fn credentials(what: &str) -> String {
    format!(
        "{what} is left out: credentials belong in a connection, which the input `connection` names"
    )
}
