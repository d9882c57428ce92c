//! Walks files and folders before anything is read: what is there, and what is skipped for which reason.
//!
//! Paths come out canonical, each once, in the order of their names. Symbolic links are followed, a folder is entered once however
//! many links lead to it, and a link back to a folder above is named as a loop. What is not a regular file (a pipe, a socket, a device) is
//! never opened: opening a pipe would wait for ever. Version-control folders, the system's own droppings and DocMind's data folder
//! are left out without a word, unless they are what was named.

mod walks;

use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use docmind_store::FileStamp;
use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

pub(crate) use walks::Walks;

/// How a walk came to its paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A person named them.
    Named,
    /// They were met: they lie in folders that are followed.
    Met,
}

/// One thing met on the walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A regular file, not opened yet.
    File {
        /// What the system says of it.
        stamp: FileStamp,
        /// It was named by the person, not met on the way.
        named: bool,
    },
    /// Something that is not read.
    Skipped(SkippedPath),
}

/// A canonical path with what the system says of it; the time is 0 where the file system does not tell.
pub fn stamp(path: PathBuf, meta: &Metadata) -> FileStamp {
    FileStamp {
        path,
        size_bytes: meta.len(),
        mtime_ns: modified_ns(meta),
    }
}

/// A path that is not read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedPath {
    /// As met.
    pub path: PathBuf,
    /// Codes `file_missing`, `permission_denied`, `not_a_regular_file`, `link_loop`, `data_folder`, `unreadable`.
    pub error: ErrorReport,
    /// It was named by the person, not met on the way.
    pub named: bool,
}

/// Time of the last change in nanoseconds since the Unix epoch.
pub fn modified_ns(meta: &Metadata) -> i64 {
    let Ok(time) = meta.modified() else { return 0 };
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
    }
}

/// Walks `paths`; `leave_out` (the data folder) is not entered. Ends early when cancelled.
pub fn walk(paths: &[PathBuf], origin: Origin, leave_out: &Path, cancel: &CancelToken, sink: &mut dyn FnMut(Found)) {
    let mut walk = Walk {
        origin,
        leave_out,
        cancel,
        folders: HashSet::new(),
        files: HashSet::new(),
        sink,
    };
    for path in paths {
        walk.root(path);
    }
}

struct Walk<'a> {
    origin: Origin,
    leave_out: &'a Path,
    cancel: &'a CancelToken,
    folders: HashSet<PathBuf>,
    files: HashSet<PathBuf>,
    sink: &'a mut dyn FnMut(Found),
}

