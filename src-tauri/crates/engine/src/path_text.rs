//! Paths as bytes (in the database), as text (for a person), and as base64 where the text loses something.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::path::{Path, PathBuf};

/// The path's own bytes; on systems whose paths are not bytes, its UTF-8.
pub fn to_bytes(path: &Path) -> Vec<u8> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        path.as_os_str().as_bytes().to_vec()
    }
    #[cfg(not(unix))]
    {
        path.to_string_lossy().into_owned().into_bytes()
    }
}

/// Inverse of [`to_bytes`].
pub fn from_bytes(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}

/// base64 of the path's bytes, only where they are not UTF-8.
pub fn base64_if_lossy(path: &Path) -> Option<String> {
    path.to_str().is_none().then(|| STANDARD.encode(to_bytes(path)))
}

/// The file's name for a person.
pub fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_name_that_is_not_utf8_survives() {
        let path = Path::new(OsStr::from_bytes(b"/tmp/caf\xe9.txt"));
        assert_eq!(from_bytes(&to_bytes(path)), path);
        assert_eq!(base64_if_lossy(path).as_deref(), Some("L3RtcC9jYWbpLnR4dA=="));
        assert_eq!(base64_if_lossy(Path::new("/tmp/café.txt")), None);
        assert_eq!(name(path), "caf\u{fffd}.txt");
    }
}
