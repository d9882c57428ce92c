//! Plans over memory that never was.

use super::*;
use crate::model::{WeightBytes, WeightType};
use crate::profile::KvType;

/// Qwen3-4B in Q4_K_M, as its file's tensor table sums up.
fn qwen() -> ModelShape {
    ModelShape {
        card: ModelCard {
            name: "Qwen3-4B".into(),
            architecture: "qwen3".into(),
            weights: WeightType::Q4KM,
            size_bytes: 2_490_000_000,
            parameters: 4_022_468_096,
            context_tokens: 40_960,
            layers: 36,
            hidden: 2560,
            heads: 32,
            kv_heads: 8,
            head_dim: 128,
            vocabulary: 151_936,
            synthetic: true,
        },
        weights: WeightBytes {
            embedding: 319_000_000,
            output: 319_000_000,
            tied: true,
            layers: vec![60_300_000; 36],
            other: 10_240,
        },
        feed_forward: 9728,
    }
}

fn profile(kv: KvType, context: u32) -> Profile {
    Profile {
        name: "balanced".into(),
        summary: String::new(),
        weights: WeightType::Q4KM,
        attention: Attention::Flash { kv },
        context_tokens: context,
        n_batch: 2048,
        n_ubatch: 512,
        offload: Offload::Auto,
        threads: 0,
        graph_capture: true,
        speculation: true,
        builtin: true,
    }
}

fn ram(free_mib: f64) -> FreeMemory {
    FreeMemory {
        ram_total_mib: 24_576.0,
        ram_free_mib: free_mib,
        gpu: None,
    }
}

fn card(free_mib: u32) -> FreeMemory {
    let gpu = Device {
        name: "CUDA0".into(),
        description: "Test card".into(),
        backend: "cuda".into(),
        memory_total_mib: 8192,
        memory_free_mib: free_mib,
    };
    FreeMemory {
        ram_total_mib: 24_576.0,
        ram_free_mib: 20_000.0,
        gpu: Some(gpu),
    }
}

#[test]
fn kv_bytes_are_those_of_the_literature() {
    let shape = qwen();
    assert_eq!(shape.kv_bytes_per_token(KvType::F16), 147_456);
    assert_eq!(shape.kv_bytes_per_token(KvType::Q8_0), 78_336);
    assert_eq!(shape.kv_bytes_per_token(KvType::Q4_0), 41_472);
}

#[test]
fn enough_memory_gives_nothing_up() {
    let plan = fit(&qwen(), &profile(KvType::F16, 8192), &ram(16_000.0), 200.0).expect("fits");
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    assert_eq!(plan.profile.context_tokens, 8192);
    assert_eq!(plan.gpu_layers, 0);
}

#[test]
fn the_ladder_takes_the_cache_before_the_context_and_says_so() {
    let plan = fit(&qwen(), &profile(KvType::F16, 32_768), &ram(5600.0), 0.0).expect("fits");
    assert_eq!(plan.profile.attention.kv(), KvType::Q8_0);
    assert_eq!(plan.profile.context_tokens, 32_768);
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.steps[0].code, "smaller_cache");
}

#[test]
fn what_cannot_fit_says_how_much_is_missing() {
    let error = fit(&qwen(), &profile(KvType::F16, 8192), &ram(1000.0), 0.0).expect_err("too large");
    assert_eq!(error.code, "model_too_large");
    assert!(error.message.contains("GB"), "{}", error.message);
}

#[test]
fn never_silently_on_the_cpu() {
    let plan = fit(&qwen(), &profile(KvType::F16, 8192), &card(700), 0.0).expect("fits the CPU");
    assert_eq!(plan.gpu_layers, 0);
    assert!(plan.steps.iter().any(|step| step.code == "on_cpu"));
    assert_eq!(
        plan.profile.attention.kv(),
        KvType::F16,
        "on the CPU there is room for the profile as asked"
    );
}

#[test]
fn a_small_card_gets_fewer_layers_or_a_smaller_cache_and_says_so() {
    let plan = fit(&qwen(), &profile(KvType::F16, 8192), &card(3600), 0.0).expect("fits");
    assert!(plan.gpu_layers > 0);
    assert!(!plan.steps.is_empty());
    assert!(plan.shares.iter().all(|share| share.missing_mib() <= 0.0));
}

#[test]
fn the_embedder_counts() {
    let free = 4300.0;
    let alone = plan_exactly(&qwen(), &profile(KvType::F16, 8192), &ram(free), 0.0);
    let together = plan_exactly(&qwen(), &profile(KvType::F16, 8192), &ram(free), 900.0);
    assert!(alone.fits && !together.fits, "{} / {}", alone.verdict, together.verdict);
    assert!(together.verdict.contains("fit,"), "{}", together.verdict);
}

#[test]
fn more_memory_never_gives_a_smaller_plan() {
    let mut last = 0;
    for free in (2800..20_000).step_by(400) {
        if let Ok(plan) = fit(&qwen(), &profile(KvType::F16, 32_768), &ram(f64::from(free)), 0.0) {
            assert!(plan.profile.context_tokens >= last, "{free}");
            last = plan.profile.context_tokens;
        }
    }
    assert_eq!(last, 32_768);
}

#[test]
fn auto_takes_the_largest_context_there_is_room_for() {
    let (plan, reason) = choose(&qwen(), &profile(KvType::F16, 16_384), &ram(16_000.0), 0.0).expect("fits");
    assert_eq!(plan.profile.context_tokens, 32_768);
    assert_eq!(reason.code, "profile_automatic");
    assert!(reason.message.contains("32,768"), "{reason:?}");
    let (small, _) = choose(&qwen(), &profile(KvType::F16, 16_384), &ram(3600.0), 0.0).expect("fits");
    assert!(small.profile.context_tokens <= 8192);
}

#[test]
fn auto_takes_no_more_than_its_profile_was_cut_down_to() {
    let plenty = ram(20_000.0);
    let (plan, _) = choose(&qwen(), &profile(KvType::Q8_0, 16_384), &plenty, 0.0).expect("fits");
    assert_eq!(plan.profile.attention.kv(), KvType::Q8_0);
    let (plan, _) = choose(&qwen(), &profile(KvType::Q4_0, 4096), &plenty, 0.0).expect("fits");
    assert_eq!(plan.profile.attention.kv(), KvType::Q4_0);
    assert!(plan.profile.context_tokens <= 8192, "{}", plan.profile.context_tokens);
    let (plan, _) = choose(&qwen(), &profile(KvType::F16, 2048), &plenty, 0.0).expect("fits");
    assert!(plan.profile.context_tokens <= 4096, "{}", plan.profile.context_tokens);
}
