use serde_json::Value;

use super::{
    Entry, Typed, bundle,
    decode::{self, DecodeError},
    has_expression, neutralise, number,
};

/// Read with and without a tree, the same comes out.
fn decode(entry: &Value) -> Result<Value, DecodeError> {
    let decoded = decode::decode(entry);
    if let Some(read) = read(entry) {
        assert_eq!(decoded, read.decode(), "{entry}");
    }
    decoded
}

fn is_as_sent(entry: &Value) -> bool {
    let is_as_sent = decode::is_as_sent(entry);
    assert_eq!(read(entry).map(|it| it.is_as_sent()), Some(is_as_sent), "{entry}");
    is_as_sent
}

/// None where nobody could read it from a message, as it is nested too deep.
fn read(entry: &Value) -> Option<Entry> {
    let text = entry.to_string();
    serde_json::from_str::<Value>(&text).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

mod decoding {
    use serde_json::{Value, json};

    use super::{decode, is_as_sent, parsed};

    #[test]
    fn an_unreadable_value_is_an_error_that_names_the_type_but_not_the_value() {
        let check = |entry: Value, expected: &str| {
            let error = decode(&entry).unwrap_err().to_string();
            assert_eq!(error, expected, "{entry}");
        };
        let unreadable = |wire_type: &str, value: &str| json!({"type": wire_type, "value": value});
        for integer in ["byte", "short", "integer", "long", "float", "double", "bigdecimal"] {
            for value in ["secret", "1,5", "0xSECRET", "1e", "e5", ".", "--1", "1.5.2", "²"] {
                check(
                    unreadable(integer, value),
                    &format!("not readable as `{integer}`: no number"),
                );
            }
        }
        for value in [json!(true), json!([1]), json!({"a": 1})] {
            let entry = json!({"type": "long", "value": value});
            check(entry, "not readable as `long`: no number");
        }
        for value in [json!("maybe"), json!(2), json!([]), json!({})] {
            let entry = json!({"type": "boolean", "value": value});
            check(entry, "not readable as `boolean`: neither true nor false");
        }
        check(unreadable("json", "{oops"), "not readable as `json`: no JSON at line 1 column 2");
        check(unreadable("map", r#"{"a":1"#), "not readable as `map`: no JSON at line 1 column 6");
        check(unreadable("list", "secret"), "not readable as `list`: no JSON at line 1 column 1");
        check(unreadable("set", "[1] secret"), "not readable as `set`: no JSON at line 1 column 5");
        check(
            unreadable("object", "secret"),
            "not readable as `object`: no JSON at line 1 column 1",
        );
        check(
            unreadable("json", r#"{"$serde_json::private::Number": 5}"#),
            "not readable as `json`: no JSON at line 1 column 34",
        );
        check(
            unreadable("java.util.HashMap", "secret"),
            "not readable as `map`: no JSON at line 1 column 1",
        );
    }

    #[test]
    fn every_wire_type_is_read() {
        check_values(&[
            ("string", r#""Grüße 🚀""#, r#""Grüße 🚀""#),
            ("string", r#""""#, r#""""#),
            ("string", r#""null""#, r#""null""#),
            ("string", r#"" 42 ""#, r#"" 42 ""#),
            ("string", "null", "null"),
            ("string", "42", r#""42""#),
            ("string", "true", r#""true""#),
            ("string", r#"{"a":1}"#, r#"{"a":1}"#),
            ("character", r#""x""#, r#""x""#),
            ("character", r#""ß""#, r#""ß""#),
            ("date", r#""2026-11-21T07:08:09.010Z""#, r#""2026-11-21T07:08:09.010Z""#),
            ("localdate", r#""2026-11-21""#, r#""2026-11-21""#),
            ("localdatetime", r#""2026-11-21T07:08:09.01""#, r#""2026-11-21T07:08:09.01""#),
            ("boolean", r#""true""#, "true"),
            ("boolean", "true", "true"),
            ("boolean", r#"" ON ""#, "true"),
            ("boolean", r#""Yes""#, "true"),
            ("boolean", r#""1""#, "true"),
            ("boolean", "1", "true"),
            ("boolean", r#""off""#, "false"),
            ("boolean", r#""no""#, "false"),
            ("boolean", "0", "false"),
            ("boolean", "null", "null"),
            ("boolean", r#""""#, "null"),
            ("json", r#""{\"a\":1.50,\"b\":null}""#, r#"{"a":1.50,"b":null}"#),
            ("json", r#""\"just text\"""#, r#""just text""#),
            ("json", r#""5""#, "5"),
            ("json", r#""null""#, "null"),
            ("json", r#""""#, "null"),
            ("json", r#""\"\\uD83D\\uDE80\"""#, r#""🚀""#),
            ("json", r#"{"a":1}"#, r#"{"a":1}"#),
            (
                "map",
                r#""{\"amount\":\"10.50\",\"price\":10.50}""#,
                r#"{"amount":"10.50","price":10.50}"#,
            ),
            ("map", r#"{"type":"order","value":1}"#, r#"{"type":"order","value":1}"#),
            ("list", r#""[1,null,\"x\"]""#, r#"[1,null,"x"]"#),
            ("list", "[1]", "[1]"),
            ("set", r#""[\"a\"]""#, r#"["a"]"#),
            ("object", r#""{\"object\":{\"name\":\"x\"}}""#, r#"{"name":"x"}"#),
            ("object", r#""{\"object\":\"s\"}""#, r#""s""#),
            ("object", r#""{\"object\":null}""#, "null"),
            (
                "object",
                r#""{\"object\":{\"@class\":\"a.B\",\"n\":1}}""#,
                r#"{"@class":"a.B","n":1}"#,
            ),
            ("object", r#""{\"name\":\"x\"}""#, r#"{"name":"x"}"#),
            ("object", r#""{\"object\":1,\"name\":\"x\"}""#, r#"{"object":1,"name":"x"}"#),
            ("object", r#"{"object":[1]}"#, "[1]"),
        ]);
    }

    #[test]
    fn numbers_are_read_in_every_spelling_of_java_and_keep_their_digits() {
        let check = |wire_type: &str, text: &str, expected: &str| {
            let decoded = decode(&json!({"type": wire_type, "value": text})).unwrap();
            assert_eq!(decoded.to_string(), expected, "{wire_type} {text:?}");
        };
        for wire_type in ["byte", "short", "integer", "long", "bigdecimal"] {
            check(wire_type, "42", "42");
            check(wire_type, "-1", "-1");
            check(wire_type, " 4 2 ", "42");
            check(wire_type, "+7", "7");
            check(wire_type, "007", "7");
            check(wire_type, "0x1F", "31");
            check(wire_type, "0X1f", "31");
            check(wire_type, "#1F", "31");
            check(wire_type, "-0x1F", "-31");
            check(wire_type, "", "null");
            check(wire_type, "  ", "null");
        }
        check("integer", "2147483648", "2147483648");
        check("long", "9007199254740993", "9007199254740993");
        check("bigdecimal", "10.00", "10.00");
        check("bigdecimal", "-0.10", "-0.10");
        check("bigdecimal", "1E+3", "1e+3");
        check("bigdecimal", "1E-10", "1e-10");
        check("bigdecimal", ".5", "0.5");
        check("bigdecimal", "-.5", "-0.5");
        check("bigdecimal", "1.", "1");
        check("bigdecimal", "00.50", "0.50");
        check("bigdecimal", "+1.5E3", "1.5e+3");
        check("bigdecimal", ".5e3", "0.5e+3");
        check("bigdecimal", "1.e3", "1e+3");
        check("bigdecimal", "12345678901234567890.123456789", "12345678901234567890.123456789");
        check("double", "3.0", "3.0");
        check("double", "1.0E10", "1.0e+10");
        check("double", "NaN", r#""NaN""#);
        check("double", "Infinity", r#""Infinity""#);
        check("float", "-Infinity", r#""-Infinity""#);
        check("float", "1.1", "1.1");
    }

    #[test]
    fn types_are_known_by_their_java_class_and_in_any_case() {
        check_values(&[
            ("java.util.Map", r#""{\"a\":1}""#, r#"{"a":1}"#),
            ("java.util.LinkedHashMap", r#""{\"a\":1}""#, r#"{"a":1}"#),
            ("java.util.ImmutableCollections$MapN", r#""{}""#, "{}"),
            ("java.util.ArrayList", r#""[1]""#, "[1]"),
            ("java.util.Arrays$ArrayList", r#""[1]""#, "[1]"),
            ("java.util.Collection", r#""[1]""#, "[1]"),
            ("java.util.TreeSet", r#""[1]""#, "[1]"),
            ("java.lang.Integer", r#"" 42""#, "42"),
            ("java.lang.Boolean", r#""yes""#, "true"),
            ("java.lang.String", r#""42""#, r#""42""#),
            ("java.lang.Object", r#""{\"object\":1}""#, "1"),
            ("java.math.BigDecimal", r#""10.00""#, "10.00"),
            ("java.math.BigInteger", r#""0xFF""#, "255"),
            ("java.util.Date", r#""2026-11-21T07:08:09Z""#, r#""2026-11-21T07:08:09Z""#),
            ("java.time.LocalDate", r#""2026-11-21""#, r#""2026-11-21""#),
            ("com.fasterxml.jackson.databind.node.ObjectNode", r#""{\"a\":1}""#, r#"{"a":1}"#),
            ("String", r#""42""#, r#""42""#),
            ("Integer", r#""42""#, "42"),
            ("BOOLEAN", r#""on""#, "true"),
        ]);
    }

    #[test]
    fn a_value_of_an_unknown_type_is_json_if_it_is_json_and_text_otherwise() {
        check_values(&[
            ("array", r#""{\"object\":[1,2]}""#, "[1,2]"),
            ("file", r#""{\"id\":1}""#, r#"{"id":1}"#),
            ("file", r#""abc""#, r#""abc""#),
            ("datetime", r#""2026-11-21T07:08:09Z""#, r#""2026-11-21T07:08:09Z""#),
            (
                "java.util.UUID",
                r#""00000000-0000-0001-0000-000000000002""#,
                r#""00000000-0000-0001-0000-000000000002""#,
            ),
            ("", r#""""#, r#""""#),
            ("counter", "5", "5"),
            ("flag", "true", "true"),
            ("whatever", "null", "null"),
        ]);
    }

    #[test]
    fn plain_json_of_old_bundles_is_taken_as_it_is() {
        for plain in [
            json!(null),
            json!("plain"),
            json!(5_000_000_000_i64),
            json!(1.25),
            json!(true),
            json!([1, "a"]),
            json!({"a": 1, "b": null}),
            json!({"type": "order"}),
            json!({"value": 1}),
            json!({"type": "order", "value": {"x": 1}}),
            json!({"type": "order", "value": 1, "more": 2}),
            json!({"type": 1, "value": 2}),
            json!({"type": null, "value": "x"}),
        ] {
            assert_eq!(decode(&plain), Ok(plain));
        }
    }

    #[test]
    fn members_that_a_typed_entry_may_get_one_day_are_ignored() {
        let entry = json!({"type": "integer", "value": "42", "ephemeral": true});
        assert_eq!(decode(&entry), Ok(json!(42)));
    }

    #[test]
    fn only_what_a_bundle_writes_itself_may_be_echoed() {
        for entry in [
            json!({"type": "integer", "value": 42}),
            json!({"type": "integer", "value": null}),
            json!({"type": null, "value": "x"}),
            json!({"type": "json", "value": {"a": 1}}),
            json!({"type": "order", "value": {"x": 1}}),
            json!({"type": "file", "value": "abc"}),
            json!({"type": "String", "value": "abc"}),
        ] {
            assert!(!is_as_sent(&entry), "{entry}");
        }
        for entry in [
            json!(null),
            json!("plain"),
            json!({"type": "order"}),
            json!({"value": 1}),
            json!({"type": "integer", "value": "42"}),
        ] {
            assert!(is_as_sent(&entry), "{entry}");
        }
    }

    /// Type, value and expected value, the latter two as JSON.
    fn check_values(cases: &[(&str, &str, &str)]) {
        for (wire_type, value, expected) in cases {
            let entry = json!({"type": wire_type, "value": parsed(value)});
            assert_eq!(decode(&entry), Ok(parsed(expected)), "{entry}");
        }
    }
}

mod encoding {
    use serde_json::{Value, json};

    use super::{bundle, encode, has_expression, neutralise, parsed};

    #[test]
    fn what_the_bundle_cannot_hold_is_sent_as_text() {
        let digits = |n: usize| "9".repeat(n);
        let check = |number: &str, wire_type: &str| {
            let value = parsed(number);
            let Value::Number(number) = &value else { panic!("{value} is a number") };
            let expected = json!({"type": wire_type, "value": number.as_str()});
            assert_eq!(encode(&value, None), expected);
            assert_eq!(encode(&value, Some("integer")), expected);
            let nested = json!([{ "a": value }]);
            let entry = encode(&nested, None);
            let expected =
                if wire_type == "string" { json!([{ "a": number.as_str() }]) } else { nested };
            assert_eq!(entry["type"], "list");
            assert_eq!(parsed(entry["value"].as_str().unwrap()), expected);
        };
        check("1e400", "string");
        check("-1e400", "string");
        check("1e-400", "string");
        check("1e999999999999", "string");
        check("0e999999999999", "string");
        check("0.00e-999999999999", "string");
        check("1e308", "double");
        check(&digits(1000), "bigdecimal");
        check(&digits(1001), "string");
        check(&format!("0.{}", digits(998)), "bigdecimal");
        check(&format!("0.{}", digits(999)), "string");
        check(&format!("{}.5", digits(400)), "string");
    }

    #[test]
    fn a_value_that_is_nested_too_deep_is_sent_as_its_json_text_without_expressions() {
        let nest = |inner: Value, depth| (0..depth).fold(inner, |value, _| json!([value]));
        assert_eq!(encode(&nest(json!(1), 127), None)["type"], "list");
        assert_eq!(encode(&nest(json!(1), 128), None)["type"], "string");

        // Neither text is an expression, but one after the other they would look like one.
        let value = nest(json!(["${", "}"]), 127);
        let (neutral, changed) = neutralise(value.clone());
        assert!(!changed);
        let entry = encode(&neutral, None);
        assert_eq!(entry["type"], "string");
        assert!(!has_expression(&entry), "{entry}");
    }

    #[test]
    fn a_member_name_that_the_bundle_cannot_read_turns_the_value_into_text() {
        let of = |length: usize| encode(&json!([{ "n".repeat(length): 1 }]), None);
        assert_eq!(of(50_000)["type"], "list");
        assert_eq!(of(50_001)["type"], "string");
    }

    #[test]
    fn every_value_gets_the_type_that_a_modeler_expects() {
        check(&[
            ("null", "", "null", ""),
            ("true", "", "boolean", "true"),
            ("false", "", "boolean", "false"),
            ("0", "", "integer", "0"),
            ("-0", "", "integer", "-0"),
            ("2147483647", "", "integer", "2147483647"),
            ("-2147483648", "", "integer", "-2147483648"),
            ("2147483648", "", "long", "2147483648"),
            ("-9223372036854775808", "", "long", "-9223372036854775808"),
            ("9223372036854775808", "", "bigdecimal", "9223372036854775808"),
            ("1.5", "", "double", "1.5"),
            ("3.0", "", "double", "3.0"),
            ("-0.0", "", "double", "-0.0"),
            ("0.1", "", "double", "0.1"),
            ("1.5e3", "", "double", "1.5e+3"),
            ("1e23", "", "double", "1e+23"),
            ("5e-324", "", "double", "5e-324"),
            ("0.30000000000000004", "", "double", "0.30000000000000004"),
            ("0.1000000000000000055", "", "bigdecimal", "0.1000000000000000055"),
            ("12345678901234567.89", "", "bigdecimal", "12345678901234567.89"),
            ("19.90", "", "bigdecimal", "19.90"),
            ("0.00", "", "bigdecimal", "0.00"),
            ("19.9", "bigdecimal", "bigdecimal", "19.9"),
            ("10", "bigdecimal", "bigdecimal", "10"),
            ("10", "integer", "integer", "10"),
            (r#""""#, "", "string", ""),
            (r#""null""#, "", "string", "null"),
            (r#""42""#, "integer", "string", "42"),
            (r#""2026-11-21""#, "", "string", "2026-11-21"),
            (r#""2026-11-21""#, "string", "string", "2026-11-21"),
            ("{}", "", "json", "{}"),
            (
                r#"{"a":[1.50,null],"type":"x","value":1}"#,
                "file",
                "json",
                r#"{"a":[1.50,null],"type":"x","value":1}"#,
            ),
            ("[]", "array", "list", "[]"),
            (r#"[1,null,{"a":"ü"}]"#, "json", "list", r#"[1,null,{"a":"ü"}]"#),
        ]);
    }

    #[test]
    fn declared_dates_go_out_in_the_one_portable_form_and_other_texts_stay_texts() {
        for declared in ["date", "datetime"] {
            for (text, instant) in [
                ("2026-11-21T07:08:09Z", "2026-11-21T07:08:09.000Z"),
                ("2026-11-21T07:08:09.01Z", "2026-11-21T07:08:09.010Z"),
                ("2026-11-21T07:08:09.987654321Z", "2026-11-21T07:08:09.987Z"),
                ("2026-11-21T01:08:09+02:00", "2026-11-20T23:08:09.000Z"),
                ("2026-11-21T07:08:09+0200", "2026-11-21T05:08:09.000Z"),
                ("2026-11-21T07:08:09-05:30", "2026-11-21T12:38:09.000Z"),
                ("2026-11-21T07:08:09", "2026-11-21T07:08:09.000Z"),
                ("2026-11-21T07:08", "2026-11-21T07:08:00.000Z"),
                ("2026-11-21", "2026-11-21T00:00:00.000Z"),
                ("0001-01-01", "0001-01-01T00:00:00.000Z"),
            ] {
                check(&[(&json!(text).to_string(), declared, "date", instant)]);
            }
            for text in [
                "",
                "tomorrow",
                "2026-02-30",
                "2026-13-01T00:00:00Z",
                "2026-11-21T25:00:00Z",
                "21.11.2026",
                "1795262467000",
                "0001-01-01T00:00:00+01:00",
                "9999-12-31T23:59:59-01:00",
                "0000-01-01",
                "2026-11-21T07:08:09Z ",
            ] {
                check(&[(&json!(text).to_string(), declared, "string", text)]);
            }
        }
    }

    /// Value as JSON, declared type, wire type, text.
    fn check(cases: &[(&str, &str, &str, &str)]) {
        for (value, declared, wire_type, text) in cases {
            let declared = Some(*declared).filter(|declared| !declared.is_empty());
            let expected = match *wire_type {
                "null" => Value::Null,
                wire_type => json!({"type": wire_type, "value": text}),
            };
            let entry = encode(&parsed(value), declared);
            assert_eq!(entry, expected, "{value} declared as {declared:?}");
            assert!(bundle::accept(&entry).is_ok(), "{entry}");
        }
    }
}

mod neutralising {
    use serde_json::{Value, json};

    use super::{has_expression, neutralise, parsed};

    #[test]
    fn expressions_are_neutralised_wherever_a_text_is() {
        check(&json!("${}"), &json!(r"$\{}"));
        check(&json!("x ${y} z"), &json!(r"x $\{y} z"));
        check(&json!("$${y}"), &json!(r"$$\{y}"));
        check(&json!("${a${b}"), &json!(r"$\{a$\{b}"));
        check(&json!("${a} ${b"), &json!(r"$\{a} ${b"));
        check(&json!("${a\n}"), &json!("$\\{a\n}"));
        check(
            &json!({"a": ["${x}", {"b": "ü${y}"}, 1, null]}),
            &json!({"a": [r"$\{x}", {"b": r"ü$\{y}"}, 1, null]}),
        );
    }

    #[test]
    fn what_the_bundle_takes_stays_as_it_is() {
        for value in [
            json!("#{y}"),
            json!("${y"),
            json!("} ${"),
            json!("$ {y}"),
            json!("cost $5 {x}"),
            json!(r"$\{y}"),
            json!({"${k}": 1}),
            json!(["${", "}"]),
            json!([null, true, 1.5]),
        ] {
            assert!(!has_expression(&value), "{value}");
            assert_eq!(neutralise(value.clone()), (value, false));
        }
    }

    #[test]
    fn a_text_that_is_a_json_document_stays_one() {
        for (document, inner) in [
            (r#"{"t":"x ${y} z"}"#, json!({"t": r"x $\{y} z"})),
            (r#" [ "${a}", "\\${b}" ] "#, json!([r"$\{a}", r"\$\{b}"])),
        ] {
            let (neutral, changed) = neutralise(json!(document));
            assert!(changed);
            assert_eq!(parsed(neutral.as_str().unwrap()), inner);
            assert_eq!(neutralise(parsed(document)).0, inner);
        }
        check(&json!("{ ${y} }"), &json!(r"{ $\{y} }"));
    }

    fn check(value: &Value, expected: &Value) {
        assert!(has_expression(value), "{value}");
        assert_eq!(neutralise(value.clone()), (expected.clone(), true));
        assert_eq!(neutralise(expected.clone()), (expected.clone(), false));
    }
}

mod captured {
    use std::path::{Path, PathBuf};

    use serde_json::{Map, Value, json};

    use super::{bundle, decode, encode, neutralise, parsed};

    #[test]
    fn the_model_of_the_bundle_agrees_with_every_case_seen_on_a_real_one() {
        let file = sample("result-variable-cases.json");
        let cases = file["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 84);
        for case in cases {
            let accepted = bundle::accept(&case["outBoundVariable"]);
            assert_eq!(accepted.is_ok(), case["accepted"] == true, "{case}: {accepted:?}");
            if let Ok(java) = accepted {
                assert_eq!(java.class(), case["javaClass"].as_str(), "{case}");
                assert_eq!(java.text().as_deref(), case["javaToString"].as_str(), "{case}");
            }
        }
    }

    #[test]
    fn what_the_bundle_understood_is_understood_by_us() {
        for case in sample("result-variable-cases.json")["cases"].as_array().unwrap() {
            let understood = bundle::accept(&case["outBoundVariable"]);
            if understood.is_ok() {
                assert!(decode(&case["outBoundVariable"]).is_ok(), "{case}");
            }
        }
    }

    #[test]
    fn every_variable_of_every_captured_message_is_read() {
        let mut n_read = 0;
        for path in samples() {
            let context = &read(&path)["body"]["integrationContext"];
            for variables in ["inBoundVariables", "outBoundVariables"] {
                for (name, entry) in context[variables].as_object().into_iter().flatten() {
                    assert!(decode(entry).is_ok(), "{}: {name}", path.display());
                    n_read += 1;
                }
            }
        }
        assert!(n_read > 100, "only {n_read} variables in the samples");
    }

    #[test]
    fn java_types_are_read_as_sent() {
        let context = &sample("request-all-java-types.json")["body"]["integrationContext"];
        let mut decoded = decoded(&context["inBoundVariables"]);
        let long = decoded.remove("vLong4k").unwrap();
        assert_eq!(long, json!("x".repeat(5000)));
        check(
            decoded,
            r#"{
                "a-b.c d": "odd name", "vBig": 10.00, "vBigE": 1E+3, "vBigTiny": 1E-10, "vBool": true, "vByte": 7,
                "vDate": "2026-11-21T07:08:09.010Z", "vDateNoFrac": "2026-11-21T07:08:00Z",
                "vDollar": "costs $5 {x}", "vDouble": 1.0E10, "vDouble2": 3.0, "vEmpty": "", "vExpr": "see ${secret}",
                "vFloat": 1.1, "vInt": 2147483647, "vJsonArr": [1, null, "x"],
                "vJsonObj": {"a": 1.5, "b": null, "c": "ü", "d": 12345678901234567890}, "vJsonText": "just text",
                "vLdt": "2026-11-21T07:08:09.01", "vLdt0": "2026-11-21T07:08:00", "vList": ["a", null, {"k": 1}],
                "vLocalDate": "2026-11-21", "vLong": 9007199254740993, "vMap": {"a": 1, "m": {"x": [1, 2]}},
                "vPojo": {"name": "pojo", "n": 7}, "vSet": ["a", "b"], "vShort": 7, "vStr": "a", "vTextNull": "null"
            }"#,
        );
    }

    #[test]
    fn modeled_types_are_read_as_sent() {
        let file = "request-all-model-types";
        let from_capture = sample(&format!("{file}.json"))["body"].clone();
        let from_wire = read(&folder().join(format!("{file}.raw")));
        for request in [from_capture, from_wire] {
            check(
                decoded(&request["integrationContext"]["inBoundVariables"]),
                r#"{
                    "_const_": "constant text", "in_aList": ["a", 1, true, null, {"k": "v"}, 1.5], "in_bFlag": true,
                    "in_bdAmount": 1999.90, "in_coContent": {"id": "co1"}, "in_dDate": "2026-11-21T00:00:00Z",
                    "in_dtTime": "2026-11-21T07:08:09Z", "in_fFile": {"id": "c0ffee", "name": "report.pdf", "uri": "hx:/1",
                        "content": {"sizeInBytes": 10, "mimeType": "application/pdf"}},
                    "in_foFolder": {"id": "fo1", "name": "Inbox"}, "in_iNum": 42,
                    "in_jObj": {"id": 42, "price": 19.9, "lines": [1, 2, {}], "ok": true, "ü": "ß"}, "in_sEmpty": "",
                    "in_sText": "Grüße, 世界 🚀 \"quoted\" \\ back\nline2", "litArr": [1, "two", {"three": 3}],
                    "litBadText": "x  y", "litBool": false, "litCmp": true, "litDeep": 1, "litDouble": 2.5, "litField": 42,
                    "litIdx": 1, "litInt": "constant wins",
                    "litObj": {"to": ["a@example.org", "Grüße, 世界 🚀 \"quoted\" \\ back\nline2"], "n": 1},
                    "litPure": {"id": 42, "price": 19.9, "lines": [1, 2, {}], "ok": true, "ü": "ß"}, "litSize": 6,
                    "litString": "Hello Grüße, 世界 🚀 \"quoted\"  back\nline2!", "litTextEq": false
                }"#,
            );
        }
    }

    #[test]
    fn outputs_of_a_java_connector_are_read_as_sent() {
        let context = &sample("java-result-types.json")["body"]["integrationContext"];
        check(
            decoded(&context["outBoundVariables"]),
            r#"{
                "bool": true, "bytes": "AQID", "date": "2026-11-21T07:08:09.010Z", "dbl": 1.5, "dec": 10.00, "int": 42,
                "json": {"x": 1, "n": null}, "ld": "2026-11-21", "ldt": "2026-11-21T07:08:09.01", "list": ["a", 1, null],
                "long": 100000000000, "map": {"a": 1, "d": 1.50}, "odt": "2026-11-21T07:08:09+02:00",
                "text": "Grüße 🚀", "uuid": "00000000-0000-0001-0000-000000000002"
            }"#,
        );
    }

    #[test]
    fn what_came_in_can_go_out_again() {
        for path in samples() {
            let variables = &read(&path)["body"]["integrationContext"]["inBoundVariables"];
            for (name, value) in decoded(variables) {
                let (neutral, _) = neutralise(value);
                let entry = encode(&neutral, None);
                assert!(bundle::accept(&entry).is_ok(), "{}: {name}", path.display());
                assert_eq!(decode(&entry), Ok(neutral), "{}: {name}", path.display());
            }
        }
    }

    fn check(decoded: Map<String, Value>, expected: &str) {
        assert_eq!(Value::Object(decoded), parsed(expected));
    }

    fn decoded(variables: &Value) -> Map<String, Value> {
        let variables = variables.as_object().into_iter().flatten();
        variables.map(|(name, entry)| (name.clone(), decode(entry).unwrap())).collect()
    }

    fn samples() -> Vec<PathBuf> {
        let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
    }

    fn sample(name: &str) -> Value {
        read(&folder().join(name))
    }

    fn read(path: &Path) -> Value {
        parsed(&std::fs::read_to_string(path).unwrap())
    }

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/activiti")
    }
}

mod properties {
    use proptest::{
        prelude::{Just, Strategy, any, prop_oneof},
        prop_assert, prop_assert_eq, proptest,
        test_runner::Config,
    };
    use serde_json::{Number, Value, json};
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};

    use super::{
        Typed,
        bundle::{self, Java},
        decode, encode, has_expression, neutralise, number,
    };

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

        #[test]
        fn any_output_is_accepted_by_the_bundle_and_comes_back_equal(
            value in value(), declared in declared(),
        ) {
            let (neutral, changed) = neutralise(value.clone());
            prop_assert_eq!(changed, has_expression(&value));
            prop_assert_eq!(changed, neutral != value);
            prop_assert_eq!(neutralise(neutral.clone()), (neutral.clone(), false));

            let entry = encode(&neutral, declared);
            let written = serde_json::to_string(&Typed::new(&neutral, declared)).unwrap();
            prop_assert_eq!(&written, &entry.to_string());

            let accepted = bundle::accept(&entry);
            prop_assert!(accepted.is_ok(), "{:?} of {}", accepted, entry);
            let back = decode(&entry);
            prop_assert!(back.is_ok(), "{:?} of {}", back, entry);
            let back = back.unwrap();
            match accepted.unwrap() {
                Java::Instant(instant) => {
                    let instant = instant.format(&Rfc3339).unwrap();
                    prop_assert!(same_instant(back.as_str().unwrap(), &instant));
                    prop_assert!(is_date(&neutral), "{} became a date", neutral);
                }
                _ if depth(&neutral) > 127 => {
                    let text = back.as_str().unwrap().replace(r"$\\{", "${");
                    prop_assert_eq!(text, neutral.to_string().replace(r"$\\{", "${"));
                }
                _ => prop_assert!(same(&neutral, &back), "{} came back as {}", neutral, back),
            }
        }

        #[test]
        fn whatever_comes_in_is_a_value_or_an_error(
            wire_type in wire_type(), content in value(), plain in value(), text in ".*",
        ) {
            let errors = [
                decode(&plain),
                decode(&json!({"type": wire_type, "value": content})),
                decode(&json!({"type": wire_type, "value": content.to_string()})),
                decode(&json!({"type": wire_type, "value": text})),
            ];
            for error in errors.into_iter().filter_map(Result::err) {
                prop_assert!(error.to_string().starts_with("not readable as `"), "{}", error);
            }
        }

        #[test]
        fn what_the_bundle_reads_we_read_too(wire_type in wire_type(), text in number_text()) {
            let entry = json!({"type": wire_type, "value": text});
            if let Ok(Java::Integer(_, number)) = bundle::accept(&entry) {
                prop_assert_eq!(decode(&entry).unwrap().as_number().unwrap().as_i128(), Some(number));
            }
        }

        #[test]
        fn a_double_is_sent_only_if_it_prints_the_same_number(number in any::<f64>()) {
            if let Some(number) = Number::from_f64(number) {
                prop_assert!(number::fits_double(number.as_str()), "{}", number);
            }
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            number_text().prop_map(|text| text.parse().map_or(Value::Null, Value::Number)),
            text().prop_map(Value::String),
        ];
        let nested = leaf.prop_recursive(6, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                proptest::collection::vec((text(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        let deeper = prop_oneof![9 => Just(0_usize), 1 => 0..200_usize];
        (nested, deeper).prop_map(|(value, n_levels)| {
            (0..n_levels).fold(value, |inner, level| match level % 2 {
                0 => json!([inner, "${", "}"]),
                _ => json!({"value": inner, "type": "json"}),
            })
        })
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just(String::from("${")),
            Just(String::from("}")),
            Just(String::from(r"$\{")),
            Just(String::from("\"")),
            "[$#{}\\\\ :,\\[\\]\"a]{0,6}",
            "\\PC{0,4}",
        ];
        prop_oneof![
            4 => proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat()),
            2 => ".*",
            1 => "(type|value|object|@class|null|true|NaN)",
            1 => "[0-9]{4}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][01][0-9]:?[0-5][0-9])?)?",
            1 => ".*".prop_map(|text| json!({"t": format!("${{{text}}}")}).to_string()),
        ]
    }

    fn number_text() -> impl Strategy<Value = String> {
        prop_oneof![
            "-?(0|[1-9][0-9]{0,40})",
            "-?(0|[1-9][0-9]{0,20})\\.[0-9]{1,20}",
            "-?[0-9](\\.[0-9]{1,5})?[eE][+-]?[0-9]{1,12}",
            "-?[1-9][0-9]{990,1010}",
            "-?0\\.[0-9]{990,1010}",
            " ?[+-]?(0x|#|0)?[0-9a-f]{0,8}\\.? ?",
        ]
    }

    fn wire_type() -> impl Strategy<Value = String> {
        prop_oneof![
            8 => "(byte|short|integer|long|float|double|bigdecimal|boolean|character|string)",
            4 => "(date|localdate|localdatetime|json|map|list|set|object)",
            1 => "(java\\.util\\.|java\\.lang\\.)?[A-Za-z$]{0,8}",
        ]
    }

    fn declared() -> impl Strategy<Value = Option<&'static str>> {
        proptest::sample::select(vec![
            None,
            Some("string"),
            Some("integer"),
            Some("bigdecimal"),
            Some("boolean"),
            Some("date"),
            Some("datetime"),
            Some("json"),
            Some("array"),
            Some("file"),
            Some("anything"),
        ])
    }

    /// Equal, numbers to the digit; a number that nobody can hold is equal to its text.
    fn same(sent: &Value, back: &Value) -> bool {
        match (sent, back) {
            (Value::Number(sent), Value::Number(back)) => {
                sent.as_str().parse().is_ok_and(|number: Number| number == *back)
            }
            (Value::Number(sent), Value::String(back)) => {
                sent.as_str() == back && !number::is_portable(back)
            }
            (Value::Array(sent), Value::Array(back)) => {
                sent.len() == back.len()
                    && sent.iter().zip(back).all(|(sent, back)| same(sent, back))
            }
            (Value::Object(sent), Value::Object(back)) => {
                sent.len() == back.len()
                    && sent
                        .iter()
                        .all(|(name, sent)| back.get(name).is_some_and(|back| same(sent, back)))
            }
            _ => sent == back,
        }
    }

    fn same_instant(left: &str, right: &str) -> bool {
        let parse = |text| OffsetDateTime::parse(text, &Rfc3339).unwrap();
        parse(left) == parse(right)
    }

    fn is_date(value: &Value) -> bool {
        value.as_str().is_some_and(|text| text.starts_with(|first: char| first.is_ascii_digit()))
    }

    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
            Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        }
    }
}

fn encode(value: &Value, declared: Option<&str>) -> Value {
    serde_json::to_value(Typed::new(value, declared)).unwrap()
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}
