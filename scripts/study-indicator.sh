#!/usr/bin/env bash
# How well the error indicator and the adaptive run do on cases that the model was not trained on.
#
#   scripts/study-indicator.sh [--families LIST] [--seeds LIST] [--tolerance TOL] [...]
#
# For each family of inputs/family.py: training cases -> `ferrom solve` -> `ferrom offline`; for each seed an unseen case:
# truth by `ferrom solve`, the plain and the adaptive reduced run, `ferrom compare`; then the tables of
# scripts/study_indicator.py. The family `cycles` is the reference data's cube extrapolated from one cycle to many.
#
#   --families LIST     of cube,bar,blade,hot,cycles (default: all; hot and cycles need the reference data and are skipped
#                       where they are not there)
#   --seeds LIST        unseen cases, such as 1-10 or 1,4,7 (default 1-10)
#   --train LIST        seeds of the training cases (default 1)
#   --wide              draw the training cases from the ranges of the unseen ones (with --train seeds of their own)
#   --refine N          of the meshes (default: cube and bar 2, blade 1)
#   --blade MESH        another mesh for the blade: an Ansys .cdb whose root is held at FIRTREE1 to 4
#   --tolerance TOL     error aimed at by the adaptive run (default 3e-2)
#   --tight TOL         second tolerance, for the family `cycles` (default 1e-2)
#   --cycles N          of the family `cycles` (default 20)
#   --online "OPTIONS"  more options for the adaptive run
#   --docs FILE         put the tables into FILE, between its marks
#
# Files are in target/study (--folder); truths are computed once and kept for as long as their case does not change:
# remove the folder after a change of the solver. Program: target/release/ferrom, or FERROM. Python with numpy and h5py:
# FERROM_PYTHON, or that of scripts/setup.sh --tests. Exit code: 0 all ran, 1 a truth or a model failed (a reduced run
# that fails is a result, and stands in the table), 2 usage.
set -uo pipefail
. "$(dirname "$0")/common.sh"

families=cube,bar,blade,hot,cycles seeds=1-10 train=1 wide=--train refine= blade= tolerance=3e-2 tight=1e-2 cycles=20 more= docs=
study=$root/target/study
while [ $# -gt 0 ]; do
    case "$1" in -h | --help) usage ;; esac
    [ "$1" = --wide ] && { wide=; shift; continue; }
    [ $# -ge 2 ] || die "'$1' needs a value, or is unknown (--help)"
    case "$1" in
        --families) families=$2 ;;
        --seeds) seeds=$2 ;;
        --train) train=$2 ;;
        --refine) refine=$2 ;;
        --blade) blade=$2 ;;
        --tolerance) tolerance=$2 ;;
        --tight) tight=$2 ;;
        --cycles) cycles=$2 ;;
        --online) more=$2 ;;
        --docs) docs=$2 ;;
        --folder) study=$2 ;;
        *) die "unknown option '$1' (--help)" ;;
    esac
    shift 2
done

# 1-3,7 -> 1 2 3 7
expand() {
    local part
    for part in ${1//,/ }; do
        case "$part" in
            *[!0-9-]* | -* | *- | "") die "'$1' is not a list of seeds such as 1-10 or 1,4" ;;
            *-*) seq "${part%-*}" "${part#*-}" ;;
            *) echo "$part" ;;
        esac
    done
}
seeds=$(expand "$seeds") || exit 2
train=$(expand "$train") || exit 2
find_program
reference=$(cd "${FERROM_REFERENCE:-$root/../shared/reference}" 2>/dev/null && pwd)
find_python
mkdir -p "$study"
study=$(cd "$study" && pwd)
failed=0

# ferrom with its summary in FILE.json; FILE.failed holds the message where it fails
ferrom() { # FILE arguments...
    local file=$1
    shift
    rm -f "$file.json" "$file.failed"
    if ! "$program" "$@" --quiet --summary "$file.json" >"$file.log" 2>&1; then
        tail -n 3 "$file.log" >"$file.failed"
        echo "  failed: ferrom $* : $(tail -n 1 "$file.failed")" >&2
        return 1
    fi
}

# Writes the case of a folder anew and keeps what was computed there if it is the same case.
write_case() { # FOLDER arguments of family.py
    local folder=$1 new=$1.new
    shift
    rm -rf "$new"
    "$python" "$root/inputs/family.py" "$@" --folder "$new" || return 1
    keep_case "$folder" "$new"
}

