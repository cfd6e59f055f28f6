#!/usr/bin/env bash
# A blade of a million unknowns through import, offline and online stage on two ranks: one table of seconds and memory.
#
#   scripts/large.sh             1 million unknowns
#   scripts/large.sh --size 5    5 million: 20 GB of memory and 15 GB of disk
#
# The displacements are made up: smooth, zero where the case holds the blade, and large enough for plastic zones; the
# stresses follow from them by the laws of the case. Files are in target/large. Needs scripts/setup.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
size=1
if [ $# -gt 0 ]; then
    [ $# -eq 2 ] && [ "$1" = --size ] && [[ "$2" =~ ^[15]$ ]] || { echo "large.sh: the only option is --size 1 or 5" >&2; exit 2; }
    size=$2
fi
[ "$size" = 5 ] && refine=15 || refine=9
. scripts/env.sh
cargo build --release --locked
out=target/large/$size
mkdir -p "$out"
[ -f "$out/blade.geof" ] || python3 meshes/notched_blade.py --refine "$refine" "$out"
target/venv/bin/python scripts/large_histories.py "$out"
run() { # name, arguments
    local name=$1
    shift
    echo "== $name" >&2
    mpirun -n 2 target/release/ferrom "$@" --quiet --summary "$out/$name.json"
}
run import import "$out/train.ut" -c "$out/train.toml" -o "$out/train.h5"
run offline offline "$out/train.h5" -o "$out/model.h5" --memory-limit 9GiB
run online online "$out/model.h5" "$out/predict.toml" -o "$out/run.h5"
run rebuild online "$out/model.h5" "$out/predict.toml" -o "$out/run.h5" --rebuild U,p,sig
exec python3 scripts/large_table.py "$out"
