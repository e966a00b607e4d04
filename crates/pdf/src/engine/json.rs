//! Typst's `json`, for numbers as this workspace reads them.
//!
//! `serde_json` keeps numbers as texts here (its feature `arbitrary_precision`), which Typst's own function takes for dictionaries.

use std::sync::LazyLock;

use serde_json::Value as Json;
use typst::{
    Library, World,
    comemo::Tracked,
    diag::{LineCol, LoadError, LoadedWithin, SourceResult, bail},
    engine::Engine,
    foundations::{
        Args, Array, Binding, CastInfo, Context, Dict, Func, NativeFuncData, NativeFuncPtr,
        NativeScope, Value,
    },
    loading::{self, DataSource, Load},
    syntax::Spanned,
};

static READ: NativeFuncData = NativeFuncData {
    function: NativeFuncPtr(&read),
    name: "json",
    title: "JSON",
    docs: "",
    def_site: None,
    keywords: &[],
    contextual: false,
    scope: LazyLock::new(&<loading::json as NativeScope>::scope),
    params: LazyLock::new(&Vec::new),
    returns: LazyLock::new(&|| CastInfo::Any),
};

/// Puts our `json` in the place of Typst's.
pub(super) fn replace(library: &mut Library) {
    let function = Binding::detached(Func::from(&READ));
    library.global.scope_mut().bind("json".into(), function);
    library.std = Binding::detached(library.global.clone());
}

fn read(engine: &mut Engine, _: Tracked<Context>, args: &mut Args) -> SourceResult<Value> {
    let source: Spanned<DataSource> = args.expect("source")?;
    args.take().finish()?;
    let world: Tracked<dyn World + '_> = engine.world;
    let loaded = source.load(world)?;
    match serde_json::from_slice(loaded.data.as_slice()) {
        Ok(json) => Ok(value(json)),
        Err(error) => {
            let at = LineCol::one_based(error.line(), error.column());
            bail!(LoadError::text(at, "no JSON", error).within(&loaded))
        }
    }
}

/// JSON as Typst values: whole numbers of 64 bits are integers, all others floats.
fn value(json: Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(it) => Value::Bool(it),
        Json::Number(it) => match it.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(it.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(it) => Value::Str(it.into()),
        Json::Array(items) => Value::Array(items.into_iter().map(value).collect::<Array>()),
        Json::Object(members) => {
            let members = members.into_iter().map(|(name, it)| (name.into(), value(it)));
            Value::Dict(members.collect::<Dict>())
        }
    }
}
