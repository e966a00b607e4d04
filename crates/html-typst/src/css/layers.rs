//! Cascade layers (CSS Cascade 5, 6.4): rules of later layers win over those of earlier ones, rules in none over all.

use std::collections::HashMap;

use super::tokens::{Token, Value, words};

/// More layers than this are one.
const LAYERS_MAX: usize = 1000;

/// The number of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Layer(pub(super) usize);

impl Layer {
    /// Of rules that are in no layer.
    pub(super) const NONE: Self = Self(0);
}

/// All layers, in the order in which the sheets name them.
pub(super) struct Layers {
    /// By number: which of the layers within another one it is, from the outermost inwards.
    paths: Vec<Vec<usize>>,
    names: HashMap<(Layer, Box<str>), Layer>,
    n_within: HashMap<Layer, usize>,
}

impl Default for Layers {
    fn default() -> Self {
        Self { paths: vec![Vec::new()], names: HashMap::new(), n_within: HashMap::new() }
    }
}

impl Layers {
    /// The layer `a.b` within another one; none for what is no name.
    pub(super) fn named(&mut self, within: Layer, name: &[Value]) -> Option<Layer> {
        let mut layer = within;
        for (index, part) in words(name).into_iter().enumerate() {
            match &part.token {
                Token::Ident(name) if index % 2 == 0 => {
                    let key = (layer, name.clone());
                    layer = if let Some(known) = self.names.get(&key) {
                        *known
                    } else {
                        let new = self.unnamed(layer);
                        self.names.insert(key, new);
                        new
                    };
                }
                Token::Delimiter('.') if index % 2 == 1 => {}
                _ => return None,
            }
        }
        Some(layer)
    }

    /// A new layer within another one.
    pub(super) fn unnamed(&mut self, within: Layer) -> Layer {
        if self.paths.len() > LAYERS_MAX {
            return Layer(LAYERS_MAX);
        }
        let number = self.n_within.entry(within).or_default();
        let mut path = self.paths[within.0].clone();
        path.push(*number);
        *number += 1;
        self.paths.push(path);
        Layer(self.paths.len() - 1)
    }

    /// The places of all layers, by their numbers.
    pub(super) fn ranks(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.paths.len()).collect();
        // What a layer says itself wins over the layers within it.
        order.sort_by_cached_key(|it| {
            let mut path = self.paths[*it].clone();
            path.push(usize::MAX);
            path
        });
        let mut ranks = vec![0; order.len()];
        for (rank, layer) in order.into_iter().enumerate() {
            ranks[layer] = rank;
        }
        ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::css::values;

    #[test]
    fn layers_come_in_the_order_of_their_first_names() {
        let mut layers = Layers::default();
        let mut named = |name: &str| layers.named(Layer::NONE, &values(name, 1)).map(|it| it.0);
        let numbers = ["reset", "base", "base.inner", "reset", "reset.late"].map(&mut named);
        assert_eq!(numbers, [1, 2, 3, 1, 4].map(Some));
        assert_eq!((named("a b"), named("a,b"), named("1")), (None, None, None));
        let ranks = layers.ranks();
        let rank = |layer: usize| ranks[layer];
        // reset.late, reset, base.inner, base, and what is in none.
        assert!(rank(4) < rank(1) && rank(1) < rank(3) && rank(3) < rank(2) && rank(2) < rank(0));
    }
}
