//! The one integration binary: the built programs from outside, and the rules of the house.
//!
//! What needs the test corpora beside the project (`../shared/corpora`) runs where that folder is and says so where it is not.
//! `DOCMIND_TEST_FULL=1` (`cargo xtask test --full`) runs the long suites at their full count.

mod architecture;
mod changing;
mod cli_contract;
mod cli_human;
mod corpora;
mod each;
mod facade;
mod faults;
mod hostile_files;
mod hostile_mutations;
mod hostile_paths;
mod hostile_reader;
mod house;
mod languages;
mod main_job;
mod remote;
mod scans;
mod watched;