keep_case() { # FOLDER NEW
    local file
    for file in "$2"/*; do
        cmp -s "$file" "$1/${file##*/}" || { rm -rf "$1" && mv "$2" "$1"; return; }
    done
    rm -rf "$2"
}

truth() { # FOLDER
    [ -s "$1/truth.h5" ] && return
    ferrom "$1/truth" solve "$1"/case.* -o "$1/truth.h5" --quantities sig,p || { failed=1; return 1; }
}

model() { # FOLDER snapshots...
    local folder=$1
    shift
    ferrom "$folder/model" offline "$@" -o "$folder/model.h5" || { failed=1; return 1; }
}

# Plain and adaptive run of a case, and their errors.
reduced() { # FOLDER MODEL more...
    local folder=$1 model=$2
    shift 2
    local run=$folder/plain
    rm -f "$folder"/{plain,adaptive}*
    ferrom "$run" online "$model" "$folder"/case.* -o "$run.h5" --rebuild U,p,sig "$@" &&
        ferrom "$run-errors" compare "$run.h5" "$folder/truth.h5" --quantity U,p,sig
    local tol
    for tol in $tolerances; do
        run=$folder/adaptive-$tol
        # shellcheck disable=SC2086
        ferrom "$run" online "$model" "$folder"/case.* -o "$run.h5" --rebuild U,p,sig --adaptive --error-tol "$tol" $more "$@" &&
            ferrom "$run-errors" compare "$run.h5" "$folder/truth.h5" --quantity U,p,sig
    done
}

folders=()
for family in ${families//,/ }; do
    folder=$study/$family${refine:+-$refine}
    tolerances=$tolerance
    options=()
    case "$family" in
        cube | bar | blade)
            [ -n "$refine" ] && options+=(--refine "$refine")
            [ "$family" = blade ] && [ -n "$blade" ] && { options+=(--mesh "$blade"); folder=$study/blade-deck; }
            ;;
        hot | cycles)
            folder=$study/$family
            [ -d "$reference/zset/MecaAlternateTempDefinition" ] || { echo "$family: skipped, the reference data are not there"; continue; }
            options+=(--reference "$reference")
            ;;
        *) die "unknown family '$family'; known: cube, bar, blade, hot, cycles" ;;
    esac
    mkdir -p "$folder"
    echo "== $family"
    if [ "$family" = cycles ]; then
        tolerances="$tolerance $tight"
        source=$reference/zset/MecaAlternateTempDefinition
        one=$folder/train-1 many=$folder/cycles-$cycles
        for at in "$one" "$many"; do
            rm -rf "$at.new" && mkdir -p "$at.new" && cp "$source"/{cube.geof,mat,*.node} "$at.new" && chmod u+w "$at.new"/*
        done
        cp "$source/cube.inp" "$one.new/case.inp"
        sed "s/\*\*cycles 2/**cycles $cycles/" "$source/cube2cycles.inp" >"$many.new/case.inp"
        keep_case "$one" "$one.new"
        keep_case "$many" "$many.new"
        truth "$one" && model "$folder" "$one/truth.h5" || continue
        truth "$many" || continue
        reduced "$many" "$folder/model.h5"
        echo "  $cycles cycles"
        printf '%s\n' "${one##*/}" "${many##*/}" >"$folder/cases"
        folders+=("$folder")
        continue
    fi
    snapshots=()
    for seed in $train; do
        at=$folder/train-$seed
        write_case "$at" "$family" --seed "$seed" $wide "${options[@]}" && truth "$at" || { failed=1; continue 2; }
        snapshots+=("$at/truth.h5")
        [ "$family" = hot ] && break # there is one training field
    done
    model "$folder" "${snapshots[@]}" || continue
    printf '%s\n' "${snapshots[@]%/truth.h5}" | sed 's|.*/||' >"$folder/cases"
    for seed in $seeds; do
        at=$folder/seed-$seed
        write_case "$at" "$family" --seed "$seed" "${options[@]}" || { failed=1; continue; }
        truth "$at" || continue
        reduced "$at" "$folder/model.h5"
        echo "seed-$seed" >>"$folder/cases"
        echo "  seed $seed"
    done
    folders+=("$folder")
done

[ ${#folders[@]} -gt 0 ] || exit "$failed"
"$python" "$root/scripts/study_indicator.py" "${folders[@]}" --json "$study/results.json" ${docs:+--docs "$docs"} || failed=1
exit "$failed"
