//! Optimization profiles: DocMind's own, and a person's in `profiles.toml` of the data folder.

use crate::data_dir::{replace_private, set_aside};
use crate::error::EngineError;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::profile::{BUILTIN_TOML, Profile, ProfileBook, ProfileFile};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The profiles with their file.
#[derive(Debug)]
pub struct ProfileStore {
    path: PathBuf,
    book: ProfileBook,
    /// The file says more than the book could take in.
    unread: bool,
}

impl ProfileStore {
    /// Reads the file; a missing one means none of one's own. What cannot be used is left out, with a notice.
    ///
    /// # Errors
    /// The file is there but cannot be read.
    ///
    /// # Panics
    /// When `assets/profiles.toml` is wrong: a bug that a test finds.
    pub fn load(path: &Path) -> Result<(Self, Vec<Notice>), EngineError> {
        let builtin: ProfileFile = toml::from_str(BUILTIN_TOML).expect("BUG: assets/profiles.toml is not valid");
        let mut notices = Vec::new();
        let own = match fs::read(path) {
            Ok(bytes) => parse(&bytes).unwrap_or_else(|fault| {
                notices.push(Notice::new(
                    "profiles_damaged",
                    format!(
                        "Your own profiles in `{}` could not be read ({fault}).\nCorrect the file; the others work. It is set aside when \
                         a profile is saved.",
                        path.display(),
                    ),
                ));
                ProfileFile::default()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => ProfileFile::default(),
            Err(source) => {
                return Err(EngineError::DataFolder {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let (book, faults) = ProfileBook::new(builtin, own);
        notices.extend(faults.iter().map(|fault| Notice::new(fault.code(), fault.to_string())));
        Ok((
            Self {
                path: path.to_owned(),
                book,
                unread: !notices.is_empty(),
            },
            notices,
        ))
    }

    /// All profiles.
    pub fn book(&self) -> &ProfileBook {
        &self.book
    }

    /// Saves a profile of one's own: a new one, or a changed one in the place of the one called `replaces`.
    ///
    /// # Errors
    /// Those of [`ProfileBook::add`] and [`ProfileBook::replace`], or it cannot be written; nothing changes then.
    pub fn save(&mut self, profile: Profile, replaces: Option<&str>) -> Result<(), ErrorReport> {
        self.change(|book| {
            match replaces {
                Some(name) => book.replace(name, profile),
                None => book.add(profile),
            }
            .map_err(|fault| fault.report())
        })
    }

    /// Deletes a profile of one's own.
    ///
    /// # Errors
    /// There is none, it is one of DocMind's, or the file cannot be written; nothing changes then.
    pub fn delete(&mut self, name: &str) -> Result<(), ErrorReport> {
        self.change(|book| book.delete(name).map_err(|fault| fault.report()))
    }

    fn change(&mut self, edit: impl FnOnce(&mut ProfileBook) -> Result<(), ErrorReport>) -> Result<(), ErrorReport> {
        let mut book = self.book.clone();
        edit(&mut book)?;
        let text = toml::to_string_pretty(&book.own()).map_err(|error| {
            ErrorReport::new("internal", "The profile cannot be written.\nReport this.").with_detail(error)
        })?;
        self.write(text.as_bytes())
            .map_err(|source| EngineError::SettingsUnsaved {
                path: self.path.clone(),
                source,
            })?;
        self.book = book;
        self.unread = false;
        Ok(())
    }

    /// What could not be read in the file is a person's all the same: it is kept beside the new one.
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        // It may have been taken away meanwhile.
        if self.unread && self.path.exists() {
            let kept = set_aside(&self.path)?;
            tracing::warn!(kept = %kept.display(), "profiles that could not be read are set aside");
        }
        replace_private(&self.path, bytes)
    }
}

/// The profiles of a file, or what is wrong with it.
fn parse(bytes: &[u8]) -> Result<ProfileFile, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_profiles_survive_a_restart() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("profiles.toml");
        let (mut store, notices) = ProfileStore::load(&path).unwrap();
        assert!(notices.is_empty(), "{notices:?}");
        let mut mine = store.book().get("balanced").unwrap().clone();
        mine.name = "mine".to_owned();
        store.save(mine, None).unwrap();
        let (mut again, _) = ProfileStore::load(&path).unwrap();
        assert!(again.book().get("mine").is_ok_and(|profile| !profile.builtin));
        again.delete("mine").unwrap();
        assert!(ProfileStore::load(&path).unwrap().0.book().get("mine").is_err());
        assert!(again.delete("balanced").is_err());
    }

    #[test]
    fn a_damaged_file_costs_only_itself() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("profiles.toml");
        // The second as an editor leaves it that writes Latin-1.
        for damaged in [&b"not toml at all ["[..], b"# f\xfcr unterwegs\n"] {
            fs::write(&path, damaged).unwrap();
            let (store, notices) = ProfileStore::load(&path).unwrap();
            assert_eq!(notices[0].code, "profiles_damaged");
            assert!(store.book().get("balanced").is_ok());
        }
    }

    #[test]
    fn saving_keeps_what_could_not_be_read() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("profiles.toml");
        let aside = temp.path().join("profiles.damaged.toml");
        let damaged = "[[profile]]\nname = \"years of work\n";
        fs::write(&path, damaged).unwrap();
        let (mut store, _) = ProfileStore::load(&path).unwrap();
        assert!(!aside.exists(), "nobody wrote yet");
        let mut mine = store.book().get("balanced").unwrap().clone();
        mine.name = "mine".to_owned();
        store.save(mine.clone(), None).unwrap();
        assert_eq!(fs::read_to_string(&aside).unwrap(), damaged);
        mine.context_tokens = 4096;
        store.save(mine, Some("mine")).unwrap();
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 2, "set aside once");
        let (again, notices) = ProfileStore::load(&path).unwrap();
        assert!(notices.is_empty(), "{notices:?}");
        assert!(again.book().get("mine").is_ok());
    }
}
