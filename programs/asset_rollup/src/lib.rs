//! The AssetRollup program.
