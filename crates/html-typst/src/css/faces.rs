//! `@font-face`.

use super::{
    declarations::declarations,
    sheets::Sheets,
    tokens::{Token, Value, show, split_commas, words},
};
use crate::{
    Assets,
    style::fonts::family_name,
    warnings::{Place, shown},
};

const FACES_MAX: usize = 64;

impl Sheets {
    /// Gets the first face of `src` that there is.
    pub(super) fn face(&mut self, block: &[Value], place: Place, assets: &mut dyn Assets) {
        let (found, _) = declarations(block, &self.warnings);
        let value = |name: &str| found.iter().find(|it| &*it.name == name).map(|it| &it.value);
        let family = value("font-family").map(|it| match words(it)[..] {
            [Value { token: Token::Text(it), .. }] => it.to_string(),
            _ => show(it),
        });
        let (Some(family), Some(sources)) = (family, value("src")) else {
            return self.warnings.add("CSS `@font-face` without `font-family` or `src`", place);
        };
        let mut why = None;
        for source in split_commas(sources) {
            let Some(address) = source.iter().find_map(|it| match &it.token {
                Token::Url(it) => Some(it),
                _ => None,
            }) else {
                continue;
            };
            let face = assets.font(address).and_then(|bytes| {
                let name = family_name(&bytes).ok_or("is no TrueType or OpenType font")?;
                Ok((bytes, name))
            });
            match face {
                Ok((bytes, name)) if self.fonts.len() < FACES_MAX => {
                    self.fonts.push(bytes);
                    self.families.push((family.to_lowercase(), name));
                    return;
                }
                Ok(_) => why = Some(format!("is one of more than {FACES_MAX}")),
                Err(it) => why = Some(format!("`{}` {it}", shown(address))),
            }
        }
        if let Some(why) = why {
            self.warnings.add(format!("font {why}"), place);
        }
    }
}
