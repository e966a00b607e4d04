//! Invitations: iCalendar (RFC 5545) that mail programs offer to accept or decline (RFC 6047).

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Deserialize;
use time::{
    Date, OffsetDateTime, PrimitiveDateTime, UtcOffset,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};

use crate::{
    address::{Mailbox, Mailboxes},
    message::Invitation,
};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const LOCAL: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
const LOCAL_T: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
const ICAL_DAY: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]");
const ICAL_UTC: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");
/// RFC 5545 §3.1, in octets.
const LINE_MAX: usize = 75;

/// The input `calendar`, where it is no file (`answers.md` 17).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Event {
    #[serde(default)]
    method: Option<String>,
    uid: Option<String>,
    #[serde(default)]
    sequence: u32,
    start: String,
    end: Option<String>,
    summary: Option<String>,
    description: Option<String>,
    location: Option<String>,
    organizer: Option<Mailbox>,
    #[serde(default)]
    attendees: Mailboxes,
}

/// What the event takes from the mail where it says nothing itself.
pub(crate) struct Around<'a> {
    pub(crate) from: &'a Mailbox,
    pub(crate) to: &'a [Mailbox],
    pub(crate) subject: &'a str,
    /// The message id without its brackets.
    pub(crate) id: &'a str,
    pub(crate) now: OffsetDateTime,
}

/// When something happens.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    Day(Date),
    At(OffsetDateTime),
}

impl Event {
    /// The calendar part.
    ///
    /// # Errors
    /// Which member is not what it should be.
    pub(crate) fn invitation(&self, around: &Around<'_>) -> Result<Invitation, String> {
        let method = self.method.as_deref().unwrap_or("REQUEST").to_ascii_uppercase();
        let (start, end) = (Moment::parse("start", &self.start)?, &self.end);
        let end = end.as_deref().map(|it| Moment::parse("end", it)).transpose()?;
        let is_before = match (start, end) {
            (_, None) => false,
            (Moment::Day(start), Some(Moment::Day(end))) => end < start,
            (Moment::At(start), Some(Moment::At(end))) => end < start,
            (_, Some(_)) => {
                return Err("`start` and `end` must both be days or both have a time".to_owned());
            }
        };
        if is_before {
            return Err("`end` is before `start`".to_owned());
        }
        let status = match method.as_str() {
            "REQUEST" | "PUBLISH" => "CONFIRMED",
            "CANCEL" => "CANCELLED",
            _ => return Err(format!("`method`: `{method}` is none of REQUEST, CANCEL, PUBLISH")),
        };
        let mut lines = Lines::default();
        for (name, value) in
            [("BEGIN", "VCALENDAR"), ("VERSION", "2.0"), ("PRODID", "-//email-connector//EN")]
        {
            lines.raw(name, value);
        }
        lines.raw("METHOD", &method);
        lines.raw("BEGIN", "VEVENT");
        lines.text("UID", self.uid.as_deref().unwrap_or(around.id));
        lines.raw("SEQUENCE", &self.sequence.to_string());
        lines.moment("DTSTAMP", Moment::At(around.now));
        lines.moment("DTSTART", start);
        if let Some(end) = end {
            lines.moment("DTEND", end);
        }
        lines.text("SUMMARY", self.summary.as_deref().unwrap_or(around.subject));
        for (name, value) in [("DESCRIPTION", &self.description), ("LOCATION", &self.location)] {
            if let Some(value) = value {
                lines.text(name, value);
            }
        }
        lines.person("ORGANIZER", "", self.organizer.as_ref().unwrap_or(around.from));
        let attendees = if self.attendees.is_empty() { around.to } else { &self.attendees.0 };
        for attendee in attendees {
            lines.person(
                "ATTENDEE",
                ";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE",
                attendee,
            );
        }
        lines.raw("STATUS", status);
        lines.raw("END", "VEVENT");
        lines.raw("END", "VCALENDAR");
        Ok(Invitation { method, text: lines.0 })
    }
}

