//! Tests of the program on LiteSVM and of the whole path over real processes
