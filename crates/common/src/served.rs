//! Definitions that are data: actions that a file describes and one function carries out.
//!
//! The file is named by the setting `DEFINITION`, which the connector lists among its own; it takes the place of
//! the definition in the binary.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Connector, Context, Failure, Object,
    config::Environment,
    definition::{Definition, Param},
    failure::{INVALID_INPUT, MISSING_INPUT},
    lenient::Lenient,
};

/// What the setting is called.
pub(crate) const SETTING: &str = "DEFINITION";

impl<C: Send + Sync + 'static> Connector<C> {
    /// Lets the setting `DEFINITION` name a file whose actions `run` carries out.
    ///
    /// `read` makes of an action's name and `model` what `run` is handed, or says what is wrong with them.
    /// Inputs are checked and converted by the file's types before; settings stay those of the binary.
    #[must_use]
    pub fn served<M, Fut>(
        mut self,
        read: fn(&str, Option<&Value>) -> Result<M, String>,
        run: fn(Context<C>, Arc<M>, Object) -> Fut,
    ) -> Self
    where
        M: Send + Sync + 'static,
        Fut: Future<Output = Result<Object, Failure>> + Send + 'static,
    {
        self.code.config.add(SETTING, "string");
        self.served = Some(Box::new(move |action| {
            let model = Arc::new(read(&action.name, action.model.as_ref())?);
            let params = action.inputs.clone();
            Ok(Box::new(move |cx, inputs: &Object| match convert(&params, inputs.clone()) {
                Ok(inputs) => Box::pin(run(cx, Arc::clone(&model), inputs)),
                Err(failure) => Box::pin(future::err(failure)),
            }))
        }));
        self
    }

    /// Takes the definition that `DEFINITION` names, if it names one; the error says what is wrong with it.
    pub(crate) fn take_definition(&mut self, environment: &Environment) -> Result<(), String> {
        let Some(path) = environment.get(SETTING) else { return Ok(()) };
        let Some(served) = self.served.take() else {
            return Err("this connector serves its own definition only".to_owned());
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("file {path}: {}", error.kind()))?;
        let definition: Definition =
            serde_json::from_str(&text).map_err(|error| format!("file {path}: {error}"))?;
        self.actions = BTreeMap::new();
        self.arena_commands.clear();
        for action in &definition.actions.0 {
            let run = served(action).map_err(|problem| format!("file {path}: {problem}"))?;
            // Read once, and needed for as long as the process lives.
            let name: &'static str = Box::leak(action.name.clone().into_boxed_str());
            self.actions.insert(name, run);
        }
        let config = std::mem::take(&mut self.definition.config);
        self.definition = definition;
        self.definition.config = config;
        self.text = text;
        Ok(())
    }
}

/// Inputs as the definition's types want them; what it does not list is left as it is.
fn convert(params: &[Param], mut inputs: Object) -> Result<Object, Failure> {
    inputs.retain(|_, value| !value.is_null());
    for Param { name, r#type, required, .. } in params {
        let Some(value) = inputs.get_mut(name) else {
            if *required {
                let text = format!("`{name}` is missing");
                return Err(Failure::business(MISSING_INPUT, text).with_note(name));
            }
            continue;
        };
        *value = converted(r#type, value.take()).map_err(|error| {
            Failure::business(INVALID_INPUT, format!("`{name}`: {error}")).with_note(name)
        })?;
    }
    Ok(inputs)
}

