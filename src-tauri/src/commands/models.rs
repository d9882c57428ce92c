//! Models, profiles and measuring them.

use crate::desk::{Desk, JobId};
use crate::error::Reported;
use crate::lossy::found;
use crate::stream::{Merge, Stream};
use docmind_core::profile::Profile;
use docmind_engine::Engine;
use docmind_engine::bench_optimization::OptimizationRow;
use docmind_engine::models::StoredModel;
use docmind_engine::profiles::PlannedProfile;
use docmind_engine::window::BenchRun;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tauri::State;
use tauri::ipc::Channel;

/// How far a model is loaded, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct Loaded {
    /// Share that is there.
    pub share: f32,
}

impl Merge for Loaded {
    fn absorb(&mut self, next: &Self) -> bool {
        *self = *next;
        true
    }
}

/// What is being measured, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct Measuring {
    /// Such as `balanced: 2 of 3`.
    pub stage: String,
}

impl Measuring {
    fn at(stage: &str) -> Self {
        Self {
            stage: stage.to_owned(),
        }
    }
}

impl Merge for Measuring {
    fn absorb(&mut self, next: &Self) -> bool {
        self.clone_from(next);
        true
    }
}

/// How far a model is stored: copied from another disk, or compared with one of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct Storing {
    /// Bytes done.
    #[specta(type = f64)]
    pub done: u64,
    /// Bytes in all.
    #[specta(type = f64)]
    pub total: u64,
}

impl Merge for Storing {
    fn absorb(&mut self, next: &Self) -> bool {
        *self = *next;
        true
    }
}

/// Models in the data folder.
#[tauri::command]
#[specta::specta]
pub async fn models(desk: State<'_, Desk>) -> Reported<Vec<StoredModel>> {
    desk.run(Engine::models).await
}

/// Stores a model. Where it has to be copied that takes a while; stopped, nothing of it stays.
#[tauri::command]
#[specta::specta]
pub async fn add_model(
    desk: State<'_, Desk>,
    job: JobId,
    path: PathBuf,
    events: Channel<Vec<Storing>>,
) -> Reported<StoredModel> {
    let stream = Stream::new(events);
    desk.run_job(job, move |engine, cancel| {
        engine.add_model(&found(&path), cancel, &mut |done, total| {
            stream.tell(Storing { done, total });
        })
    })
    .await
}

/// Removes a stored model.
#[tauri::command]
#[specta::specta]
pub async fn remove_model(desk: State<'_, Desk>, name: String) -> Reported<()> {
    desk.run(move |engine| engine.remove_model(&name)).await
}

/// Models that the server of the settings offers: it can be reached, then.
#[tauri::command]
#[specta::specta]
pub async fn remote_models(desk: State<'_, Desk>, job: JobId) -> Reported<Vec<String>> {
    desk.run_job(job, Engine::remote_models).await
}

/// Profiles with what each would take; of a model, or of the settings' one.
#[tauri::command]
#[specta::specta]
pub async fn planned_profiles(desk: State<'_, Desk>, model: Option<String>) -> Reported<Vec<PlannedProfile>> {
    desk.run(move |engine| engine.planned_profiles(model.as_deref())).await
}

/// Saves a profile of one's own, in the place of the one called `replaces` where that is said.
#[tauri::command]
#[specta::specta]
pub async fn save_profile(desk: State<'_, Desk>, profile: Profile, replaces: Option<String>) -> Reported<()> {
    desk.run(move |engine| engine.save_profile(profile, replaces.as_deref()))
        .await
}

/// Deletes a profile of one's own; `auto` is active then, if it was that one.
#[tauri::command]
#[specta::specta]
pub async fn delete_profile(desk: State<'_, Desk>, name: String) -> Reported<()> {
    desk.run(move |engine| engine.delete_profile(&name)).await
}

/// Loads a profile and makes it the active one; where that fails the one before stays.
#[tauri::command]
#[specta::specta]
pub async fn switch_profile(
    desk: State<'_, Desk>,
    job: JobId,
    name: String,
    events: Channel<Vec<Loaded>>,
) -> Reported<()> {
    let stream = Stream::new(events);
    desk.run_job(job, move |engine, cancel| {
        engine
            .switch_profile(&name, cancel, &mut |share| stream.tell(Loaded { share }))
            .map(drop)
    })
    .await
}

/// Measures profiles against the first.
#[tauri::command]
#[specta::specta]
pub async fn bench_profiles(
    desk: State<'_, Desk>,
    job: JobId,
    names: Vec<String>,
    events: Channel<Vec<Measuring>>,
) -> Reported<BenchRun> {
    let stream = Stream::new(events);
    desk.run_job(job, move |engine, cancel| {
        engine.bench_profiles(&names, cancel, &mut |stage| stream.tell(Measuring::at(stage)))
    })
    .await
}

/// What the project's origin promised, measured here.
#[tauri::command]
#[specta::specta]
pub async fn bench_optimization(
    desk: State<'_, Desk>,
    job: JobId,
    events: Channel<Vec<Measuring>>,
) -> Reported<Vec<OptimizationRow>> {
    let stream = Stream::new(events);
    desk.run_job(job, move |engine, cancel| {
        engine.bench_optimization(None, None, cancel, &mut |stage| stream.tell(Measuring::at(stage)))
    })
    .await
}

/// Earlier measurements, the latest first.
#[tauri::command]
#[specta::specta]
pub async fn bench_runs(desk: State<'_, Desk>) -> Reported<Vec<BenchRun>> {
    desk.run(Engine::bench_runs).await
}
