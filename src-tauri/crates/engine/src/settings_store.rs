//! Settings: defaults from `assets/defaults.jsonc`, differences on disk.
//!
//! Unknown keys survive (a newer version may know them). A field that cannot be read falls back alone, with a notice; the rest is
//! kept. A file that is no JSON at all is set aside, never overwritten, by whoever owns the library; others only say so.

use crate::data_dir::{replace_private, set_aside};
use crate::engine::OpenMode;
use crate::error::EngineError;
use docmind_core::error::Notice;
use docmind_core::settings::Settings;
use serde_json::{Map, Value};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const DEFAULTS: &str = include_str!("../../../../assets/defaults.jsonc");

/// The settings with their file.
#[derive(Debug)]
pub struct SettingsStore {
    path: PathBuf,
    /// What the file says, unknown keys and unreadable fields included.
    differences: Map<String, Value>,
    current: Settings,
}

/// The defaults as they ship.
///
/// # Panics
/// When `assets/defaults.jsonc` is wrong: a bug that a test finds.
pub fn defaults() -> Settings {
    serde_json::from_value(Value::Object(default_fields()))
        .expect("BUG: assets/defaults.jsonc lacks a setting or has a wrong type")
}

fn default_fields() -> Map<String, Value> {
    let options = jsonc_parser::ParseOptions::default();
    match jsonc_parser::parse_to_serde_value(DEFAULTS, &options) {
        Ok(Some(Value::Object(fields))) => fields,
        other => unreachable!("BUG: assets/defaults.jsonc is no object: {other:?}"),
    }
}

