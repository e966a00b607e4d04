//! One file per engine: its wire ↔ request and outcome.

pub(crate) mod activiti;
pub(crate) mod destinations;
pub(crate) mod spiff;
pub(crate) mod variables;
