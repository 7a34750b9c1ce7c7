//! The embedded L1 and a local committee of node processes
