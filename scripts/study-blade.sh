#!/usr/bin/env bash
# The adaptive run at size: the turbine blade of the reference data (47 067 unknowns), trained on one cycle of rotation,
# pressure and temperature, run over five cycles of another speed, pressure and random temperature field.
#
#   scripts/study-blade.sh [--seed N] [--increments N] [--tolerance TOL] [--ranks N] [--figure FILE.png]
#
# Prints one table: seconds of the high-fidelity `ferrom solve` of the five cycles and of the adaptive run, whole runs on
# the same ranks one after the other, their ratio, and the error of the replayed p over the steps where p is above 1 % of
# its largest value in training.
#
#   --seed N         unseen case of inputs/family.py (default 1)
#   --increments N   increments of each of the three parts of a cycle (default 4)
#   --same-loads     five cycles of the training loads instead
#   --tolerance TOL  error aimed at (default 2e-2)
#   --ranks N        ranks of every run (default 1)
#   --figure FILE    p at the end, truth and adaptive, and their difference (needs matplotlib)
#
# Needs the reference data (FERROM_REFERENCE) and a Python with numpy and h5py (FERROM_PYTHON). Files are in target/blade.
# Exit code: 0 ran, 1 a run failed, 2 usage.
set -euo pipefail
. "$(dirname "$0")/common.sh"
seed=1 increments=4 tolerance=2e-2 ranks=1 figure= same=
while [ $# -gt 0 ]; do
    case "$1" in
        -h | --help) usage ;;
        --same-loads) same=1; shift; continue ;;
    esac
    [ $# -ge 2 ] || die "'$1' needs a value, or is unknown (--help)"
    case "$1" in
        --seed) seed=$2 ;;
        --increments) increments=$2 ;;
        --tolerance) tolerance=$2 ;;
        --ranks) ranks=$2 ;;
        --figure) figure=$2 ;;
        *) die "unknown option '$1' (--help)" ;;
    esac
    shift 2
done
find_program
mesh=${FERROM_REFERENCE:-$root/../shared/reference}/ansys/blade/blade.cdb
[ -f "$mesh" ] || { echo "study-blade.sh: skipped, $mesh is not there"; exit 0; }
find_python
out=$root/target/blade
rm -rf "$out" && mkdir -p "$out"
ferrom() { mpirun -n "$ranks" "$program" "$@" --quiet; }

write_case() { # FOLDER CYCLES options of family.py
    local folder=$1 cycles=$2
    shift 2
    "$python" "$root/inputs/family.py" blade --mesh "$mesh" --folder "$folder" "$@"
    sed -i "s/^cycles = .*/cycles = $cycles/; s/^increments = .*/increments = [$increments, $increments, $increments]/" "$folder/case.toml"
}
write_case "$out/train" 1 --seed 1 --train
if [ -n "$same" ]; then write_case "$out/case" 5 --seed 1 --train; else write_case "$out/case" 5 --seed "$seed"; fi
echo "training: one cycle" >&2
ferrom solve "$out/train/case.toml" -o "$out/train.h5" --quantities sig,p --summary "$out/train.json"
ferrom offline "$out/train.h5" -o "$out/model.h5" --summary "$out/model.json"
echo "adaptive run: five cycles" >&2
ferrom online "$out/model.h5" "$out/case/case.toml" -o "$out/run.h5" --rebuild U,p --adaptive --error-tol "$tolerance" \
    --save-model "$out/enriched.h5" --summary "$out/run.json"
echo "high-fidelity run: five cycles" >&2
ferrom solve "$out/case/case.toml" -o "$out/truth.h5" --quantities p --summary "$out/truth.json"
"$python" "$root/scripts/study_blade.py" "$out" ${figure:+--figure "$figure"}
