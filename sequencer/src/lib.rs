//! The Asset L2 node
