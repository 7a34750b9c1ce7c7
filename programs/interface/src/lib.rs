//! Account layouts, seeds, instruction data and error numbers of the AssetRollup program
