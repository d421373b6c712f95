#!/bin/sh
# Compiles the project's own crates with what libFuzzer is guided by: counters for edges, and what comparisons compare.
# Cargo runs it before the compiler, for them alone: what they depend on is compiled as for the tests, and not again.
exec "$@" \
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    --cfg=fuzzing
