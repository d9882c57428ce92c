//! Plans over memory that never was.

use super::*;
use crate::model::{CacheShape, WeightBytes, WeightType};
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
            idle: 0,
            other: 10_240,
        },
        feed_forward: 9728,
        cache: CacheShape {
            values_per_token: 36 * 8 * 128 * 2,
            state_bytes: 0,
        },
        identity: String::new(),
    }
}

const ALONE: Beside = Beside {
    embedder_mib: 0.0,
    snapshots_mib: 0.0,
};

fn embedder(mib: f64) -> Beside {
    Beside {
        embedder_mib: mib,
        ..ALONE
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
        ..FreeMemory::default()
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
        gpu_shares_ram: false,
    }
}

/// A GPU in the processor's package, by whose count all of the RAM is free.
fn integrated(free_mib: f64) -> FreeMemory {
    let gpu = Device {
        name: "Vulkan0".into(),
        description: "Test graphics".into(),
        backend: "vulkan".into(),
        memory_total_mib: 24_576,
        memory_free_mib: free_mib as u32,
    };
    FreeMemory {
        gpu: Some(gpu),
        gpu_shares_ram: true,
        ..ram(free_mib)
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
fn plain_attention_stands_in_on_a_processor_where_the_cache_allows_it() {
    let of = |attention, gpu_layers| {
        let mut asked = profile(KvType::F16, 8192);
        asked.attention = attention;
        let runs = execution(&asked, gpu_layers);
        (runs.attention, runs.n_ubatch)
    };
    let flash = |kv| Attention::Flash { kv };
    assert_eq!(of(flash(KvType::F16), 0), (Attention::Plain, 128));
    assert_eq!(
        of(flash(KvType::F16), 12),
        (flash(KvType::F16), 512),
        "some layers on a card"
    );
    assert_eq!(of(flash(KvType::Q8_0), 0), (flash(KvType::Q8_0), 512));
    assert_eq!(
        of(Attention::Plain, 0),
        (Attention::Plain, 512),
        "as the baseline always was"
    );
}

#[test]
fn a_plan_says_what_runs_and_counts_it() {
    let on_cpu = fit(&qwen(), &profile(KvType::F16, 8192), &ram(16_000.0), ALONE).expect("fits");
    assert_eq!(on_cpu.execution.attention, Attention::Plain);
    let on_card = fit(&qwen(), &profile(KvType::F16, 8192), &card(8000), ALONE).expect("fits");
    assert_eq!(on_card.execution.attention, on_card.profile.attention);
    let long = compute_bytes(&qwen(), &profile(KvType::F16, 65_536), 0);
    let matrix = 64 * 65_536 * (4 + 4 * 32);
    assert!(long >= matrix, "the attention matrix counts: {long} bytes");
}

#[test]
fn enough_memory_gives_nothing_up() {
    let plan = fit(&qwen(), &profile(KvType::F16, 8192), &ram(16_000.0), embedder(200.0)).expect("fits");
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    assert_eq!(plan.profile.context_tokens, 8192);
    assert_eq!(plan.gpu_layers, 0);
}

#[test]
fn the_ladder_takes_the_cache_before_the_context_and_says_so() {
    let plan = fit(&qwen(), &profile(KvType::F16, 32_768), &ram(5600.0), ALONE).expect("fits");
    assert_eq!(plan.profile.attention.kv(), KvType::Q8_0);
    assert_eq!(plan.profile.context_tokens, 32_768);
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.steps[0].code, "smaller_cache");
    let why = &plan.steps[0].message;
    assert!(
        why.ends_with("the free memory of this computer does not hold more."),
        "{why}"
    );
}

#[test]
fn what_cannot_fit_says_how_much_is_missing() {
    let error = fit(&qwen(), &profile(KvType::F16, 8192), &ram(1000.0), ALONE).expect_err("too large");
    assert_eq!(error.code, "model_too_large");
    assert!(error.message.contains("GB"), "{}", error.message);
}

#[test]
fn never_silently_on_the_cpu() {
    let plan = fit(&qwen(), &profile(KvType::F16, 8192), &card(700), ALONE).expect("fits the CPU");
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
    let plan = fit(&qwen(), &profile(KvType::F16, 8192), &card(3600), ALONE).expect("fits");
    assert!(plan.gpu_layers > 0);
    assert!(!plan.steps.is_empty());
    assert!(plan.shares.iter().all(|share| share.missing_mib() <= 0.0));
}

#[test]
fn memory_that_two_devices_share_is_planned_once() {
    let wanted = profile(KvType::F16, 8192);
    let shares = estimate(&qwen(), &wanted, 37, &integrated(20_000.0), ALONE, None);
    let both = shares[0].wanted_mib() + shares[1].wanted_mib() - HEADROOM_MIB;
    let over = |free: f64| plan_exactly(&qwen(), &wanted, &integrated(free), ALONE);
    assert!(over(both + 1.0).fits);
    let short = over(both - 1024.0);
    assert!(!short.fits, "each alone has room: {:?}", short.shares);
    let missing: f64 = short.shares.iter().map(MemoryShare::missing_mib).sum();
    assert!((missing - 1024.0).abs() < 1e-6, "{missing}");
    assert!(short.verdict.ends_with("need 1.0 GB more."), "{}", short.verdict);
    // What does not even hold the processor's share is missing once as well.
    let none = over(500.0);
    let missing: f64 = none.shares.iter().map(MemoryShare::missing_mib).sum();
    assert!((missing - (both - 500.0)).abs() < 1e-6, "{missing}");
    let plan = fit(&qwen(), &wanted, &integrated(both - 300.0), ALONE).expect("fits");
    let sum: f64 = plan.shares.iter().map(|share| share.wanted_mib() - HEADROOM_MIB).sum();
    assert!(sum + HEADROOM_MIB <= both - 300.0, "{:?}", plan.shares);
}

#[test]
fn what_the_driver_took_before_it_was_asked_is_not_wanted_again() {
    let of = |memory: &FreeMemory| estimate(&qwen(), &profile(KvType::F16, 8192), 37, memory, ALONE, None).remove(1);
    let (cuda, vulkan) = (of(&card(8000)), of(&integrated(20_000.0)));
    assert_eq!(cuda.needed_mib(), vulkan.needed_mib(), "it is predicted all the same");
    assert_eq!(cuda.wanted_mib(), cuda.buffers_mib() + CUDA_LATE_MIB + HEADROOM_MIB);
    assert_eq!(vulkan.wanted_mib(), vulkan.needed_mib() + HEADROOM_MIB);
}

fn loaded(shape: ModelShape, gpu_layers: u32) -> LoadReport {
    let memory = card(16_000);
    let wanted = profile(KvType::F16, 8192);
    LoadReport {
        card: shape.card.clone(),
        allocated: estimate(&shape, &wanted, gpu_layers, &memory, ALONE, None),
        weights_read_mib: shape.weights.read_a_token() as f64 / MIB,
        plan: MemoryPlan {
            gpu_layers,
            ..plan_exactly(&shape, &wanted, &memory, ALONE)
        },
        device: "CUDA0".into(),
        reason: Notice::new("profile_chosen", "Chosen."),
        load_ms: 0.0,
        warmup_ms: 0.0,
        bandwidth_gbps: 500.0,
        notices: Vec::new(),
    }
}

#[test]
fn the_bandwidth_limit_goes_by_what_is_read() {
    let layers = 36 * 60_300_000_u64;
    let limit = |report: &LoadReport| 500e9 / report.decode_limit_tps(0).expect("one device");
    // A card holds a copy of a tied embedding; the one in RAM is not read.
    let tied = (layers + 319_000_000 + 10_240) as f64;
    for gpu_layers in [0, 37] {
        assert!((limit(&loaded(qwen(), gpu_layers)) - tied).abs() < 1.0, "{gpu_layers}");
    }
    let mut untied = qwen();
    untied.weights.tied = false;
    assert!(
        (limit(&loaded(untied, 0)) - tied).abs() < 1.0,
        "one row of the embedding"
    );
    let mut experts = qwen();
    experts.weights.idle = layers / 2;
    assert!((limit(&loaded(experts, 37)) - (tied - (layers / 2) as f64)).abs() < 1.0);
    let full = loaded(qwen(), 37).decode_limit_tps(8192).expect("one device");
    assert!(
        (500e9 / full - tied - 147_456.0 * 8192.0).abs() < 1.0,
        "and the whole cache"
    );
    for gpu_layers in [1, 12, 36] {
        assert_eq!(loaded(qwen(), gpu_layers).decode_limit_tps(0), None, "{gpu_layers}");
    }
}

#[test]
fn the_output_layer_goes_to_the_card_first() {
    let shape = qwen();
    let of = |layers| estimate(&shape, &profile(KvType::F16, 8192), layers, &card(8000), ALONE, None);
    let one = of(1);
    assert_eq!(one[1].weights_mib, f64::from(319_000_000 + 10_240) / MIB);
    assert_eq!(one[1].kv_mib, 0.0, "the output layer has no cache");
    let three = of(3);
    assert!((three[1].weights_mib - one[1].weights_mib - 2.0 * 60_300_000.0 / MIB).abs() < 1e-6);
    assert!(
        (three[1].kv_mib - three[0].kv_mib / 17.0).abs() < 1e-6,
        "2 of 36 layers"
    );
    let all = of(37);
    assert_eq!(all[0].kv_mib, 0.0);
    assert_eq!(
        all[0].weights_mib,
        319_000_000.0 / MIB,
        "tied embeddings stay beside the processor"
    );
}

#[test]
fn layers_left_behind_can_be_given_back() {
    let (shape, memory) = (qwen(), card(3600));
    let plan = fit(&shape, &profile(KvType::Q4_0, 2048), &card(2700), ALONE).expect("fits");
    assert!(leaves_layers_behind(&plan), "{:?}", plan.steps);
    let more = with_layers(plan.clone(), &shape, &memory, ALONE, plan.gpu_layers + 2);
    assert_eq!(more.gpu_layers, plan.gpu_layers + 2);
    assert!(leaves_layers_behind(&more));
    assert!(
        more.steps
            .iter()
            .any(|step| step.message.contains(&format!("{} of 37", more.gpu_layers)))
    );
    let whole = with_layers(more, &shape, &memory, ALONE, u32::MAX);
    assert_eq!(whole.gpu_layers, 37);
    assert!(!leaves_layers_behind(&whole), "{:?}", whole.steps);
    assert_eq!(
        with_layers(whole.clone(), &shape, &memory, ALONE, 3),
        whole,
        "nothing was left behind"
    );
}

#[test]
fn the_embedder_counts() {
    let free = 4300.0;
    let alone = plan_exactly(&qwen(), &profile(KvType::F16, 8192), &ram(free), ALONE);
    let together = plan_exactly(&qwen(), &profile(KvType::F16, 8192), &ram(free), embedder(900.0));
    assert!(alone.fits && !together.fits, "{} / {}", alone.verdict, together.verdict);
    assert!(together.verdict.contains("fit,"), "{}", together.verdict);
}

#[test]
fn snapshots_are_kept_room_for_and_are_no_part_of_what_is_predicted() {
    let beside = Beside {
        snapshots_mib: 256.0,
        ..ALONE
    };
    let alone = plan_exactly(&qwen(), &profile(KvType::F16, 8192), &ram(4300.0), ALONE);
    let together = plan_exactly(&qwen(), &profile(KvType::F16, 8192), &ram(4300.0), beside);
    assert_eq!(alone.needed_mib(), together.needed_mib());
    assert!(together.shares[0].wanted_mib() > alone.shares[0].wanted_mib());
    let on_card = plan_exactly(&qwen(), &profile(KvType::F16, 8192), &card(8000), beside);
    assert_eq!(on_card.shares[1].snapshots_mib, 0.0, "they are in RAM");
}

#[test]
fn states_of_recurrent_layers_count_whatever_the_context() {
    let mut hybrid = qwen();
    hybrid.cache = CacheShape {
        values_per_token: 4 * 8 * 128 * 2,
        state_bytes: 64 << 20,
    };
    let kv = |context| {
        let shares = estimate(&hybrid, &profile(KvType::F16, context), 0, &ram(16_000.0), ALONE, None);
        shares[0].kv_mib
    };
    assert_eq!((kv(4096), kv(8192)), (64.0 + 64.0, 64.0 + 128.0));
}

#[test]
fn a_dry_run_stands_in_for_the_formula_and_the_verdict_follows() {
    let (shape, memory) = (qwen(), card(8000));
    let plan = plan_exactly(&shape, &profile(KvType::F16, 8192), &memory, ALONE);
    assert!(plan.fits);
    let found = Measured {
        cpu_compute_mib: 20.0,
        gpu_compute_mib: 300.0,
        cache_mib: 360.0,
    };
    let less = with_measured(plan.clone(), &shape, &memory, ALONE, found);
    assert_eq!((less.shares[0].kv_mib, less.shares[1].kv_mib), (0.0, 360.0));
    assert_eq!(less.shares[1].compute_mib, 300.0);
    assert!(less.fits && less.verdict.contains("fit"), "{}", less.verdict);
    let much = Measured {
        cache_mib: 9000.0,
        ..found
    };
    let more = with_measured(plan, &shape, &memory, ALONE, much);
    assert!(!more.fits && more.verdict.contains("need"), "{}", more.verdict);
}

#[test]
fn more_memory_never_gives_a_smaller_plan() {
    let mut last = 0;
    for free in (2800..20_000).step_by(400) {
        if let Ok(plan) = fit(&qwen(), &profile(KvType::F16, 32_768), &ram(f64::from(free)), ALONE) {
            assert!(plan.profile.context_tokens >= last, "{free}");
            last = plan.profile.context_tokens;
        }
    }
    assert_eq!(last, 32_768);
}

#[test]
fn auto_takes_the_largest_context_there_is_room_for() {
    let (plan, reason) = choose(&qwen(), &profile(KvType::F16, 16_384), &ram(16_000.0), ALONE).expect("fits");
    assert_eq!(plan.profile.context_tokens, 32_768);
    assert_eq!(reason.code, "profile_automatic");
    assert!(reason.message.contains("32,768"), "{reason:?}");
    let (small, _) = choose(&qwen(), &profile(KvType::F16, 16_384), &ram(3600.0), ALONE).expect("fits");
    assert!(small.profile.context_tokens <= 8192);
}

#[test]
fn auto_takes_no_more_than_its_profile_was_cut_down_to() {
    let plenty = ram(20_000.0);
    let (plan, _) = choose(&qwen(), &profile(KvType::Q8_0, 16_384), &plenty, ALONE).expect("fits");
    assert_eq!(plan.profile.attention.kv(), KvType::Q8_0);
    let (plan, _) = choose(&qwen(), &profile(KvType::Q4_0, 4096), &plenty, ALONE).expect("fits");
    assert_eq!(plan.profile.attention.kv(), KvType::Q4_0);
    assert!(plan.profile.context_tokens <= 8192, "{}", plan.profile.context_tokens);
    let (plan, _) = choose(&qwen(), &profile(KvType::F16, 2048), &plenty, ALONE).expect("fits");
    assert!(plan.profile.context_tokens <= 4096, "{}", plan.profile.context_tokens);
}
