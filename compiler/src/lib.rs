//! CurveScript: a compiler from curve definitions and trade scripts to CurveVM
