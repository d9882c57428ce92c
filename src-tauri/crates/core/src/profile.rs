//! Optimization profiles.

use crate::error::ErrorReport;
use crate::model::WeightType;
use serde::{Deserialize, Serialize};

/// Storage type of the KV cache; K and V are always equal (default CUDA builds have kernels for equal pairs only).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum KvType {
    /// Half precision.
    F16,
    /// 8 bits.
    Q8_0,
    /// 4 bits.
    Q4_0,
}

impl KvType {
    /// Bytes of 32 values: ggml's f16, `block_q8_0` and `block_q4_0`.
    pub fn bytes_per_block(self) -> u64 {
        match self {
            Self::F16 => 64,
            Self::Q8_0 => 34,
            Self::Q4_0 => 18,
        }
    }

    /// The name shown and used by llama.cpp.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
            Self::Q4_0 => "q4_0",
        }
    }

    /// The next smaller type; `None` below 4 bits.
    pub fn smaller(self) -> Option<Self> {
        match self {
            Self::F16 => Some(Self::Q8_0),
            Self::Q8_0 => Some(Self::Q4_0),
            Self::Q4_0 => None,
        }
    }
}

/// How attention is computed, and in what the cache is kept: a quantised V needs flash attention, so the pair is one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Attention {
    /// The attention matrix is never stored.
    Flash {
        /// Of the cache.
        kv: KvType,
    },
    /// The plain way; cache in half precision.
    Plain,
}

impl Attention {
    /// Storage type of the cache.
    pub fn kv(self) -> KvType {
        match self {
            Self::Flash { kv } => kv,
            Self::Plain => KvType::F16,
        }
    }

    /// True for flash attention.
    pub fn is_flash(self) -> bool {
        matches!(self, Self::Flash { .. })
    }
}

/// Layers on the GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "kind", content = "layers", rename_all = "snake_case")]
pub enum Offload {
    /// As many as free memory holds.
    Auto,
    /// All of them.
    All,
    /// Exactly so many.
    Layers(u32),
    /// None: on the CPU.
    None,
}

/// One optimization profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Profile {
    /// Unique, such as `balanced`.
    pub name: String,
    /// One line for a person.
    pub summary: String,
    /// Which file of the model's family.
    pub weights: WeightType,
    /// Flash attention and the cache's type.
    pub attention: Attention,
    /// Context window in tokens.
    pub context_tokens: u32,
    /// Logical batch.
    pub n_batch: u32,
    /// Physical batch.
    pub n_ubatch: u32,
    /// Layers on the GPU.
    pub offload: Offload,
    /// CPU threads; 0 is the number of physical cores.
    pub threads: u32,
    /// CUDA graph capture.
    pub graph_capture: bool,
    /// Prompt-lookup speculation.
    pub speculation: bool,
    /// Comes with DocMind; cannot be changed or deleted, only copied.
    pub builtin: bool,
}

/// The profiles that come with DocMind, as TOML. Parsed by whoever has a TOML reader (the engine, `docmind-generate bench`) into
/// a [`ProfileFile`].
pub const BUILTIN_TOML: &str = include_str!("../../../../assets/profiles.toml");

/// Smallest context window a profile may ask for.
pub const MIN_CONTEXT_TOKENS: u32 = 512;

/// Largest context window a profile may ask for: Qwen3-2507's.
pub const MAX_CONTEXT_TOKENS: u32 = 262_144;

/// `assets/profiles.toml`, or a person's own profiles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProfileFile {
    /// In the order shown.
    #[serde(default, rename = "profile")]
    pub profiles: Vec<Profile>,
}

