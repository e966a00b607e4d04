//! What the names of headers and query parameters mean here.

use http::HeaderName;

/// Headers that follow from the URL, the body and the connection (RFC 9110 §7.6.1, RFC 9112 §6).
pub(crate) fn is_ours(name: &HeaderName) -> bool {
    const OURS: [&str; 10] = [
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    OURS.contains(&name.as_str())
}

/// Whether a header or a query parameter of that name usually holds a credential.
pub(crate) fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 12] = [
        "accesskey",
        "apikey",
        "authorization",
        "cookie",
        "credential",
        "passwd",
        "password",
        "secret",
        "session",
        "signature",
        "subscriptionkey",
        "token",
    ];
    let name = name.to_ascii_lowercase().replace(['-', '_', '.'], "");
    PARTS.iter().any(|it| name.contains(it)) || ["auth", "key", "sig", "xauth"].contains(&&*name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_their_usual_names() {
        for name in [
            "Authorization",
            "Cookie",
            "X-Api-Key",
            "apikey",
            "Ocp-Apim-Subscription-Key",
            "X-Amz-Signature",
            "X-Amz-Credential",
            "access_token",
            "client.secret",
            "key",
            "sig",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["Idempotency-Key", "sort_key", "author", "signal", "page", "Accept"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
