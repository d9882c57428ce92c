//! Paths that came through text: from the page, and from the web view, which reads dropped names as UTF-8.

use std::char::REPLACEMENT_CHARACTER;
use std::path::{Path, PathBuf};

/// The path that is meant. Where a name is not UTF-8, text has a mark in the place of its bytes: the one entry of its folder that reads
/// the same is it. A path that is there, and one that nothing or more than one entry reads like, stays as it is.
pub fn found(path: &Path) -> PathBuf {
    let marked = path.to_str().is_some_and(|text| text.contains(REPLACEMENT_CHARACTER));
    if !marked || path.symlink_metadata().is_ok() {
        return path.to_owned();
    }
    read_alike(path).unwrap_or_else(|| path.to_owned())
}

fn read_alike(path: &Path) -> Option<PathBuf> {
    let mut found = PathBuf::new();
    for part in path.components() {
        let named = found.join(part);
        if named.symlink_metadata().is_ok() {
            found = named;
            continue;
        }
        let name = part.as_os_str().to_string_lossy();
        let mut alike = std::fs::read_dir(&found)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.file_name()))
            .filter(|entry| entry.to_string_lossy() == name);
        let only = alike.next()?;
        if alike.next().is_some() {
            return None;
        }
        found.push(only);
    }
    Some(found)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::found;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_name_that_is_not_utf_8_is_found_by_what_it_reads_like() {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join(OsStr::from_bytes(b"B\xfccher"));
        std::fs::create_dir(&old).unwrap();
        let cafe = old.join(OsStr::from_bytes(b"caf\xe9.txt"));
        std::fs::write(&cafe, "").unwrap();
        let read = folder.path().join("B\u{fffd}cher/caf\u{fffd}.txt");
        assert_eq!(found(&read), cafe);
        assert_eq!(found(&cafe), cafe);

        let missing = folder.path().join("B\u{fffd}cher/tea\u{fffd}.txt");
        assert_eq!(found(&missing), missing);
        std::fs::write(old.join(OsStr::from_bytes(b"caf\xe8.txt")), "").unwrap();
        assert_eq!(found(&read), read, "which of the two, nobody knows");
        std::fs::write(old.join("caf\u{fffd}.txt"), "").unwrap();
        let exact = old.join("caf\u{fffd}.txt");
        assert_eq!(found(&exact), exact);
    }
}