/// Why a profile cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileFault {
    /// No name, or one with other than letters, digits and dashes.
    #[error("A profile's name has letters, digits and dashes, but this one is `{0}`.\nChoose another name.")]
    Name(String),
    /// The name is taken.
    #[error("A profile named `{0}` exists already.\nChoose another name, or change that one.")]
    Taken(String),
    /// There is none of that name.
    #[error("There is no profile named `{name}`.\nThere are: {known}.")]
    Unknown {
        /// As asked for.
        name: String,
        /// Comma-separated.
        known: String,
    },
    /// One of DocMind's own.
    #[error("`{0}` comes with DocMind and stays as it is.\nCopy it under another name and change the copy.")]
    Builtin(String),
    /// A number outside its range.
    #[error(
        "`{field}` of profile `{name}` is {value}, but must be between {min} and {max}.\nChange it and save again."
    )]
    Range {
        /// The profile.
        name: String,
        /// The field.
        field: &'static str,
        /// As given.
        value: u32,
        /// Smallest allowed.
        min: u32,
        /// Largest allowed.
        max: u32,
    },
}

impl ProfileFault {
    /// Stable code for the boundary.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name(_) | Self::Range { .. } => "invalid_profile",
            Self::Taken(_) => "profile_exists",
            Self::Unknown { .. } => "unknown_profile",
            Self::Builtin(_) => "builtin_profile",
        }
    }

    /// As it crosses a boundary.
    pub fn report(&self) -> ErrorReport {
        ErrorReport::new(self.code(), self.to_string())
    }
}

impl Profile {
    /// Checks what the types cannot: name and ranges. A pair llama.cpp refuses (quantised V without flash attention, unequal K
    /// and V) cannot be written down at all, see [`Attention`].
    ///
    /// # Errors
    /// The first fault found.
    pub fn validate(&self) -> Result<(), ProfileFault> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(plain) {
            return Err(ProfileFault::Name(self.name.clone()));
        }
        let check = |field, value: u32, min, max| {
            if (min..=max).contains(&value) {
                Ok(())
            } else {
                Err(ProfileFault::Range {
                    name: self.name.clone(),
                    field,
                    value,
                    min,
                    max,
                })
            }
        };
        check(
            "context_tokens",
            self.context_tokens,
            MIN_CONTEXT_TOKENS,
            MAX_CONTEXT_TOKENS,
        )?;
        check("n_batch", self.n_batch, 16, 8192)?;
        check("n_ubatch", self.n_ubatch, 16, self.n_batch)?;
        check("threads", self.threads, 0, 256)
    }
}

/// All profiles: DocMind's own, then a person's.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileBook {
    profiles: Vec<Profile>,
}

impl ProfileBook {
    /// DocMind's own from [`BUILTIN_TOML`] and a person's. A person's profile that is not valid, or whose name is taken, is left
    /// out and reported; the others stay.
    pub fn new(builtin: ProfileFile, own: ProfileFile) -> (Self, Vec<ProfileFault>) {
        let mut book = Self {
            profiles: builtin.profiles,
        };
        for profile in &mut book.profiles {
            profile.builtin = true;
        }
        let faults = own
            .profiles
            .into_iter()
            .filter_map(|profile| book.add(profile).err())
            .collect();
        (book, faults)
    }

    /// In the order shown.
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// A person's own, to be written to disk.
    pub fn own(&self) -> ProfileFile {
        ProfileFile {
            profiles: self
                .profiles
                .iter()
                .filter(|profile| !profile.builtin)
                .cloned()
                .collect(),
        }
    }

    /// The profile of that name.
    ///
    /// # Errors
    /// [`ProfileFault::Unknown`] with the names there are.
    pub fn get(&self, name: &str) -> Result<&Profile, ProfileFault> {
        self.profiles
            .iter()
            .find(|profile| profile.name == name)
            .ok_or_else(|| {
                let known: Vec<&str> = self.profiles.iter().map(|profile| profile.name.as_str()).collect();
                ProfileFault::Unknown {
                    name: name.to_owned(),
                    known: known.join(", "),
                }
            })
    }

    /// Adds a person's profile.
    ///
    /// # Errors
    /// It is not valid, or the name is taken.
    pub fn add(&mut self, mut profile: Profile) -> Result<(), ProfileFault> {
        profile.validate()?;
        if self.get(&profile.name).is_ok() {
            return Err(ProfileFault::Taken(profile.name));
        }
        profile.builtin = false;
        self.profiles.push(profile);
        Ok(())
    }

