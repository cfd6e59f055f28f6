#!/usr/bin/env bash
# The whole of ferrom on a turbine blade: trains on four computed cases, predicts a fifth, and measures the prediction
# against the high-fidelity solution of that case. About a minute on two free cores, after set-up
# and build.
#
#   scripts/demo.sh              results in target/demo
#   scripts/demo.sh --refine 3   a finer blade (48,000 unknowns instead of 16,000)
#
# What it runs: scripts/setup.sh --demo, cargo build, and then `ferrom solve`, `offline`, `online`, `compare` on the
# cases of inputs/. Exit code: 0 done, else that of what failed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

refine=2
if [ $# -gt 0 ]; then
    [ $# -eq 2 ] && [ "$1" = --refine ] || die "the only option is --refine N"
    refine=$2
fi

scripts/setup.sh --demo
build
out=target/demo
rm -rf "$out"
begin=$SECONDS

say "mesh and temperature fields"
python3 meshes/notched_blade.py --refine "$refine" "$out"

# Two runs at a time: one per core. A structure that is too large for one core is cut instead: mpirun -n 2 ferrom solve.
solve() { "$program" solve "inputs/$1.toml" -o "$out/$1.h5" --quiet --summary "$out/$1.json"; }
both() {
    local first
    solve "$1" &
    first=$!
    solve "$2"
    wait "$first"
}
say "training: two temperature fields, two speeds (ferrom solve inputs/train_*.toml)"
both train_mean_slow train_mean_fast
both train_streak_slow train_streak_fast

say "reduced model (ferrom offline)"
"$program" offline "$out"/train_*.h5 -o "$out/model.h5" --quiet --summary "$out/offline.json"

say "another temperature field and speed (ferrom online model.h5 inputs/predict.toml)"
"$program" online "$out/model.h5" inputs/predict.toml -o "$out/prediction.h5" --rebuild U,p,sig --quiet \
    --summary "$out/online.json"

say "the truth, for comparison only (ferrom solve inputs/predict.toml)"
"$program" solve inputs/predict.toml -o "$out/truth.h5" --quiet --summary "$out/truth.json"
"$program" compare "$out/prediction.h5" "$out/truth.h5" --quiet --summary "$out/compare.json"

say "a case outside the training (ferrom online model.h5 inputs/outside.toml)"
"$program" online "$out/model.h5" inputs/outside.toml -o "$out/outside.h5" --quiet --summary "$out/outside.json"

python3 scripts/demo_table.py "$out"
echo
echo "For ParaView, meshes with their results over time: $out/truth.h5, $out/prediction.h5 (VTKHDF; colour by p or seq)."
echo "All of it took $((SECONDS - begin)) s."
