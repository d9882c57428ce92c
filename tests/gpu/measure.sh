#!/bin/sh
# Measures DocMind's profiles without engine, store or window: on a machine with an NVIDIA GPU, and on two cores of a processor.
#
#   tests/gpu/measure.sh pack OUT.tar.xz      here: docmind-generate with llama.cpp's libraries and one GPU module, under 40 MiB
#   tests/gpu/measure.sh measure [FOLDER]     there: builds the CUDA module where it is missing, makes the weights, prints the tables
#   tests/gpu/measure.sh embed [FOLDER]       there: embedding in half against single precision, each of $EMBEDDERS in turns
#   tests/gpu/measure.sh cpu [FOLDER]         the processor alone: memory of every profile, second questions, drafts, a conversation
#   tests/gpu/measure.sh cpu-memory [FOLDER]  of that, what depends on no clock
#   tests/gpu/measure.sh cpu-speed [FOLDER]   of that, what does, on two cores ($CPUS names others)
#   tests/gpu/measure.sh dry-run              everything that needs no GPU, with the tiny model
#
# FOLDER holds docmind-generate and runtime/. Its default is the folder of this script where they lie beside it, as `pack` puts them, else
# what the checkout built ($DOCMIND_BIN_DIR, target/debug). Weights go to $MODELS (default: FOLDER/models, of a checkout
# target/measure/models; F16 needs 8 GB, Q8_0 4.3 GB, Q4_K_M 2.5 GB), results as JSON lines to $RESULTS (FOLDER/results,
# target/measure/results). Needs for building: cmake, ninja or make, nvcc, and llama.cpp's source in $LLAMA_SOURCE. Where $LLAMA_BENCH
# names llama.cpp's llama-bench, speeds are compared with it. Where $VOCABULARY names a GGUF with as many tokens as the model, such as
# ggml-vocab-qwen2.gguf, second questions are cut with it. Of a checkout both are those of `cargo xtask llama-tools`, where that ran and
# they are not set, be it to nothing. What fails is said where it happens and at the end, with status 1.
#
# `embed` needs docmind-embed beside docmind-generate, and in runtime/ what `cargo xtask backend cuda` puts there, with the folder of the
# default embedder, whose tokenizer is always used too. $EMBEDDERS are names in
# runtime/embedders or folders; `cargo xtask embedder bge-large FOLDER` makes one of 1,024 dimensions.
set -eu

# As the application starts its workers (`Launch::in_huge_pages`).
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bin=${DOCMIND_BIN_DIR:-$here/../../target/debug}
failed=

# Where things are: $folder, $models, $results.
places() {
    if [ -n "$1" ] || [ -e "$here/docmind-generate" ]; then
        folder=${1:-$here}
        own=$folder
    else
        folder=$bin
        own=$here/../../target/measure
    fi
    [ -d "$folder" ] || { echo "there is no folder $folder: build first (cargo xtask build), or name another" >&2; exit 1; }
    folder=$(CDPATH='' cd -- "$folder" && pwd)
    mkdir -p "$own"
    own=$(CDPATH='' cd -- "$own" && pwd)
    models=${MODELS:-$own/models}
    results=${RESULTS:-$own/results}
    mkdir -p "$results"
    if [ -x "$folder/llama-tools/llama-bench" ]; then
        LLAMA_BENCH=${LLAMA_BENCH-$folder/llama-tools/llama-bench}
    fi
}

# The path of a program in $folder.
program() {
    [ -x "$folder/$1" ] || { echo "$folder/$1 is missing or cannot be run: build first (cargo xtask build)" >&2; exit 1; }
    echo "$folder/$1"
}

pack() {
    out=$1
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/docmind/runtime/backends"
    cp "$bin/docmind-generate" "$work/docmind/"
    strip "$work/docmind/docmind-generate"
    for name in llama ggml ggml-base llama-common; do
        cp -L "$bin/runtime/lib$name.so.0" "$work/docmind/runtime/"
    done
    # One CPU variant of each generation is enough to measure beside a GPU.
    for variant in haswell skylakex icelake zen4 x64; do
        module="$bin/runtime/backends/libggml-cpu-$variant.so"
        [ -e "$module" ] && cp -L "$module" "$work/docmind/runtime/backends/"
    done
    module=${CUDA_MODULE:-$bin/runtime/backends/libggml-cuda.so}
    if [ -e "$module" ]; then
        cp -L "$module" "$work/docmind/runtime/backends/libggml-cuda.so"
    else
        echo "without a CUDA module: it is built there (or here: cargo xtask backend cuda --arch 90-real)" >&2
    fi
    find "$work/docmind/runtime" -name '*.so*' -exec strip --strip-unneeded {} +
    cp "$here/measure.sh" "$work/docmind/"
    tar -C "$work" -c docmind | xz -9 >"$out"
    size=$(wc -c <"$out")
    echo "$out: $size bytes"
    [ "$size" -lt 41943040 ] || { echo "larger than 40 MiB" >&2; exit 1; }
}

