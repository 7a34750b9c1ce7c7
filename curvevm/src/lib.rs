//! CurveVM: the state transition of Asset L2, native and on-chain from one source