/// The calendar part that a file is.
///
/// # Errors
/// That it is no calendar, or does not say what to do with it.
pub(crate) fn of_file(octets: &[u8]) -> Result<Invitation, String> {
    let text = String::from_utf8(octets.to_vec()).map_err(|_| "is not UTF-8".to_owned())?;
    if !text.trim_start_matches('\u{feff}').to_ascii_uppercase().starts_with("BEGIN:VCALENDAR") {
        return Err("is no calendar (BEGIN:VCALENDAR)".to_owned());
    }
    let mut methods = text.lines().filter_map(|it| {
        let (name, value) = it.split_once(':')?;
        name.eq_ignore_ascii_case("METHOD").then(|| value.trim().to_ascii_uppercase())
    });
    let method = methods.next().unwrap_or_else(|| "PUBLISH".to_owned());
    if method.is_empty() || !method.bytes().all(|it| it.is_ascii_uppercase() || it == b'-') {
        return Err("has a METHOD that is none".to_owned());
    }
    Ok(Invitation { method, text })
}

impl Moment {
    /// `2026-11-21`, `2026-11-21T09:00:00+01:00`, and what engines write: `2026-11-21 09:00:00` (UTC).
    fn parse(name: &str, text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(day) = Date::parse(text, DAY) {
            return Ok(Self::Day(day));
        }
        if let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) {
            return Ok(Self::At(at));
        }
        let local = PrimitiveDateTime::parse(text, LOCAL)
            .or_else(|_| PrimitiveDateTime::parse(text, LOCAL_T));
        local.map(|it| Self::At(it.assume_utc())).map_err(|_| {
            let text = text.escape_debug();
            format!("`{name}`: `{text}` is no time, e.g. 2026-11-21T09:00:00Z or 2026-11-21")
        })
    }
}