build_cuda() {
    folder=$1
    [ -e "$folder/runtime/backends/libggml-cuda.so" ] && return
    : "${LLAMA_SOURCE:?the CUDA module is missing and LLAMA_SOURCE does not say where llama.cpp is}"
    command -v nvcc >/dev/null || PATH=$PATH:/usr/local/cuda/bin
    command -v nvcc >/dev/null || { echo "nvcc is missing: install CUDA, or pack the module" >&2; exit 1; }
    arch=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d '. ')
    work=$(mktemp -d)
    # ggml as a part: as a project of its own it wants files that llama.cpp's crate leaves out.
    printf 'cmake_minimum_required(VERSION 3.18)\nproject(docmind_backend C CXX)\nadd_subdirectory("%s/ggml" ggml)\n' \
        "$LLAMA_SOURCE" >"$work/CMakeLists.txt"
    cmake -S "$work" -B "$work/out" -DCMAKE_BUILD_TYPE=Release -DGGML_BACKEND_DL=ON -DBUILD_SHARED_LIBS=ON -DGGML_NATIVE=OFF \
        -DGGML_CPU=OFF -DGGML_CUDA=ON -DGGML_CUDA_GRAPHS=ON -DGGML_CUDA_NCCL=OFF -DGGML_CUDA_NO_VMM=ON \
        -DCMAKE_CUDA_ARCHITECTURES="$arch-real"
    cmake --build "$work/out" --target ggml-cuda -j "$(nproc)"
    cp "$work/out/bin/libggml-cuda.so" "$folder/runtime/backends/"
    rm -rf "$work"
}

make_weights() {
    shape=$1
    mkdir -p "$models"
    children=
    for weights in f16 q8_0 q4_k_m; do
        [ -e "$models/$shape-$weights.gguf" ] && continue
        "$generate" make-model --shape "$shape" --weights "$weights" --out "$models/$shape-$weights.gguf" &
        children="$children $!"
    done
    status=0
    for child in $children; do
        wait "$child" || status=1
    done
    [ "$status" = 0 ] || { echo "the weights could not be made in $models" >&2; exit 1; }
}

# Profiles measured beside those that come with DocMind: what they are compared with.
own_profiles() {
    profile() {
        printf '[[profile]]\nname = "%s"\nsummary = "%s"\nweights = "q4_k_m"\nattention = %s\ncontext_tokens = %s\n' "$1" "$2" "$3" "$4"
        printf 'n_batch = 2048\nn_ubatch = 512\noffload = { kind = "auto" }\nthreads = 0\ngraph_capture = %s\n' "$5"
        printf 'speculation = true\nbuiltin = false\n\n'
    }
    profile plain-64k "long-context without flash attention and with a half-precision cache" '{ kind = "plain" }' 65536 true
    profile flash-64k "long-context with a half-precision cache" '{ kind = "flash", kv = "f16" }' 65536 true
    profile eight-bit-cache "balanced with an 8-bit cache" '{ kind = "flash", kv = "q8_0" }' 8192 true
    profile no-graphs "balanced without captured graphs" '{ kind = "flash", kv = "f16" }' 8192 false
}

