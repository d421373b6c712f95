//! Licences as other people wrote them down, read as SPDX expressions; none where that would be a guess.

mod classifier;
mod expression;
mod name;
mod text;

pub use classifier::from_classifiers;
pub use expression::expression;
pub use name::from_name;
pub use text::from_text;
