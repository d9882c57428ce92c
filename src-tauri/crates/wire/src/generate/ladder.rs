//! What is given up after the process died again and again.

use docmind_core::error::Notice;
use docmind_core::plan::SMALLEST_CONTEXT;
use docmind_core::profile::{Attention, Offload, Profile};

/// What is known of the setting that died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ran {
    /// Without a graphics card: it used none, or there is none.
    OnCpu,
    /// With one, or nobody knows.
    PerhapsOnCard,
}

/// Takes a profile one rung down after the process died on it: off the GPU, then a smaller cache, then half the context.
pub(super) fn step_down(profile: &mut Profile, ran: Ran) -> Option<Notice> {
    let notice = |what: &str| {
        Some(Notice::new(
            "stepped_down",
            format!("The language model's process died three times in ten minutes; {what}."),
        ))
    };
    if profile.offload != Offload::None && ran == Ran::PerhapsOnCard {
        profile.offload = Offload::None;
        return notice("it runs on the CPU now, more slowly");
    }
    if let Some(kv) = profile.attention.kv().smaller() {
        profile.attention = Attention::Flash { kv };
        return notice(&format!("its cache is kept in {} now", kv.as_str()));
    }
    if profile.context_tokens / 2 >= SMALLEST_CONTEXT {
        profile.context_tokens /= 2;
        return notice(&format!("its context is {} tokens now", profile.context_tokens));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::model::WeightType;
    use docmind_core::profile::KvType;

    #[test]
    fn the_ladder_ends() {
        let mut profile = Profile {
            name: "balanced".into(),
            summary: String::new(),
            weights: WeightType::Q4KM,
            attention: Attention::Flash { kv: KvType::F16 },
            context_tokens: 8192,
            n_batch: 512,
            n_ubatch: 512,
            offload: Offload::Auto,
            threads: 0,
            graph_capture: true,
            speculation: true,
            builtin: true,
        };
        let asked = profile.clone();
        for (ran, rungs) in [(Ran::PerhapsOnCard, 5), (Ran::OnCpu, 4)] {
            profile.clone_from(&asked);
            let mut taken = Vec::new();
            while let Some(notice) = step_down(&mut profile, ran) {
                assert_eq!(notice.code, "stepped_down");
                taken.push(notice.message);
            }
            assert_eq!(taken.len(), rungs, "(CPU), q8_0, q4_0, 4096, 2048: {taken:?}");
            assert_eq!(taken[0].contains("CPU"), ran == Ran::PerhapsOnCard, "{taken:?}");
            assert!(profile.validate().is_ok());
        }
    }
}
