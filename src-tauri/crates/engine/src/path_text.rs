//! Paths as text for a person, and as base64 where the text loses something.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;

/// base64 of the path's bytes, only where they are not UTF-8.
pub fn base64_if_lossy(path: &Path) -> Option<String> {
    path.to_str()
        .is_none()
        .then(|| STANDARD.encode(path.as_os_str().as_encoded_bytes()))
}

/// The file's name for a person.
pub fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_name_that_is_not_utf8_has_its_bytes_beside_it() {
        let path = Path::new(OsStr::from_bytes(b"/tmp/caf\xe9.txt"));
        assert_eq!(base64_if_lossy(path).as_deref(), Some("L3RtcC9jYWbpLnR4dA=="));
        assert_eq!(base64_if_lossy(Path::new("/tmp/café.txt")), None);
        assert_eq!(name(path), "caf\u{fffd}.txt");
    }
}