# Rows as a table, where there is a Python to lay them out.
show() {
    command -v python3 >/dev/null || { cat "$1"; return; }
    python3 - "$1" <<'TABLE'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
keys = ["decode_tps", "prefill_tps", "ttft_ms", "ttft_resident_ms", "ttft_disk_ms", "warmup_ms", "load_ms", "peak_memory_mib",
        "predicted_memory_mib", "rss_mib", "weights_mib", "kv_mib", "compute_mib", "bandwidth_fraction", "bandwidth_gbps"]
bench = [row for row in rows if "decode_tps" in row and "type" not in row]
ratio = lambda row, over, under: row[over] / row[under] if row[under] else 0.0
if bench:
    print("%-16s %s" % ("profile", " ".join("%12s" % key[:12] for key in keys)))
for row in bench:
    print("%-16s %s" % (row["profile"], " ".join("%12.2f" % row[key] for key in keys)))
for row in bench:
    print("%-16s resident 1/%.1f of cold, from disk 1/%.1f; memory %.3f of predicted, resident set %.3f of it" % (
        row["profile"], ratio(row, "ttft_ms", "ttft_resident_ms"), ratio(row, "ttft_ms", "ttft_disk_ms"),
        ratio(row, "peak_memory_mib", "predicted_memory_mib"), ratio(row, "rss_mib", "predicted_memory_mib")))
beyond = {row["profile"]: row["kv_mib"] + row["compute_mib"] for row in bench}
if "plain-64k" in beyond and "long-context" in beyond:
    print("beyond weights: long-context %.0f, plain-64k %.0f MiB, %.3f of it" % (
        beyond["long-context"], beyond["plain-64k"], beyond["long-context"] / beyond["plain-64k"]))
for row in rows:
    if "type" in row:
        print(json.dumps(row))
TABLE
}

run() {
    name=$1
    shift
    echo "== $name"
    status=0
    "$@" >"$results/$name.json" 2>"$results/$name.log" || { status=1; echo "failed:"; tail -n 5 "$results/$name.log"; }
    show "$results/$name.json" || status=1
    [ "$status" = 0 ] || failed="$failed $name"
}

measure() {
    places "$1"
    generate=$(program docmind-generate)
    build_cuda "$folder"
    make_weights qwen3-4b
    own_profiles >"$results/profiles.toml"
    nvidia-smi --query-gpu=name,memory.total,clocks.max.mem,driver_version --format=csv
    "$generate" devices --runtime "$folder/runtime"
    small=$models/qwen3-4b-q4_k_m.gguf
    measuring="$generate bench --runtime $folder/runtime --book $results/profiles.toml --prompt-tokens 2048 --output-tokens 128"
    run profiles $measuring --model "$models" --profiles reference,quality,balanced,long-context,compact --repeat 5
    run no-graphs $measuring --model "$small" --profiles no-graphs --repeat 3
    run with-graphs $measuring --model "$small" --profiles balanced --repeat 3
    run long $measuring --model "$small" --profiles plain-64k,long-context --repeat 1
    run long-filled "$generate" bench --runtime "$folder/runtime" --book "$results/profiles.toml" --prompt-tokens 32768 \
        --output-tokens 128 --model "$small" --profiles plain-64k,flash-64k,long-context --repeat 1
    # 4-bit random weights differ from themselves by more than devices do: what is compared is halves and bytes.
    run devices-agree "$generate" agree --runtime "$folder/runtime" --model "$models" --profiles reference,quality,balanced
    run fit "$generate" fit --runtime "$folder/runtime" --model "$small" --profiles balanced,compact --room-mib 1000,1500,2000,2500,3000,3500,4000
    run lookup "$generate" lookup --runtime "$folder/runtime" --model "$small" --profiles balanced --repeat 5
    if [ -n "${LLAMA_BENCH:-}" ]; then
        run against $measuring --model "$models" --profiles balanced,reference --repeat 5 --against "$LLAMA_BENCH"
    fi
}

embed() {
    places "$1"
    embed=$(program docmind-embed)
    for embedder in ${EMBEDDERS:-all-MiniLM-L6-v2}; do
        rows="$results/embed-$(basename "$embedder").json"
        : >"$rows"
        for _ in $(seq "${REPEAT:-3}"); do
            for precision in fp32 fp16; do
                "$embed" bench --runtime "$folder/runtime" --embedder "$embedder" --device cuda \
                    --precision "$precision" --count "${TEXTS:-8192}" --compare no >>"$rows"
            done
        done
        # Once more for what half precision changes: the reference is computed on the processor.
        "$embed" bench --runtime "$folder/runtime" --embedder "$embedder" --device cuda --precision fp16 --count 64 >"$rows.cosine"
        cat "$rows" "$rows.cosine"
        python3 - "$rows" <<'RATIO'
import json, statistics, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert all(row["device"] == "cuda" for row in rows), "not on the graphics card"
speed = {p: statistics.median(r["texts_per_second"] for r in rows if r["precision"] == p) for p in ("fp32", "fp16")}
print("%s: half precision %.2f times single, %.0f against %.0f texts a second" % (
    rows[0]["model"], speed["fp16"] / speed["fp32"], speed["fp16"], speed["fp32"]))
RATIO
    done
}