impl SettingsStore {
    /// Reads the file; a missing one means defaults. The notices say what could not be read. Opened for reading only, no file is set
    /// aside.
    ///
    /// # Errors
    /// [`EngineError::DataFolder`] when the file is there but cannot be read or set aside.
    pub fn load(path: &Path, mode: OpenMode) -> Result<(Self, Vec<Notice>), EngineError> {
        let mut notices = Vec::new();
        let differences = match fs::read(path) {
            Ok(bytes) => parse_differences(path, &bytes, mode, &mut notices)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
            Err(source) => {
                return Err(EngineError::DataFolder {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let current = salvage(&differences, &mut notices);
        Ok((
            Self {
                path: path.to_owned(),
                differences,
                current,
            },
            notices,
        ))
    }

    /// As they are now.
    pub fn current(&self) -> &Settings {
        &self.current
    }

    /// Replaces all known settings and saves.
    ///
    /// # Errors
    /// [`EngineError::SettingsUnsaved`]; nothing changes then.
    pub fn replace(&mut self, settings: &Settings) -> Result<(), EngineError> {
        let Ok(Value::Object(fields)) = serde_json::to_value(settings) else {
            unreachable!("BUG: settings serialise to an object");
        };
        let defaults = default_fields();
        let mut differences = self.differences.clone();
        for (key, value) in fields {
            if defaults.get(&key).is_some_and(|default| same(default, &value)) {
                differences.remove(&key);
            } else {
                differences.insert(key, value);
            }
        }
        self.save(&differences)?;
        self.differences = differences;
        self.current = settings.clone();
        Ok(())
    }

    /// Sets one field by name and saves.
    ///
    /// # Errors
    /// As [`SettingsStore::change`].
    pub fn set(&mut self, key: &str, value: Value) -> Result<(), EngineError> {
        self.change(&Map::from_iter([(key.to_owned(), value)]))
    }

    /// Sets the fields that are named, all or none of them, and saves; the others stay as they are.
    ///
    /// # Errors
    /// [`EngineError::BadSetting`] for an unknown field or a value of the wrong kind, [`EngineError::SettingsUnsaved`].
    pub fn change(&mut self, change: &Map<String, Value>) -> Result<(), EngineError> {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(&self.current) else {
            unreachable!("BUG: settings serialise to an object");
        };
        let mut settings = self.current.clone();
        for (key, value) in change {
            let bad = |detail: String| EngineError::BadSetting {
                key: key.clone(),
                value: value.to_string(),
                detail,
            };
            if fields.insert(key.clone(), value.clone()).is_none() {
                return Err(bad("unknown setting".to_owned()));
            }
            // One after the other, so that the one that is wrong is named.
            settings = serde_json::from_value(Value::Object(fields.clone())).map_err(|error| bad(error.to_string()))?;
        }
        self.replace(&settings)
    }

    fn save(&self, differences: &Map<String, Value>) -> Result<(), EngineError> {
        let mut text = serde_json::to_string_pretty(differences).expect("BUG: a map of JSON values serialises");
        text.push('\n');
        replace_private(&self.path, text.as_bytes()).map_err(|source| EngineError::SettingsUnsaved {
            path: self.path.clone(),
            source,
        })
    }
}

fn parse_differences(
    path: &Path,
    bytes: &[u8],
    mode: OpenMode,
    notices: &mut Vec<Notice>,
) -> Result<Map<String, Value>, EngineError> {
    let text = String::from_utf8_lossy(bytes);
    // Some editors put a mark before the text that says how it is written.
    let text = text.trim_start_matches('\u{feff}');
    let parsed = jsonc_parser::parse_to_serde_value(text, &jsonc_parser::ParseOptions::default());
    match parsed {
        Ok(Some(Value::Object(fields))) => Ok(fields),
        Ok(None) => Ok(Map::new()),
        Ok(Some(_)) | Err(_) => {
            let kept = match mode {
                OpenMode::ReadWrite => set_aside(path).map_err(EngineError::data_folder(path))?,
                OpenMode::ReadOnly => path.to_owned(),
            };
            notices.push(Notice::new(
                "settings_damaged",
                format!(
                    "The settings file could not be read, so the defaults are used.\nThe old file is kept as `{}`.",
                    kept.display()
                ),
            ));
            Ok(Map::new())
        }
    }
}

/// Defaults with every readable difference; what cannot be read is named in a notice and left at its default.
fn salvage(differences: &Map<String, Value>, notices: &mut Vec<Notice>) -> Settings {
    let mut fields = default_fields();
    for (key, value) in differences {
        let Some(default) = fields.get(key).cloned() else {
            continue;
        };
        fields.insert(key.clone(), value.clone());
        if let Err(error) = serde_json::from_value::<Settings>(Value::Object(fields.clone())) {
            notices.push(Notice::new(
                "setting_unreadable",
                format!(
                    "The setting `{key}` cannot be `{value}` ({error}).\nIts default is used until it is set again."
                ),
            ));
            fields.insert(key.clone(), default);
        }
    }
    serde_json::from_value(Value::Object(fields)).expect("BUG: each field was checked")
}

/// Equal, numbers by value: 10 and 10.0 are the same setting.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= f64::from(f32::EPSILON) * a.abs(),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store_with(text: &str) -> (tempfile::TempDir, SettingsStore, Vec<Notice>) {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("settings.json");
        fs::write(&path, text).unwrap();
        let (store, notices) = SettingsStore::load(&path, OpenMode::ReadWrite).unwrap();
        (temp, store, notices)
    }

    #[test]
    fn the_defaults_are_whole_and_every_key_has_its_comment() {
        let Value::Object(fields) = serde_json::to_value(defaults()).unwrap() else {
            panic!("no object")
        };
        assert_eq!(
            fields.keys().collect::<Vec<_>>(),
            default_fields().keys().collect::<Vec<_>>()
        );
        let lines: Vec<&str> = DEFAULTS.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with('"')) {
            assert!(lines[at - 1].starts_with("//"), "no comment above {line}");
        }
    }

    #[test]
    fn a_file_with_a_byte_order_mark_is_read() {
        let (_temp, store, notices) = store_with("\u{feff}{\"theme\": \"dark\"}");
        assert_eq!(store.current().theme, "dark");
        assert!(notices.is_empty(), "{notices:?}");
    }

    #[test]
    fn a_bad_field_is_salvaged_alone() {
        let (_temp, store, notices) = store_with(r#"{"text_size": "huge", "theme": "dark", "thinking": true}"#);
        assert_eq!(store.current().text_size, defaults().text_size);
        assert_eq!(store.current().theme, "dark");
        assert!(store.current().thinking);
        assert_eq!(notices.len(), 1);
        assert!(notices[0].message.contains("text_size"), "{notices:?}");
    }

    #[test]
    fn unknown_keys_survive_and_only_differences_are_written() {
        let (temp, mut store, _) = store_with(r#"{"from_the_future": [1, 2], "theme": "dark"}"#);
        store.set("language", Value::from("de")).unwrap();
        store.set("theme", Value::from("system")).unwrap();
        let written: Value = serde_json::from_slice(&fs::read(temp.path().join("settings.json")).unwrap()).unwrap();
        assert_eq!(
            written,
            serde_json::json!({"from_the_future": [1, 2], "language": "de"})
        );
    }

    #[test]
    fn numbers_equal_to_the_default_are_no_difference() {
        let (temp, mut store, _) = store_with("{}");
        let settings = store.current().clone();
        store.replace(&settings).unwrap();
        assert_eq!(
            fs::read_to_string(temp.path().join("settings.json")).unwrap().trim(),
            "{}"
        );
    }

    #[test]
    fn a_file_that_is_no_json_is_set_aside() {
        let (temp, store, notices) = store_with("{ this is no json");
        assert_eq!(*store.current(), defaults());
        assert_eq!(notices[0].code, "settings_damaged");
        assert_eq!(
            fs::read_to_string(temp.path().join("settings.damaged.json")).unwrap(),
            "{ this is no json"
        );
    }

    #[test]
    fn a_second_damage_leaves_the_first_and_a_reader_leaves_both() {
        let (temp, _, _) = store_with("first");
        let path = temp.path().join("settings.json");
        fs::write(&path, "second").unwrap();
        let (store, notices) = SettingsStore::load(&path, OpenMode::ReadOnly).unwrap();
        assert_eq!(
            (store.current(), notices[0].code.as_str()),
            (&defaults(), "settings_damaged")
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        SettingsStore::load(&path, OpenMode::ReadWrite).unwrap();
        let kept = ["settings.damaged.json", "settings.damaged-2.json"];
        let kept = kept.map(|name| fs::read_to_string(temp.path().join(name)).unwrap());
        assert_eq!(kept, ["first", "second"]);
        assert!(!path.exists());
    }

    #[test]
    fn what_is_not_named_stays_and_one_wrong_value_keeps_all_out() {
        let (temp, mut store, _) = store_with(r#"{"profile": "compact", "reranker": "ms-marco-MiniLM-L-6-v2"}"#);
        let change = |value| match value {
            Value::Object(fields) => fields,
            other => panic!("{other} is no object"),
        };
        store
            .change(&change(serde_json::json!({"theme": "dark", "reranker": null})))
            .unwrap();
        let settings = store.current().clone();
        assert_eq!(
            (settings.profile.as_str(), settings.theme.as_str()),
            ("compact", "dark")
        );
        assert_eq!(settings.reranker, None);
        let wrong = store.change(&change(serde_json::json!({"language": "de", "text_size": "x"})));
        assert!(
            matches!(&wrong, Err(EngineError::BadSetting { key, .. }) if key == "text_size"),
            "{wrong:?}"
        );
        assert_eq!(*store.current(), settings);
        let (read_again, _) = SettingsStore::load(&temp.path().join("settings.json"), OpenMode::ReadOnly).unwrap();
        assert_eq!(*read_again.current(), settings);
    }

    #[test]
    fn a_wrong_value_or_key_changes_nothing() {
        let (_temp, mut store, _) = store_with("{}");
        assert!(matches!(
            store.set("text_size", Value::from("x")),
            Err(EngineError::BadSetting { .. })
        ));
        assert!(matches!(
            store.set("no_such_key", Value::from(1)),
            Err(EngineError::BadSetting { .. })
        ));
        assert_eq!(*store.current(), defaults());
    }
}
