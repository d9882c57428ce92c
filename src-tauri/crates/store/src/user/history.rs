//! What was set and what was measured, when.

use super::UserDb;
use crate::error::StoreError;
use rusqlite::params;

/// Older entries of a history make room.
const KEPT: u32 = 200;

/// Settings as they were from a time on.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingsRecord {
    /// Milliseconds since the Unix epoch.
    pub at_ms: f64,
    /// As JSON.
    pub settings: String,
}

/// A measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchmarkRecord {
    /// Milliseconds since the Unix epoch.
    pub at_ms: f64,
    /// Such as `generate` or `embed`.
    pub kind: String,
    /// As JSON.
    pub result: String,
}

impl UserDb {
    /// Writes settings into the history unless they are the last ones.
    ///
    /// # Errors
    /// As every writing.
    pub fn remember_settings(&self, settings: &str, at_ms: f64) -> Result<(), StoreError> {
        self.database.write(|transaction| {
            transaction.execute(
                "INSERT INTO settings_history (at_ms, settings) SELECT ?1, ?2
                 WHERE coalesce((SELECT settings FROM settings_history ORDER BY id DESC LIMIT 1), '') <> ?2",
                params![at_ms, settings],
            )?;
            transaction.execute(
                "DELETE FROM settings_history WHERE id <= (SELECT max(id) FROM settings_history) - ?1",
                [KEPT],
            )?;
            Ok(())
        })
    }

    /// The history of settings, the latest first.
    ///
    /// # Errors
    /// As every reading.
    pub fn settings_history(&self, limit: usize) -> Result<Vec<SettingsRecord>, StoreError> {
        self.database.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT at_ms, settings FROM settings_history ORDER BY id DESC LIMIT ?1")?;
            let rows = statement.query_map([limit as i64], |row| {
                Ok(SettingsRecord {
                    at_ms: row.get(0)?,
                    settings: row.get(1)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Writes a measurement into the history.
    ///
    /// # Errors
    /// As every writing.
    pub fn remember_benchmark(&self, kind: &str, result: &str, at_ms: f64) -> Result<(), StoreError> {
        self.database.write(|transaction| {
            transaction.execute("INSERT INTO benchmarks (at_ms, kind, result) VALUES (?1, ?2, ?3)", params![at_ms, kind, result])?;
            transaction.execute(
                "DELETE FROM benchmarks WHERE kind = ?1 AND id NOT IN (SELECT id FROM benchmarks WHERE kind = ?1 ORDER BY id DESC LIMIT ?2)",
                params![kind, KEPT],
            )?;
            Ok(())
        })
    }

    /// Measurements of one kind, the latest first.
    ///
    /// # Errors
    /// As every reading.
    pub fn benchmarks(&self, kind: &str, limit: usize) -> Result<Vec<BenchmarkRecord>, StoreError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT at_ms, kind, result FROM benchmarks WHERE kind = ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            let rows = statement.query_map(params![kind, limit as i64], |row| {
                Ok(BenchmarkRecord {
                    at_ms: row.get(0)?,
                    kind: row.get(1)?,
                    result: row.get(2)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