impl Walk<'_> {
    fn root(&mut self, path: &Path) {
        if self.cancel.is_cancelled() {
            return;
        }
        let named = self.origin == Origin::Named;
        match path
            .canonicalize()
            .and_then(|canonical| Ok((fs::metadata(&canonical)?, canonical)))
        {
            Ok((_, canonical)) if canonical.starts_with(self.leave_out) => {
                if named {
                    self.skip_own(canonical);
                }
            }
            Ok((meta, canonical)) if meta.is_dir() => self.folder(&canonical),
            Ok((meta, canonical)) => self.file(canonical, &meta, named),
            // Gone again, such as what a program writes beside a file while it saves it.
            Err(_) if !named && is_missing(path) => {}
            Err(error) => self.skip(path, &error, named),
        }
    }

    /// Walks a canonical folder with a stack of its own: a tree of any depth costs no call stack.
    fn folder(&mut self, root: &Path) {
        let mut stack = vec![root.to_owned()];
        while let Some(folder) = stack.pop() {
            if self.cancel.is_cancelled() {
                return;
            }
            if folder == self.leave_out || !self.folders.insert(folder.clone()) {
                continue;
            }
            let mut entries = match fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
                Ok(entries) => entries,
                Err(error) => {
                    self.skip(&folder, &error, false);
                    continue;
                }
            };
            entries.sort_by_key(fs::DirEntry::file_name);
            let mut below = Vec::new();
            for entry in entries {
                if self.cancel.is_cancelled() {
                    return;
                }
                if let Some(next) = self.entry(&folder, &entry) {
                    below.push(next);
                }
            }
            stack.extend(below.into_iter().rev());
        }
    }

    /// Reports a file; returns a folder to enter.
    fn entry(&mut self, folder: &Path, entry: &fs::DirEntry) -> Option<PathBuf> {
        let path = entry.path();
        if is_dropping(&path) {
            return None;
        }
        let is_link = match entry.file_type() {
            Ok(kind) => kind.is_symlink(),
            Err(error) => {
                self.skip(&path, &error, false);
                return None;
            }
        };
        let target = if is_link { path.canonicalize() } else { Ok(path.clone()) };
        let (target, meta) = match target.and_then(|target| fs::metadata(&target).map(|meta| (target, meta))) {
            Ok(found) => found,
            Err(error) => {
                self.skip(&path, &error, false);
                return None;
            }
        };
        if !meta.is_dir() {
            self.file(target, &meta, false);
            return None;
        }
        if is_link && folder.starts_with(&target) {
            let error = ErrorReport::new(
                "link_loop",
                format!(
                    "`{}` is a link back to a folder above it.\nIts files are read through that folder; nothing to do.",
                    path.display()
                ),
            );
            (self.sink)(Found::Skipped(SkippedPath {
                path,
                error,
                named: false,
            }));
            return None;
        }
        if is_link && is_dropping(&target) {
            return None;
        }
        Some(target)
    }

    fn file(&mut self, path: PathBuf, meta: &Metadata, named: bool) {
        if path.starts_with(self.leave_out) {
            return;
        }
        if !meta.is_file() {
            let error = not_a_regular_file(&path, meta);
            (self.sink)(Found::Skipped(SkippedPath { path, error, named }));
            return;
        }
        if self.files.insert(path.clone()) {
            let stamp = stamp(path, meta);
            (self.sink)(Found::File { stamp, named });
        }
    }

    fn skip_own(&mut self, path: PathBuf) {
        let error = ErrorReport::new(
            "data_folder",
            format!(
                "`{}` belongs to DocMind's own data folder.\nNothing in it is read; name the folder of your documents.",
                path.display()
            ),
        );
        (self.sink)(Found::Skipped(SkippedPath {
            path,
            error,
            named: true,
        }));
    }

    fn skip(&mut self, path: &Path, error: &io::Error, named: bool) {
        let error = describe(path, error);
        (self.sink)(Found::Skipped(SkippedPath {
            path: path.to_owned(),
            error,
            named,
        }));
    }
}

/// A failure to open or look at `path`, in a person's words.
pub fn describe(path: &Path, error: &io::Error) -> ErrorReport {
    let shown = path.display();
    let (code, message) = match error.kind() {
        io::ErrorKind::NotFound => (
            "file_missing",
            format!("`{shown}` does not exist.\nCheck the path; a link may point to something that is gone."),
        ),
        io::ErrorKind::PermissionDenied => (
            "permission_denied",
            format!("`{shown}` may not be read.\nGive yourself permission to read it, then retry."),
        ),
        _ if is_loop(error) => (
            "link_loop",
            format!("`{shown}` is a link that leads to itself.\nRemove the link, or add the file it should point to."),
        ),
        _ => (
            "unreadable",
            format!("`{shown}` could not be read.\nCheck the disk or the network folder, then retry."),
        ),
    };
    ErrorReport::new(code, message).with_detail(error)
}

/// Why nothing is read from what is no regular file.
pub fn not_a_regular_file(path: &Path, meta: &Metadata) -> ErrorReport {
    let shown = path.display();
    let message = if meta.is_dir() {
        format!("`{shown}` is a folder, not a file.\nName the files in it.")
    } else {
        format!("`{shown}` is a pipe, a socket or a device, not a file.\nNothing is read from it.")
    };
    ErrorReport::new("not_a_regular_file", message)
}