/// `value` as one of the definition's types (`activiti-cloud.md` §4) wants it; as it is for any other.
///
/// # Errors
/// What was expected instead; the text quotes the value.
pub fn converted(r#type: &str, value: Value) -> Result<Value, serde_json::Error> {
    match r#type {
        "integer" => i64::deserialize(Lenient(&value)).map(Value::from),
        "boolean" => bool::deserialize(Lenient(&value)).map(Value::from),
        "string" | "date" | "datetime" => String::deserialize(Lenient(&value)).map(Value::from),
        "array" => Vec::<Value>::deserialize(Lenient(&value)).map(Value::from),
        "json" => Ok(match value {
            Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            value => value,
        }),
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Reply, runner::Runner, settings::Settings, testing};

    async fn echo(
        _cx: Context<testing::Probe>,
        model: Arc<String>,
        mut inputs: Object,
    ) -> Result<Object, Failure> {
        inputs.insert("model".to_owned(), model.as_str().into());
        Ok(inputs)
    }

    fn model(action: &str, model: Option<&Value>) -> Result<String, String> {
        let model = model.ok_or_else(|| format!("action `{action}` has no `model`"))?;
        Ok(format!("{action} {model}"))
    }

    async fn own(_cx: Context<testing::Probe>, body: Value) -> Result<Reply, Failure> {
        Ok(Reply { body, http_status: 200, headers: None })
    }

    /// What becomes of `inputs` in a connector that serves the test definition from a file.
    async fn check(inputs: Value, expected: &str) {
        let mut definition = testing::definition();
        definition["name"] = "orders".into();
        definition["actions"]["1"]["name"] = "findOrder".into();
        definition["actions"]["1"]["model"] = json!({"a": 1});
        let path = std::env::temp_dir().join(format!("definition-{}.json", uuid::Uuid::new_v4()));
        std::fs::write(&path, definition.to_string()).unwrap();
        let environment = Environment::of([(SETTING, path.to_str().unwrap())]);
        let mut connector = testing::connector().arena_command("test/Own", own).served(model, echo);
        connector.take_definition(&environment).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(connector.definition().0.name, "orders");
        assert!(connector.arena_commands.is_empty(), "they are not the file's");
        let connected = connector.connect(&environment).await.unwrap().unwrap();
        let mut request = testing::request(inputs);
        request.action = "findOrder".to_owned();
        let outcome = Runner::new(connected, &Settings::default()).run(request).await;
        let got = outcome.map_or_else(|it| it.to_string(), |it| Value::Object(it).to_string());
        assert_eq!(got, expected);
    }

    #[tokio::test]
    async fn inputs_are_checked_and_converted_by_the_file() {
        check(json!({}), "MISSING_INPUT: `act` is missing").await;
        let wrong = "INVALID_INPUT: `number`: invalid type: string \"x\", expected i64";
        check(json!({"act": "a", "number": "x"}), wrong).await;
        let inputs =
            json!({"act": 5, "number": "25", "value": "{\"a\": 1}", "more": null, "other": "1"});
        let expected =
            r#"{"act":"5","number":25,"value":{"a":1},"other":"1","model":"findOrder {\"a\":1}"}"#;
        check(inputs, expected).await;
    }

    #[test]
    fn what_is_wrong_with_an_action_is_told() {
        let path = std::env::temp_dir().join(format!("definition-{}.json", uuid::Uuid::new_v4()));
        std::fs::write(&path, testing::definition().to_string()).unwrap();
        let environment = Environment::of([(SETTING, path.to_str().unwrap())]);
        let mut connector = testing::connector().served(model, echo);
        let told = connector.take_definition(&environment).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(told, format!("file {}: action `RUN` has no `model`", path.display()));
    }

    #[test]
    fn what_is_wrong_with_the_file_is_told() {
        for (served, path, expected) in [
            (false, "/nowhere.json", "this connector serves its own definition only"),
            (true, "/nowhere.json", "file /nowhere.json: entity not found"),
            (
                true,
                "/proc/self/cmdline",
                "file /proc/self/cmdline: expected value at line 1 column 1",
            ),
        ] {
            let connector = testing::connector();
            let mut connector = if served { connector.served(model, echo) } else { connector };
            let environment = Environment::of([(SETTING, path)]);
            assert_eq!(connector.take_definition(&environment).unwrap_err(), expected);
        }
    }
}
