//! What set-up brings and these tests need.

use std::io::Write as _;

/// Says that a part is missing, past the test harness, which shows nothing of what passes; a failure under `cargo xtask test`, which has
/// just set it up.
pub fn missing(what: &str) {
    assert!(std::env::var_os("DOCMIND_PARTS_REQUIRED").is_none(), "{what}");
    // Without a standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "left out: {what}");
}