# Two cores that share nothing.
two_cores() {
    lscpu -p=CPU,CORE | awk -F, '!/^#/ && !seen[$2]++ { print $1 }' | head -n 2 | paste -s -d , -
}

prepare_cpu() {
    places "$1"
    generate=$(program docmind-generate)
    make_weights "${SHAPE:-qwen3-4b}"
    own_profiles >"$results/profiles.toml"
    small=$models/$shape-q4_k_m.gguf
    common="--runtime $folder/runtime --gpu off --book $results/profiles.toml"
}

# What takes how much memory, and what is read again: the same however fast the machine is.
cpu_memory() {
    prepare_cpu "$1"
    run cpu-memory "$generate" bench $common --model "$models" --prompt-tokens 64 --output-tokens 4 --repeat 1 \
        --profiles reference,quality,balanced,eight-bit-cache,long-context,compact,plain-64k
    run cpu-filled "$generate" bench $common --model "$small" --prompt-tokens "${FILLED:-8000}" --output-tokens 16 --repeat 1 \
        --profiles balanced,eight-bit-cache
    run cpu-fit "$generate" fit $common --model "$small" --profiles balanced,long-context,compact --room-mib "${ROOMS:-3000,3500,4000,6000}"
    run cpu-conversation "$generate" conversation $common --model "$small" --profiles balanced
}

cpu_speed() {
    prepare_cpu "$1"
    cpus=${CPUS:-$(two_cores)}
    pinned="taskset -c $cpus $generate"
    common="$common --threads 2"
    echo "on the processors $cpus"
    questions=$small
    known=$folder/llama-tools/ggml-vocab-qwen2.gguf
    if [ "$shape" = qwen3-4b ] && [ -e "$known" ]; then
        VOCABULARY=${VOCABULARY-$known}
    fi
    if [ -n "${VOCABULARY:-}" ]; then
        # Not beside the others: a folder's files are chosen by their weights.
        questions=$models/vocabulary/$shape-q4_k_m.gguf
        mkdir -p "$models/vocabulary"
        [ -e "$questions" ] || python3 "$here/vocabulary.py" "$small" "$VOCABULARY" "$questions"
    fi
    run cpu-questions $pinned bench $common --model "$questions" --profiles balanced --prompt-tokens "${SOURCES:-1100}" \
        --output-tokens 32 --repeat "${REPEAT:-5}"
    run cpu-lookup $pinned lookup $common --model "$small" --profiles balanced --repeat "${REPEAT:-5}"
    if [ -n "${LLAMA_BENCH:-}" ]; then
        run cpu-against $pinned bench $common --model "$small" --profiles balanced --prompt-tokens 512 --output-tokens 64 \
            --repeat "${REPEAT:-5}" --against "$LLAMA_BENCH"
    fi
    run cpu-int4 $pinned bench $common --model "$models" --profiles reference,balanced,eight-bit-cache --prompt-tokens 128 \
        --output-tokens 48 --repeat "${REPEAT:-5}"
}

dry_run() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    export MODELS="$work" RESULTS="$work" SHAPE=tiny FILLED=1900 SOURCES=600 REPEAT=2 ROOMS=12,16
    places "$bin"
    generate=$(program docmind-generate)
    "$generate" devices --runtime "$folder/runtime"
    cpu_memory "$bin"
    cpu_speed "$bin"
    measuring="$generate bench --runtime $folder/runtime --book $results/profiles.toml --context 2048 --prompt-tokens 300 --output-tokens 32"
    run profiles $measuring --model "$models" --profiles reference,quality,balanced,compact --repeat 2
    run own $measuring --model "$models" --profiles no-graphs --repeat 1
}

case "${1:-}" in
    pack) pack "${2:?where to}" ;;
    measure) measure "${2:-}" ;;
    embed) embed "${2:-}" ;;
    cpu) cpu_memory "${2:-}"; cpu_speed "${2:-}" ;;
    cpu-memory) cpu_memory "${2:-}" ;;
    cpu-speed) cpu_speed "${2:-}" ;;
    dry-run) dry_run ;;
    *) sed -n '2,22s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
