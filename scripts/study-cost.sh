#!/usr/bin/env bash
# What the error indicator costs beside the reduced step, on meshes of several sizes: the blade-like part (inputs/family.py,
# blade) trained on one coarsely stepped cycle, and run over five finer ones with the indicator on and no enrichment.
#
#   scripts/study-cost.sh [--refine LIST] [--increments N] [--modes N]
#
#   --refine LIST     meshes (default 2,3,5: 16 k, 48 k and 200 k unknowns)
#   --increments N    increments of training in each third of the cycle (default 2)
#   --modes N         displacement modes, the same on every mesh (default 6)
#
# Needs a Python with numpy and h5py (FERROM_PYTHON). Prints one row a mesh: unknowns, modes, cubature points, microseconds of a reduced step (Newton and indicator), share of the
# indicator. Files are in target/cost. Exit code: 0 ran, 1 a run failed, 2 usage.
set -euo pipefail
. "$(dirname "$0")/common.sh"
refine=2,3,5 increments=2 modes=6
while [ $# -gt 0 ]; do
    case "$1" in -h | --help) usage ;; esac
    [ $# -ge 2 ] || die "'$1' needs a value, or is unknown (--help)"
    case "$1" in
        --refine) refine=$2 ;;
        --increments) increments=$2 ;;
        --modes) modes=$2 ;;
        *) die "unknown option '$1' (--help)" ;;
    esac
    shift 2
done
find_program
find_python
out=$root/target/cost
rm -rf "$out" && mkdir -p "$out"
echo "| unknowns | modes | points | reduced step | indicator |"
echo "|---|---|---|---|---|"
for r in ${refine//,/ }; do
    at=$out/$r
    write() { # FOLDER CYCLES INCREMENTS
        "$python" "$root/inputs/family.py" blade --refine "$r" --seed 1 --train --folder "$1"
        sed -i "s/^cycles = .*/cycles = $2/; s/^increments = .*/increments = [$3, $3, $3]/" "$1/case.toml"
    }
    write "$at/train" 1 "$increments"
    write "$at/case" 5 10
    "$program" solve "$at/train/case.toml" -o "$at/train.h5" --quantities sig,p --summary "$at/train.json" --quiet
    "$program" offline "$at/train.h5" -o "$at/model.h5" --max-modes "$modes" --quiet 2>"$at/offline.log"
    # a tolerance that nothing exceeds
    "$program" online "$at/model.h5" "$at/case/case.toml" -o "$at/run.h5" --rebuild U --rebuild-by gappy --adaptive \
        --error-tol 1e6 --summary "$at/run.json" --quiet 2>"$at/run.log"
    "$python" - "$at" <<'ROW'
import json, sys
train, run = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("train", "run"))
step = run["seconds"][2] / run["increments"]
print(f"| {train['unknowns']} | {run['modes']} | {run['points']} | {1e6 * step:.0f} us | {100 * run['indicator_seconds'] / run['seconds'][2]:.1f} % |")
ROW
done