/// The system gave up following links. (`io::ErrorKind::FilesystemLoop` is not stable.)
fn is_loop(error: &io::Error) -> bool {
    cfg!(unix) && error.raw_os_error() == Some(libc::ELOOP)
}

/// Nothing is at a path, not even a link. What cannot be looked at may still be there.
pub(crate) fn is_missing(path: &Path) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    path.symlink_metadata()
        .is_err_and(|error| matches!(error.kind(), NotFound | NotADirectory))
}

/// Whether a file stands at `known` that is not the one at `here`. Where the file system makes no difference of letter case, a file that was
/// renamed in that alone is found under its former name too.
pub(crate) fn is_another_file(known: &Path, here: &Path) -> bool {
    let folded = |path: &Path| path.to_string_lossy().to_lowercase();
    known.is_file() && (known == here || folded(known) != folded(here) || !is_one_file(known, here))
}

/// Two names of one file that has only one.
fn is_one_file(a: &Path, b: &Path) -> bool {
    if let (Ok(a), Ok(b)) = (a.canonicalize(), b.canonicalize())
        && a == b
    {
        return true;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        // Not every system gives the name as it is written on the disk.
        let number = |path: &Path| fs::metadata(path).map(|meta| (meta.dev(), meta.ino(), meta.nlink()));
        if let (Ok(a), Ok(b)) = (number(a), number(b)) {
            return a == b && a.2 == 1;
        }
    }
    false
}

/// Whether a path relative to a folder that was named leads to or through what is left out there.
pub(crate) fn leads_to_dropping(below: &Path) -> bool {
    below.ancestors().any(is_dropping)
}

