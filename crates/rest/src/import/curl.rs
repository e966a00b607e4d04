//! A curl command line → the action and the inputs of a task (pure).

mod line;
mod options;
mod task;
mod words;

use serde_json::Value;

use self::line::Line;

/// What happens to credentials on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// Hints say what to do about them.
    LeftOut,
    Printed,
}

/// `action`, `inputs` and, where something is to be known, `hints`.
///
/// # Errors
/// A fragment that names the option, and no secret.
pub(crate) fn read(text: &str, secrets: Secrets) -> Result<Value, String> {
    let words = words::split(text.trim().trim_start_matches("$ "))?;
    let line = Line::read(words)?;
    task::from_line(line, secrets)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(text: &str, expected: &str) {
        assert_eq!(read(text, Secrets::LeftOut).unwrap_err(), expected, "{text}");
    }

    fn check(text: &str, action: &str, inputs: &Value) {
        let task = read(text, Secrets::LeftOut).unwrap();
        assert_eq!(task, json!({"action": action, "inputs": inputs}), "{text}");
    }

    #[test]
    fn names_the_option_that_cannot_be_read() {
        refused("", "the command line does not start with `curl`");
        refused("wget x", "the command line does not start with `curl`");
        refused("curl", "the command line has no URL");
        refused("curl 'x", "a quote is not closed");
        refused("curl x y", "the command line has several URLs: one call at a time");
        refused("curl x --next y", "`--next`: one call at a time");
        refused("curl x --frobnicate", "`--frobnicate` is not known here");
        refused("curl x -sZ", "`-Z` is not known here");
        refused("curl x -X", "`-X` has no value");
        refused("curl x -X PROPFIND", "`-X`: there is no action for the method `PROPFIND`");
        refused("curl x -m soon", "`-m` has no number that can be meant");
        refused("curl x -m 0", "`-m` has no number that can be meant");
        refused("curl x --max-redirs -1", "`--max-redirs` has no number that can be meant");
        refused("curl x -H nothing", "`-H` has no colon");
        refused("curl x -F nothing", "`-F` has no `name=value`");
        refused("curl ftp://x/", "the URL does not start with http:// or https://");
        refused("curl 'http://a b/'", "the URL: invalid international domain name");
        for (line, option) in [
            ("-d @f", "-d"),
            ("--data-urlencode a@f", "--data-urlencode"),
            ("--json @f", "--json"),
            ("-b jar.txt", "-b"),
            ("-H @f", "-H"),
        ] {
            let advice = "put its content in the command line";
            let expected = format!("`{option}` reads a file, which a task cannot: {advice}");
            refused(&format!("curl x {line}"), &expected);
        }
    }

    #[test]
    fn credentials_become_hints() {
        let line = "curl 'https://jane:s3cret@x/a?b=1&access_token=s3cret' -u jane:s3cret \
            -H 'Authorization: Bearer s3cret' -H 'X-Api-Key: s3cret' -b 'sid=s3cret' --oauth2-bearer s3cret -k";
        let task = read(line, Secrets::LeftOut).unwrap();
        assert!(!task.to_string().contains("s3cret"), "{task}");
        assert_eq!(task["inputs"], json!({"restUrl": "https://x/a?b=1"}));
        let hints: Vec<_> =
            task["hints"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        let left_out: Vec<_> =
            hints.iter().filter_map(|it| Some(it.split_once(" is left out")?.0)).collect();
        assert_eq!(
            left_out,
            [
                "the user in the URL",
                "the query parameter `access_token`",
                "the header `Cookie`",
                "the header `Authorization`",
                "the header `X-Api-Key`",
                "`-u`",
            ]
        );
        assert!(hints[0].starts_with("`-k`: certificates are always checked"), "{hints:?}");

        let printed = read("curl x -u a:b -b c=d", Secrets::Printed).unwrap();
        let auth = json!({"type": "basic", "username": "a", "password": "b"});
        assert_eq!(
            printed["inputs"],
            json!({"restUrl": "http://x", "requestHeaders": {"Cookie": "c=d"}, "auth": auth})
        );
    }

    #[test]
    fn options_that_belong_elsewhere_say_where() {
        for (option, expected) in [
            ("--cacert f", "certificates are `tls` of a connection"),
            ("-x http://p", "proxies are the settings HTTP_PROXY and HTTPS_PROXY"),
            ("--retry 3", "`--retry`: the input `_retry_attempts_` does that"),
            (
                "-d password=x",
                "`password` in the body looks like a secret, which no process should hold",
            ),
        ] {
            let task = read(&format!("curl x {option}"), Secrets::LeftOut).unwrap();
            assert_eq!(task["hints"], json!([expected]));
        }
    }

    #[test]
    fn reads_methods_headers_and_limits() {
        check("$ curl x.org", "GET", &json!({"restUrl": "http://x.org"}));
        check("curl -sSLI https://x/ -o f", "HEAD", &json!({"restUrl": "https://x/"}));
        check(
            "/usr/bin/curl -XDELETE --url https://x/",
            "DELETE",
            &json!({"restUrl": "https://x/"}),
        );
        check(
            "curl -G x -d a=1 --data-urlencode 'b=c d'",
            "GET",
            &json!({"restUrl": "http://x?a=1&b=c+d"}),
        );
        let headers = json!({"User-Agent": "me", "Referer": "http://r/", "X": ["1", "2"], "Y": ""});
        check(
            "curl x -A me -e http://r/ -HX:1 -H 'X: 2' -H 'Y;' -H 'Accept:' -H 'Host: y' --compressed",
            "GET",
            &json!({"restUrl": "http://x", "requestHeaders": headers}),
        );
        check(
            "curl x -m 2.5 --connect-timeout 1 --max-redirs 3",
            "GET",
            &json!({"restUrl": "http://x", "timeout": 2500, "connectTimeout": 1000, "maxRedirects": 3}),
        );
    }

    #[test]
    fn reads_bodies() {
        let check = |options: &str, content_type: &str, payload: Value| {
            let inputs = json!({"restUrl": "http://x", "contentType": content_type, "requestPayload": payload});
            let task = read(&format!("curl x {options}"), Secrets::LeftOut).unwrap();
            assert_eq!(task["inputs"]["requestHeaders"], Value::Null);
            assert_eq!(task["action"], "POST");
            assert_eq!(task["inputs"], inputs, "{options}");
        };
        let form = "application/x-www-form-urlencoded";
        check("-d a=1 -d b=2 -d b=3", form, json!({"a": "1", "b": ["2", "3"]}));
        check("-d 'a=b%20c'", form, json!("a=b%20c"));
        check("--data-raw @x", form, json!("@x"));
        check("--data-urlencode '=a b'", form, json!("a+b"));
        check(
            "-d '{\"a\": 1.50}' -H 'content-type: application/json'",
            "application/json",
            serde_json::from_str("{\"a\": 1.50}").unwrap(),
        );
        check("-d '{a}' -H 'content-type: application/json'", "application/json", json!("{a}"));
        check("--data-binary '<a/>' -H 'Content-Type: text/xml'", "text/xml", json!("<a/>"));
        check(
            "-F a=1 -F 'b=<x>;type=text/html' --form-string c=@d",
            "multipart/form-data",
            json!({"a": "1", "b": "file:x>", "c": "@d"}),
        );
    }

    #[test]
    fn json_brings_its_headers() {
        let headers = json!({"Accept": "application/json"});
        check(
            "curl x --json '{\"a\": [1]}' -X PUT",
            "PUT",
            &json!({"restUrl": "http://x", "requestHeaders": headers, "contentType": "application/json",
                "requestPayload": {"a": [1]}}),
        );
    }

    #[test]
    fn what_a_browser_copies_is_read() {
        let posix = "curl 'https://x/orders' \\\n  -H 'accept: */*' \\\n  -H 'content-type: application/json' \\\n  \
            --data-raw $'{\"note\":\"it\\'s \\u0021\"}' \\\n  --compressed";
        let cmd = "curl ^\"https://x/orders^\" ^\r\n  -H ^\"accept: */*^\" ^\r\n  \
            -H ^\"content-type: application/json^\" ^\r\n  \
            --data-raw ^\"^{^\\^\"note^\\^\":^\\^\"it's ^!^\\^\"^}^\" ^\r\n  --compressed";
        for line in [posix, cmd] {
            check(
                line,
                "POST",
                &json!({"restUrl": "https://x/orders", "requestHeaders": {"accept": "*/*"},
                    "contentType": "application/json", "requestPayload": {"note": "it's !"}}),
            );
        }
    }
}
