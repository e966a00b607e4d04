//! `auth` of the type `oauth2`: which token a task wants.

use common::Object;
use outbound::{Assertion, ClientAuth, Grant, TokenRequest};
use serde_json::Value;
use url::Url;

use crate::{
    auth::{given, required},
    input::text,
};

/// The form fields that have members of their own.
const OWN_PARAMETERS: [&str; 10] = [
    "assertion",
    "audience",
    "client_id",
    "client_secret",
    "grant_type",
    "password",
    "refresh_token",
    "resource",
    "scope",
    "username",
];

/// The request for a token that the members describe.
///
/// # Errors
/// The text names the member and quotes no secret.
pub(crate) fn token_request(members: &Object) -> Result<TokenRequest, String> {
    let text = |name| Ok::<_, String>(given(members, name)?.unwrap_or_default());
    let grant = grant(members)?;
    let client_id = match grant {
        Grant::JwtBearer(_) => text("clientId")?,
        Grant::ClientCredentials | Grant::Password { .. } | Grant::RefreshToken { .. } => {
            required(members, "oauth2", "clientId")?
        }
    };
    let client_secret = match grant {
        Grant::ClientCredentials => required(members, "oauth2", "clientSecret")?,
        Grant::Password { .. } | Grant::RefreshToken { .. } | Grant::JwtBearer(_) => {
            text("clientSecret")?
        }
    };
    let client_auth = match given(members, "clientAuth")?.as_deref() {
        None | Some("basic") => ClientAuth::Basic,
        Some("body") => ClientAuth::Body,
        Some(other) => {
            return Err(format!("`clientAuth`: `{other}` is neither `basic` nor `body`"));
        }
    };
    Ok(TokenRequest {
        token_url: token_url(&required(members, "oauth2", "tokenUrl")?)?,
        grant,
        client_id,
        client_secret,
        client_auth,
        scope: match members.get("scope") {
            Some(Value::Array(scopes)) => {
                scopes.iter().cloned().map(self::text).collect::<Vec<_>>().join(" ")
            }
            _ => text("scope")?.trim().to_owned(),
        },
        audience: text("audience")?,
        resource: text("resource")?,
        parameters: parameters(members.get("parameters"))?,
    })
}

fn grant(members: &Object) -> Result<Grant, String> {
    let required = |name| required(members, "this grant", name);
    match given(members, "grantType")?.as_deref() {
        None | Some("client_credentials") => Ok(Grant::ClientCredentials),
        Some("password") => {
            Ok(Grant::Password { username: required("username")?, password: required("password")? })
        }
        Some("refresh_token") => {
            Ok(Grant::RefreshToken { refresh_token: required("refreshToken")? })
        }
        Some("jwt_bearer" | "urn:ietf:params:oauth:grant-type:jwt-bearer") => {
            let issuer = match given(members, "issuer")? {
                Some(issuer) => issuer,
                None => given(members, "clientId")?.ok_or("this grant needs `issuer`")?,
            };
            let password = given(members, "keyPassword")?;
            let key = required("privateKey")?;
            let mut assertion = Assertion::new(issuer, &key, password.as_deref())
                .map_err(|(member, text)| format!("`{member}` {text}"))?;
            // Every assertion has a subject (RFC 7523 §3), except that Google wants none for the account itself.
            assertion.subject = match members.get("subject").and_then(Value::as_str) {
                Some("") => None,
                _ => Some(given(members, "subject")?.unwrap_or(assertion.issuer.clone())),
            };
            assertion.key_id = given(members, "keyId")?;
            Ok(Grant::JwtBearer(assertion))
        }
        Some(other) => Err(format!(
            "`grantType`: `{other}` is none of `client_credentials`, `password`, `refresh_token` and `jwt_bearer`"
        )),
    }
}

/// The address is checked by the client like any other; here, that it is one.
fn token_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("`tokenUrl`: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("`tokenUrl` does not start with http:// or https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "`tokenUrl` has credentials in it, which belong in `clientId` and `clientSecret`"
                .to_owned(),
        );
    }
    Ok(url)
}