/// Content lines, folded.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn raw(&mut self, name: &str, value: &str) {
        let mut length = 0;
        for it in format!("{name}:{value}").chars() {
            if length + it.len_utf8() > LINE_MAX {
                self.0 += "\r\n ";
                length = 1;
            }
            self.0.push(it);
            length += it.len_utf8();
        }
        self.0 += "\r\n";
    }

    /// RFC 5545 §3.3.11.
    fn text(&mut self, name: &str, value: &str) {
        let mut escaped = String::with_capacity(value.len());
        for it in value.replace("\r\n", "\n").chars() {
            match it {
                '\n' | '\r' => escaped += "\\n",
                '\\' | ';' | ',' => escaped.extend(['\\', it]),
                it if it.is_control() && it != '\t' => {}
                it => escaped.push(it),
            }
        }
        self.raw(name, &escaped);
    }

    fn moment(&mut self, name: &str, moment: Moment) {
        let (name, value) = match moment {
            Moment::Day(day) => (format!("{name};VALUE=DATE"), day.format(ICAL_DAY)),
            Moment::At(at) => (name.to_owned(), at.to_offset(UtcOffset::UTC).format(ICAL_UTC)),
        };
        self.raw(
            &name,
            &value.unwrap_or_else(|error| unreachable!("a date can be written: {error}")),
        );
    }

    fn person(&mut self, name: &str, parameters: &str, person: &Mailbox) {
        let mut name = name.to_owned();
        if let Some(common_name) = &person.name {
            // RFC 6868 would allow the quotation mark, in programs that know it.
            let common_name: String =
                common_name.chars().filter(|it| *it != '"' && !it.is_control()).collect();
            write!(name, ";CN=\"{common_name}\"").unwrap_or_default();
        }
        self.raw(&(name + parameters), &format!("mailto:{}", person.address));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn invitation(event: Value) -> Result<String, String> {
        let event: Event = serde_json::from_value(event).map_err(|it| it.to_string())?;
        let around = Around {
            from: &Mailbox::parse("Shop <shop@example.org>").unwrap(),
            to: &Mailboxes::parse("ada@example.org").unwrap().0,
            subject: "Delivery; tomorrow",
            id: "r-1@example.org",
            now: OffsetDateTime::from_unix_timestamp(1_763_726_400).unwrap(),
        };
        event.invitation(&around).map(|it| it.text.replace("\r\n ", ""))
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let check = |event: Value, expected: &str| {
            let error = invitation(event.clone()).unwrap_err();
            assert!(error.contains(expected), "{event}: {error}");
        };
        check(json!({}), "missing field `start`");
        check(json!({ "start": "soon" }), "`start`: `soon` is no time");
        check(json!({ "start": "2026-11-21", "end": "2026-11-20" }), "`end` is before `start`");
        check(json!({ "start": "2026-11-21", "end": "2026-11-21T10:00:00Z" }), "both be days");
        check(json!({ "start": "2026-11-21", "method": "DANCE" }), "`DANCE` is none of");
        check(json!({ "start": "2026-11-21", "begin": 1 }), "unknown field `begin`");
        check(
            json!({ "start": "2026-11-21", "organizer": "nobody" }),
            "`nobody` is not an address",
        );
    }

    #[test]
    fn an_event_is_complete_and_escaped() {
        let text = invitation(json!({
            "start": "2026-11-21T10:00:00+01:00", "end": "2026-11-21 10:00:00",
            "description": "a,b;c\\d\nnext", "attendees": ["\"Doe, \\\"J\\\"\" <jane@example.org>"],
            "sequence": 2, "uid": "u-1",
        }))
        .unwrap();
        for line in [
            "METHOD:REQUEST",
            "UID:u-1",
            "SEQUENCE:2",
            "DTSTAMP:20251121T120000Z",
            "DTSTART:20261121T090000Z",
            "DTEND:20261121T100000Z",
            "SUMMARY:Delivery\\; tomorrow",
            "DESCRIPTION:a\\,b\\;c\\\\d\\nnext",
            "ORGANIZER;CN=\"Shop\":mailto:shop@example.org",
            "ATTENDEE;CN=\"Doe, J\";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:jane@example.org",
            "STATUS:CONFIRMED",
        ] {
            assert!(text.contains(&format!("\r\n{line}\r\n")), "{line} in\n{text}");
        }
    }

    #[test]
    fn a_cancellation_says_so_and_days_have_no_time() {
        let text = invitation(json!({ "method": "cancel", "start": "2026-11-21" })).unwrap();
        assert!(
            text.contains("METHOD:CANCEL\r\n") && text.contains("STATUS:CANCELLED\r\n"),
            "{text}"
        );
        assert!(text.contains("DTSTART;VALUE=DATE:20261121\r\n"), "{text}");
        assert!(text.contains("UID:r-1@example.org\r\n"), "{text}");
    }

    #[test]
    fn long_lines_are_folded_between_characters() {
        let event = json!({ "start": "2026-11-21", "summary": "ü".repeat(200) });
        let event: Event = serde_json::from_value(event).unwrap();
        let around = Around {
            from: &Mailbox::parse("a@example.org").unwrap(),
            to: &[],
            subject: "",
            id: "x",
            now: OffsetDateTime::UNIX_EPOCH,
        };
        let text = event.invitation(&around).unwrap().text;
        assert!(text.split("\r\n").all(|it| it.len() <= LINE_MAX), "{text}");
    }

    #[test]
    fn a_file_says_its_method_itself() {
        let method = |text: &str| of_file(text.as_bytes()).map(|it| it.method);
        assert_eq!(method("BEGIN:VCALENDAR\r\nMETHOD:cancel\r\n"), Ok("CANCEL".to_owned()));
        assert_eq!(method("BEGIN:VCALENDAR\r\n"), Ok("PUBLISH".to_owned()));
        assert_eq!(method("METHOD:REQUEST"), Err("is no calendar (BEGIN:VCALENDAR)".to_owned()));
        assert_eq!(
            method("BEGIN:VCALENDAR\r\nMETHOD:a\";x\r\n"),
            Err("has a METHOD that is none".to_owned())
        );
    }
}
