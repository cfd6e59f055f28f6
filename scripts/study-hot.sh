#!/usr/bin/env bash
# Temperature fields that the model has never seen: the reference data's cube under random hot spots (family `hot` of
# inputs/family.py), trained on its own field. Sequences of five fields each; for each field
#
#   alone    the adaptive run of the training model: high-fidelity steps of 40, those of the second cycle, the first step
#            that was flagged, the worst error of the replayed p over all steps where p is above 1 % of training
#   again    the same load with the model that this run saved: high-fidelity steps
#   carried  the adaptive run of the model carried through the fields before it: high-fidelity steps, worst error
#
#   scripts/study-hot.sh [--sequences N] [--tolerance TOL]
#
# Needs the reference data (FERROM_REFERENCE) and a Python with numpy and h5py (FERROM_PYTHON). Files are in target/hot.
# Exit code: 0 ran, 1 a run failed, 2 usage.
set -euo pipefail
. "$(dirname "$0")/common.sh"
sequences=3 tolerance=3e-2
while [ $# -gt 0 ]; do
    case "$1" in -h | --help) usage ;; esac
    [ $# -ge 2 ] || die "'$1' needs a value, or is unknown (--help)"
    case "$1" in
        --sequences) sequences=$2 ;;
        --tolerance) tolerance=$2 ;;
        *) die "unknown option '$1' (--help)" ;;
    esac
    shift 2
done
find_program
reference=$(cd "${FERROM_REFERENCE:-$root/../shared/reference}" 2>/dev/null && pwd) && [ -d "$reference/zset" ] ||
    { echo "study-hot.sh: skipped, the reference data are not there"; exit 0; }
find_python
out=$root/target/hot
rm -rf "$out" && mkdir -p "$out"
ferrom() { "$program" "$@" --quiet; }
adaptive() { # MODEL FOLDER NAME
    ferrom online "$1" "$2/case.inp" -o "$2/$3.h5" --rebuild U,p --adaptive --error-tol "$tolerance" \
        --save-model "$2/$3-model.h5" --summary "$2/$3.json"
    ferrom compare "$2/$3.h5" "$2/truth.h5" --quantity p --summary "$2/$3-errors.json" >/dev/null
}

"$python" "$root/inputs/family.py" hot --train --seed 1 --folder "$out/train" --reference "$reference"
ferrom solve "$out/train/case.inp" -o "$out/train/truth.h5" --quantities sig,p
ferrom offline "$out/train/truth.h5" -o "$out/model.h5"
for sequence in $(seq "$sequences"); do
    carried=$out/model.h5
    for k in 1 2 3 4 5; do
        seed=$((5 * (sequence - 1) + k))
        at=$out/$sequence/$seed
        "$python" "$root/inputs/family.py" hot --seed "$seed" --folder "$at" --reference "$reference"
        ferrom solve "$at/case.inp" -o "$at/truth.h5" --quantities sig,p
        adaptive "$out/model.h5" "$at" alone
        adaptive "$at/alone-model.h5" "$at" again
        adaptive "$carried" "$at" carried
        carried=$at/carried-model.h5
    done
done
"$python" "$root/scripts/study_hot.py" "$out"
