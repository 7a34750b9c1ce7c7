//! Against integers and fractions of any length, by `num-bigint` and `num-rational`.