    /// Puts a changed profile in the place of a person's own, perhaps under another name.
    ///
    /// # Errors
    /// There is none called `name`, it is one of DocMind's own, the changed one is not valid, or its name is another's.
    pub fn replace(&mut self, name: &str, mut profile: Profile) -> Result<(), ProfileFault> {
        if self.get(name)?.builtin {
            return Err(ProfileFault::Builtin(name.to_owned()));
        }
        profile.validate()?;
        if profile.name != name && self.get(&profile.name).is_ok() {
            return Err(ProfileFault::Taken(profile.name));
        }
        profile.builtin = false;
        for known in self.profiles.iter_mut().filter(|known| known.name == name) {
            known.clone_from(&profile);
        }
        Ok(())
    }

    /// Deletes a person's profile.
    ///
    /// # Errors
    /// There is none, or it is one of DocMind's own.
    pub fn delete(&mut self, name: &str) -> Result<(), ProfileFault> {
        if self.get(name)?.builtin {
            return Err(ProfileFault::Builtin(name.to_owned()));
        }
        self.profiles.retain(|profile| profile.name != name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(name: &str) -> Profile {
        Profile {
            name: name.to_owned(),
            summary: String::new(),
            weights: WeightType::Q4KM,
            attention: Attention::Flash { kv: KvType::Q8_0 },
            context_tokens: 8192,
            n_batch: 2048,
            n_ubatch: 512,
            offload: Offload::Auto,
            threads: 0,
            graph_capture: true,
            speculation: true,
            builtin: false,
        }
    }

    fn book() -> ProfileBook {
        let mut own = profile("balanced");
        own.builtin = true;
        ProfileBook::new(ProfileFile { profiles: vec![own] }, ProfileFile::default()).0
    }

    #[test]
    fn own_profiles_are_added_changed_and_deleted() {
        let mut book = book();
        book.add(profile("mine")).expect("valid");
        assert_eq!(book.add(profile("mine")), Err(ProfileFault::Taken("mine".into())));
        let mut changed = profile("ours");
        changed.context_tokens = 4096;
        book.replace("mine", changed.clone()).expect("valid");
        assert_eq!(book.get("ours"), Ok(&changed));
        assert_eq!(book.own().profiles, [changed]);
        book.delete("ours").expect("own");
        assert!(matches!(book.get("ours"), Err(ProfileFault::Unknown { .. })));
    }

    #[test]
    fn builtin_profiles_stay() {
        let mut book = book();
        let fault = Err(ProfileFault::Builtin("balanced".into()));
        assert_eq!(book.replace("balanced", profile("mine")), fault);
        assert_eq!(book.delete("balanced"), fault);
    }

    #[test]
    fn a_changed_profile_does_not_take_the_name_of_another() {
        let mut book = book();
        book.add(profile("mine")).expect("valid");
        let taken = Err(ProfileFault::Taken("balanced".into()));
        assert_eq!(book.replace("mine", profile("balanced")), taken);
        assert!(book.get("mine").is_ok());
    }

    #[test]
    fn a_batch_smaller_than_its_slice_is_refused() {
        let mut wrong = profile("mine");
        wrong.n_ubatch = 4096;
        assert!(matches!(
            wrong.validate(),
            Err(ProfileFault::Range { field: "n_ubatch", .. })
        ));
    }

    #[test]
    fn one_bad_profile_does_not_take_the_others_with_it() {
        let mut bad = profile("bad");
        bad.context_tokens = 1;
        let own = ProfileFile {
            profiles: vec![bad, profile("good"), profile("balanced")],
        };
        let mut builtin = profile("balanced");
        builtin.builtin = true;
        let (book, faults) = ProfileBook::new(
            ProfileFile {
                profiles: vec![builtin],
            },
            own,
        );
        assert_eq!(faults.len(), 2);
        assert!(book.get("good").is_ok());
    }
}
