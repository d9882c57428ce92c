//! Profiles: each with a plan for this machine, those a person made, and the switch between them.

use crate::engine::Engine;
use crate::listeners::lock;
use crate::model_files::ModelFamily;
use crate::models::make_command;
use docmind_core::cancel::CancelToken;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::model::WeightType;
use docmind_core::plan::{LoadReport, MemoryPlan};
use docmind_core::profile::Profile;
use docmind_core::settings::Settings;
use serde::{Deserialize, Serialize};

/// A profile with what it would take on this machine now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct PlannedProfile {
    /// The profile.
    pub profile: Profile,
    /// The active one.
    pub active: bool,
    /// The file it would run; `None` without a model.
    pub file: Option<String>,
    /// The weights that are missing, where the model is not at hand in them.
    pub missing: Option<WeightType>,
    /// The command that makes them.
    pub make: Option<String>,
    /// Memory, and whether it fits; `None` without a model or its file.
    pub plan: Option<MemoryPlan>,
    /// Why this setting, or why there is no plan.
    pub reason: Option<Notice>,
}

impl Engine {
    /// All profiles with what each would take for a model (the settings' one without a name).
    ///
    /// # Errors
    /// The named model is nowhere or unreadable.
    pub fn planned_profiles(&self, model: Option<&str>) -> Result<Vec<PlannedProfile>, ErrorReport> {
        let settings = self.settings();
        let family = match model.or(settings.model.as_deref()) {
            Some(name) => Some(self.0.generators.family(name)?),
            None => None,
        };
        self.planned_in(family.as_ref())
    }

    /// All profiles with what each would take for a model whose files are these.
    pub(crate) fn planned_in(&self, family: Option<&ModelFamily>) -> Result<Vec<PlannedProfile>, ErrorReport> {
        let settings = self.settings();
        let profiles = lock(&self.0.profiles).book().profiles().to_vec();
        profiles
            .into_iter()
            .map(|profile| self.planned(profile, family, &settings))
            .collect()
    }

    fn planned(
        &self,
        profile: Profile,
        family: Option<&ModelFamily>,
        settings: &Settings,
    ) -> Result<PlannedProfile, ErrorReport> {
        let mut out = PlannedProfile {
            active: profile.name == settings.profile,
            profile,
            file: None,
            missing: None,
            make: None,
            plan: None,
            reason: None,
        };
        let Some(family) = family else { return Ok(out) };
        let file = if out.profile.name == "auto" {
            family.file_for(&out.profile)
        } else if let Some(file) = family.with_weights(out.profile.weights) {
            file
        } else {
            let wanted = out.profile.weights;
            out.missing = Some(wanted);
            // Weights that were made smaller cannot be made larger again, nor smaller in another way.
            if let Some(source) = family.with_weights(WeightType::F16) {
                out.make = Some(make_command(&source.path, wanted));
            } else {
                let what = if wanted == WeightType::F16 {
                    "It runs"
                } else {
                    "Its file is made of"
                };
                out.reason = Some(Notice::new(
                    "weights_source_missing",
                    format!(
                        "{what} the model's F16 file, which is not beside the others.\nFetch it into the same folder."
                    ),
                ));
            }
            return Ok(out);
        };
        let mut request =
            self.0
                .generators
                .load_request(&file.path, out.profile.clone(), self.0.embedder.pid().is_some());
        request.may_degrade = out.profile.name == "auto";
        out.file = Some(file.path.clone());
        // A plan that cannot be made is no reason to hide the profile: its reason stands in its place.
        match self.0.generators.worker()?.plan(&request) {
            Ok((plan, reason)) => (out.plan, out.reason) = (Some(plan), Some(reason)),
            Err(report) => out.reason = Some(Notice::new(report.code, report.message)),
        }
        Ok(out)
    }

    /// The profile of that name.
    ///
    /// # Errors
    /// `unknown_profile`.
    pub fn profile(&self, name: &str) -> Result<Profile, ErrorReport> {
        let profiles = lock(&self.0.profiles);
        profiles.book().get(name).cloned().map_err(|fault| fault.report())
    }

    /// The profile of the settings. Where it is gone, its file damaged or changed by hand, `auto` with what is to be said of it: most
    /// answers need no profile at all.
    ///
    /// # Errors
    /// `unknown_profile` where there is no `auto` either.
    pub(crate) fn settings_profile(&self, settings: &Settings) -> Result<(Profile, Option<Notice>), ErrorReport> {
        let wanted = &settings.profile;
        if let Ok(profile) = self.profile(wanted) {
            return Ok((profile, None));
        }
        let gone = Notice::new(
            "profile_missing",
            format!("There is no profile `{wanted}` any more; `auto` runs instead.\nChoose a profile in the settings."),
        );
        Ok((self.profile("auto")?, Some(gone)))
    }

    /// Saves a profile of one's own: a new one, or a changed one in the place of the one called `replaces`. Where that one is
    /// active, the changed one is from the next answer on.
    ///
    /// # Errors
    /// `invalid_profile`, `profile_exists`, `builtin_profile`, `unknown_profile`, `settings_unsaved`.
    pub fn save_profile(&self, profile: Profile, replaces: Option<&str>) -> Result<(), ErrorReport> {
        self.writable()?;
        let name = profile.name.clone();
        lock(&self.0.profiles).save(profile, replaces)?;
        if replaces.is_some_and(|old| old != name && old == self.settings().profile) {
            self.set_setting("profile", name.into())?;
        }
        Ok(())
    }

    /// Deletes a profile of one's own; `auto` is active then, if it was that one.
    ///
    /// # Errors
    /// `unknown_profile`, `builtin_profile`, `settings_unsaved`.
    pub fn delete_profile(&self, name: &str) -> Result<(), ErrorReport> {
        self.writable()?;
        lock(&self.0.profiles).delete(name)?;
        if self.settings().profile == name {
            self.set_setting("profile", "auto".into())?;
        }
        Ok(())
    }

    /// Loads the settings' model with a profile and makes it the active one; where loading fails the one before stays active.
    /// `progress` gets 0 to 1. `None` where no local model was chosen: then only the setting changes.
    ///
    /// # Errors
    /// Those of loading; `unknown_profile`.
    pub fn switch_profile(
        &self,
        name: &str,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Option<LoadReport>, ErrorReport> {
        self.writable()?;
        let profile = self.profile(name)?;
        let settings = self.settings();
        if let Some(writer) = self
            .0
            .generators
            .choose(&settings, None, &profile, self.0.embedder.pid().is_some())?
        {
            let before = settings.profile.clone();
            if let Err(report) = self.0.generators.ready(&writer, cancel, progress) {
                tracing::warn!(code = %report.code, profile = name, back_to = before, "a profile could not be loaded");
                return Err(report);
            }
        }
        self.set_setting("profile", name.into())?;
        Ok(self.0.generators.loaded())
    }
}