/// Folders of version control and files that systems and office programs drop: never a person's documents.
fn is_dropping(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    matches!(
        name,
        ".git"
            | ".hg"
            | ".svn"
            | "node_modules"
            | ".DS_Store"
            | "Thumbs.db"
            | "desktop.ini"
            | ".Trash"
            | "$RECYCLE.BIN"
    ) || name.starts_with("~$")
        || name.starts_with(".~lock.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path, paths: &[PathBuf], leave_out: &Path) -> Vec<String> {
        let mut out = Vec::new();
        let root = root.canonicalize().unwrap();
        walk(paths, Origin::Named, leave_out, &CancelToken::new(), &mut |found| {
            let relative = |path: &Path| path.strip_prefix(&root).unwrap_or(path).to_string_lossy().into_owned();
            out.push(match found {
                Found::File { stamp, .. } => relative(&stamp.path),
                Found::Skipped(skipped) => format!("{}: {}", relative(&skipped.path), skipped.error.code),
            });
        });
        out
    }

    #[test]
    fn files_come_in_order_once_and_droppings_do_not() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        for path in [
            "b/2.txt",
            "b/1.txt",
            "a.txt",
            ".git/config",
            "b/~$1.docx",
            "data/library.db",
        ] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "x").unwrap();
        }
        let data = root.join("data").canonicalize().unwrap();
        let twice = [root.to_owned(), root.join("b"), root.join("a.txt")];
        assert_eq!(names(root, &twice, &data), ["a.txt", "b/1.txt", "b/2.txt"]);
        let own = [data.clone(), data.join("library.db")];
        assert_eq!(
            names(root, &own, &data),
            ["data: data_folder", "data/library.db: data_folder"]
        );
    }

    #[test]
    fn what_was_named_is_told_from_what_was_met() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        fs::write(root.join("a.txt"), "x").unwrap();
        fs::write(root.join("b.txt"), "x").unwrap();
        let mut found = Vec::new();
        let paths = [root.join("b.txt"), root.clone()];
        let mut look = |origin| {
            walk(&paths, origin, Path::new("/x"), &CancelToken::new(), &mut |one| {
                if let Found::File { stamp, named } = one {
                    found.push((stamp.path, named));
                }
            });
            std::mem::take(&mut found)
        };
        let (a, b) = (root.join("a.txt"), root.join("b.txt"));
        assert_eq!(look(Origin::Named), [(b.clone(), true), (a.clone(), false)]);
        assert_eq!(look(Origin::Met), [(b, false), (a, false)]);
    }

    #[cfg(unix)]
    #[test]
    fn loops_pipes_and_dangling_links_are_named() {
        use std::os::unix::fs::symlink;
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        fs::create_dir(root.join("in")).unwrap();
        fs::write(root.join("in/file.txt"), "x").unwrap();
        symlink(root, root.join("in/up")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        symlink("self", root.join("self")).unwrap();
        symlink(root.join("in/file.txt"), root.join("link.txt")).unwrap();
        let status = std::process::Command::new("mkfifo")
            .arg(root.join("pipe"))
            .status()
            .unwrap();
        assert!(status.success());
        assert_eq!(
            names(root, &[root.to_owned()], Path::new("/nowhere")),
            [
                "dangling: file_missing",
                "in/file.txt",
                "pipe: not_a_regular_file",
                "self: link_loop",
                "in/up: link_loop",
            ]
        );
    }

    #[test]
    fn a_named_path_that_is_missing_says_so() {
        let mut out = Vec::new();
        walk(
            &["/no/such/file".into()],
            Origin::Named,
            Path::new("/x"),
            &CancelToken::new(),
            &mut |found| out.push(found),
        );
        assert!(matches!(&out[..], [Found::Skipped(skipped)] if skipped.named && skipped.error.code == "file_missing"));
    }

    #[test]
    fn what_is_met_and_left_out_or_gone_again_is_no_word_worth() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        fs::create_dir(root.join("data")).unwrap();
        fs::write(root.join("data/docmind.log"), "x").unwrap();
        let met = [root.join("data/docmind.log"), root.join("gone.tmp")];
        let mut found = 0;
        walk(&met, Origin::Met, &root.join("data"), &CancelToken::new(), &mut |_| {
            found += 1;
        });
        assert_eq!(found, 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_in_other_letters_is_another_file_only_where_it_leads_to_one() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        let at = |name: &str| root.join(name);
        fs::write(at("Note.txt"), "x").unwrap();
        assert!(!is_another_file(&at("note.txt"), &at("Note.txt")), "nothing is there");
        // As on a disk that makes no difference of letter case.
        std::os::unix::fs::symlink(at("Note.txt"), at("note.txt")).unwrap();
        assert!(!is_another_file(&at("note.txt"), &at("Note.txt")));
        fs::remove_file(at("note.txt")).unwrap();
        fs::hard_link(at("Note.txt"), at("note.txt")).unwrap();
        assert!(
            is_another_file(&at("note.txt"), &at("Note.txt")),
            "both stay when one goes"
        );
        fs::write(at("other.txt"), "x").unwrap();
        assert!(is_another_file(&at("other.txt"), &at("Note.txt")));
    }

    #[test]
    fn droppings_are_seen_anywhere_on_the_way() {
        let left_out = [
            ".git/COMMIT_EDITMSG",
            "a/node_modules/b/c.md",
            "a/.~lock.x.odt#",
            "~$x.docx",
        ];
        for path in left_out {
            assert!(leads_to_dropping(Path::new(path)), "{path}");
        }
        for path in ["", "a.txt", "git/node.md", "a/.config/b.txt"] {
            assert!(!leads_to_dropping(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn a_cancelled_walk_stops() {
        let temp = tempfile::tempdir().unwrap();
        for at in 0..20 {
            fs::write(temp.path().join(format!("{at}.txt")), "x").unwrap();
        }
        let cancel = CancelToken::new();
        let mut seen = 0;
        let paths = [temp.path().to_owned()];
        walk(&paths, Origin::Named, Path::new("/x"), &cancel, &mut |_| {
            seen += 1;
            cancel.cancel();
        });
        assert_eq!(seen, 1);
    }
}
