#!/usr/bin/env bash
# ferrom against other programs, on seeded problems: one table of ratios, and target/bench/result.json.
#
#   scripts/bench.sh                 small and middle problems
#   scripts/bench.sh --large         also 3,000,000 x 50 snapshots and 1,000,000 points (5 GB of disk, 4 GB of memory)
#   scripts/bench.sh plastic speed   only tasks whose names begin so (scripts/bench_table.py lists them)
#
# Peers: numpy, scipy, pymor from PyPI, in target/bench/venv, and CalculiX (Debian: calculix-ccx). What does not install is
# named and left out. Each is timed right after ours, with one thread; files are kept in target/bench for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."
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
