#!/usr/bin/env bash
# ferrom against other programs, on seeded problems: one table of ratios, and target/bench/result.json.
#
#   scripts/bench.sh            small and middle problems, about three minutes
#   scripts/bench.sh --large    also 3,000,000 x 50 snapshots and 1,000,000 points (5 GB of disk, 4 GB of memory)
#
# Times are processor seconds of one thread for the algorithm alone (reading excluded), the least of three runs, each
# baseline run right after ours. Peers: numpy, scipy, pymor from PyPI, in target/bench/venv; one that does not install is
# named and left out.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 0 ] || [ "$*" = --large ] || { echo "bench.sh: the only option is --large" >&2; exit 2; }
. scripts/env.sh
unset OPENBLAS_CORETYPE
cargo build --release --locked
out=target/bench
mkdir -p "$out"
[ -x "$out/venv/bin/python" ] || python3 -m venv "$out/venv"
for package in numpy h5py scipy pymor; do
    "$out/venv/bin/python" -c "import $package" 2>/dev/null ||
        "$out/venv/bin/pip" install -q --disable-pip-version-check "$package" ||
        echo "bench.sh: $package does not install: left out" >&2
done
exec "$out/venv/bin/python" scripts/bench_table.py "$out" "$@"
