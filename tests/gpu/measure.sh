#!/bin/sh
# Measures DocMind's profiles on a machine with an NVIDIA GPU, without engine, store or window.
#
#   tests/gpu/measure.sh pack OUT.tar.xz      here: docmind-generate with llama.cpp's libraries, under 40 MiB
#   tests/gpu/measure.sh measure [FOLDER]     there: builds the CUDA module where it is missing, makes the weights, prints the table
#   tests/gpu/measure.sh dry-run              everything that needs no GPU, with the tiny model, on the CPU
#
# FOLDER (default: beside this script) holds docmind-generate and runtime/. Weights go to $MODELS (default: FOLDER/models; F16 needs
# 8 GB, Q8_0 4.3 GB, Q4_K_M 2.5 GB). Needs for building: cmake, ninja or make, nvcc, and llama.cpp's source in $LLAMA_SOURCE.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bin=${DOCMIND_BIN_DIR:-$here/../../target/debug}

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
    for variant in haswell skylakex icelake sapphirerapids zen4 x64; do
        module="$bin/runtime/backends/libggml-cpu-$variant.so"
        [ -e "$module" ] && cp -L "$module" "$work/docmind/runtime/backends/"
    done
    if [ -e "$bin/runtime/backends/libggml-cuda.so" ]; then
        cp -L "$bin/runtime/backends/libggml-cuda.so" "$work/docmind/runtime/backends/"
    fi
    find "$work/docmind/runtime" -name '*.so*' -exec strip --strip-unneeded {} +
    cp "$here/measure.sh" "$work/docmind/"
    tar -C "$work" -cJf "$out" docmind
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
    cmake -S "$LLAMA_SOURCE/ggml" -B "$work" -DCMAKE_BUILD_TYPE=Release -DGGML_BACKEND_DL=ON -DBUILD_SHARED_LIBS=ON \
        -DGGML_NATIVE=OFF -DGGML_CPU=OFF -DGGML_CUDA=ON -DGGML_CUDA_NO_VMM=ON -DCMAKE_CUDA_ARCHITECTURES="$arch"
    cmake --build "$work" --target ggml-cuda -j "$(nproc)"
    find "$work" -name libggml-cuda.so -exec cp {} "$folder/runtime/backends/" \;
    rm -rf "$work"
}

make_weights() {
    generate=$1 models=$2 shape=$3
    mkdir -p "$models"
    for weights in f16 q8_0 q4_k_m; do
        [ -e "$models/$shape-$weights.gguf" ] || "$generate" make-model --shape "$shape" --weights "$weights" --out "$models/$shape-$weights.gguf"
    done
}

measure() {
    folder=${1:-$here}
    generate=$folder/docmind-generate
    models=${MODELS:-$folder/models}
    build_cuda "$folder"
    "$generate" devices --runtime "$folder/runtime"
    nvidia-smi --query-gpu=name,memory.total,clocks.max.mem,driver_version --format=csv
    make_weights "$generate" "$models" qwen3-4b
    "$generate" bench --runtime "$folder/runtime" --model "$models" --profiles reference,quality,balanced,long-context,compact \
        --prompt-tokens 2048 --output-tokens 128 --repeat 5
}

dry_run() {
    generate=$bin/docmind-generate
    models=$(mktemp -d)
    trap 'rm -rf "$models"' EXIT
    "$generate" devices --runtime "$bin/runtime"
    make_weights "$generate" "$models" tiny
    "$generate" bench --runtime "$bin/runtime" --model "$models" --profiles reference,quality,balanced,compact --context 2048 \
        --prompt-tokens 300 --output-tokens 32 --repeat 2
}

case "${1:-}" in
    pack) pack "${2:?where to}" ;;
    measure) measure "${2:-}" ;;
    dry-run) dry_run ;;
    *) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