fn parameters(value: Option<&Value>) -> Result<Vec<(String, String)>, String> {
    let members = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err("`parameters` is no object".to_owned()),
    };
    let mut parameters = Vec::new();
    for (name, value) in members {
        if OWN_PARAMETERS.contains(&name.as_str()) {
            return Err(format!("`parameters`: `{name}` has a member of its own in `auth`"));
        }
        let values = crate::input::values(value.clone());
        parameters.extend(values.into_iter().map(|value| (name.clone(), value)));
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(members: &Value) -> Result<TokenRequest, String> {
        let mut all = json!({"tokenUrl": "https://as.test/t", "clientId": "id",
            "clientSecret": "s3cret"});
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        token_request(all.as_object().unwrap())
    }

    #[test]
    fn r17_what_is_missing_or_wrong_names_its_member() {
        let refused = |members: Value, expected: &str| {
            assert_eq!(read(&members).unwrap_err(), expected, "{members}");
        };
        refused(json!({"tokenUrl": null}), "oauth2 needs `tokenUrl`");
        refused(json!({"tokenUrl": "x"}), "`tokenUrl`: relative URL without a base");
        refused(
            json!({"tokenUrl": "mailto:s3cret"}),
            "`tokenUrl` does not start with http:// or https://",
        );
        refused(
            json!({"tokenUrl": "https://a:s3cret@x/"}),
            "`tokenUrl` has credentials in it, which belong in `clientId` and `clientSecret`",
        );
        refused(json!({"clientId": ""}), "oauth2 needs `clientId`");
        refused(json!({"clientSecret": ""}), "oauth2 needs `clientSecret`");
        refused(json!({"clientSecret": ["s3cret"]}), "`clientSecret` is no text");
        refused(
            json!({"clientAuth": "header"}),
            "`clientAuth`: `header` is neither `basic` nor `body`",
        );
        refused(
            json!({"grantType": "code"}),
            "`grantType`: `code` is none of `client_credentials`, `password`, `refresh_token` and `jwt_bearer`",
        );
        refused(json!({"grantType": "password"}), "this grant needs `username`");
        refused(
            json!({"grantType": "password", "username": "jane"}),
            "this grant needs `password`",
        );
        refused(json!({"grantType": "refresh_token"}), "this grant needs `refreshToken`");
        refused(json!({"grantType": "jwt_bearer"}), "this grant needs `privateKey`");
        refused(json!({"grantType": "jwt_bearer", "clientId": null}), "this grant needs `issuer`");
        refused(
            json!({"grantType": "jwt_bearer", "privateKey": "s3cret"}),
            "`privateKey` has no PEM private key in it (PKCS#8, PKCS#1 or SEC 1)",
        );
        refused(json!({"parameters": "a=b"}), "`parameters` is no object");
        refused(
            json!({"parameters": {"client_secret": "s3cret"}}),
            "`parameters`: `client_secret` has a member of its own in `auth`",
        );
    }

    #[test]
    fn the_members_become_a_request_for_a_token() {
        let request = read(&json!({"scope": ["a", "b"], "audience": "x", "resource": "y",
            "parameters": {"p": ["1", 2], "q": null}, "clientAuth": "body"}))
        .unwrap();
        assert_eq!(
            format!("{request:?}"),
            "TokenRequest(ClientCredentials from https://as.test/t)"
        );
        assert_eq!((request.client_id.as_str(), request.client_secret.as_str()), ("id", "s3cret"));
        assert_eq!((request.scope.as_str(), request.audience.as_str()), ("a b", "x"));
        assert_eq!((request.resource.as_str(), request.client_auth), ("y", ClientAuth::Body));
        let pairs = [("p", "1"), ("p", "2")].map(|(name, it)| (name.to_owned(), it.to_owned()));
        assert_eq!(request.parameters, pairs);
        assert_eq!(read(&json!({})).unwrap().client_auth, ClientAuth::Basic);
    }

    #[test]
    fn an_assertion_is_about_its_issuer_unless_told_otherwise() {
        let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let check = |members: Value, issuer: &str, subject: Option<&str>| {
            let mut all = json!({"grantType": "jwt_bearer", "privateKey": key, "keyId": "k"});
            all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            let Grant::JwtBearer(assertion) = read(&all).unwrap().grant else {
                panic!("{members}")
            };
            let found = (assertion.issuer.as_str(), assertion.subject.as_deref());
            assert_eq!(found, (issuer, subject), "{members}");
            assert_eq!(assertion.key_id.as_deref(), Some("k"));
        };
        check(json!({}), "id", Some("id"));
        check(json!({"issuer": "me", "clientId": null}), "me", Some("me"));
        check(json!({"issuer": "me", "subject": "jane"}), "me", Some("jane"));
        check(json!({"issuer": "me", "subject": ""}), "me", None);
    }
}
