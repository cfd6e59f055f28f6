#!/usr/bin/env bash
# The whole chain with results of CalculiX: it computes two training loads of a notched bar; ferrom imports them, checks that
# its law agrees, builds a model, predicts a third load of three cycles, and is compared with CalculiX' own computation of
# it. First with a viscoplastic law of CalculiX; then, where the ccx at hand opens compiled laws, with one UMAT library that
# both programs call (the one of the tests, compiled here).
#
#   scripts/demo-calculix.sh              results in target/demo-calculix
#   scripts/demo-calculix.sh --refine 1   a coarser bar (1,059 unknowns instead of 4,599)
#
# Installs what is missing (scripts/setup.sh --calculix --tests). CCX names another program than ccx, FERROM one that is
# built. Exit code: 0 done, else that of what failed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

refine=2
if [ $# -gt 0 ]; then
    [ $# -eq 2 ] && [ "$1" = --refine ] || die "the only option is --refine N"
    refine=$2
fi
scripts/setup.sh --calculix --tests
build
ccx=${CCX:-ccx}
out=$PWD/target/demo-calculix
rm -rf "$out"
mkdir -p "$out/own" "$out/umat"
ferrom() { "$program" "$@" --quiet 2>>"$out/warnings"; }

# chain FOLDER VARIABLE: the decks of a folder, from CalculiX to the comparison; VARIABLE: the cumulated plastic strain
chain() {
    local at=$1 p=$2 deck
    for deck in train_pull train_heat predict; do
        say "CalculiX: $deck.inp"
        # processor time of CalculiX, as it stands in the table
        (cd "$at" && TIMEFORMAT='%U %S' && { time OMP_NUM_THREADS=1 "$ccx" "$deck" >"$deck.log" 2>&1; } 2>"$deck.seconds") ||
            { tail -n 3 "$at/$deck.log" >&2; return 1; }
        if grep -q '\*ERROR' "$at/$deck.log"; then
            grep '\*ERROR' "$at/$deck.log" >&2
            return 1
        fi
    done
    say "import, and the law against that of CalculiX (ferrom check, import, solve)"
    ferrom check "$at/train_pull.inp" --summary "$at/check.json"
    for deck in train_pull train_heat predict; do
        ferrom import "$at/$deck.inp" -o "$at/$deck.h5" --summary "$at/$deck.json"
    done
    ferrom solve "$at/train_pull.inp" -o "$at/own.h5" --quantities "sig,$p" --summary "$at/own.json"
    ferrom compare "$at/own.h5" "$at/train_pull.frd" --quantity "U,sig,$p" --from 1e-9 --summary "$at/law.json"
    say "reduced model (ferrom offline), another load (ferrom online)"
    ferrom offline "$at/train_pull.h5" "$at/train_heat.h5" -o "$at/model.h5" --quantities "sig,$p" --summary "$at/offline.json"
    ferrom online "$at/model.h5" "$at/predict.inp" -o "$at/prediction.h5" --rebuild "U,sig,$p" --summary "$at/online.json" \
        --figure "$at/indicator.svg"
    ferrom compare "$at/prediction.h5" "$at/predict.frd" --quantity "U,sig,$p" --from 1e-9 --summary "$at/compare.json"
    target/venv/bin/python scripts/demo_calculix_table.py "$at" "$p"
}

say "a law of CalculiX: decks (inputs/calculix_notch.py)"
python3 inputs/calculix_notch.py --refine "$refine" "$out/own"
chain "$out/own" p

say "a compiled law for both (tests/umat/chaboche_umat.c)"
cc -O2 -shared -fPIC -o "$out/umat/libCHABOCHE.so" tests/umat/chaboche_umat.c -lm
# a program without external behaviours takes the name of the material, and dies at the first call
cat > "$out/umat/probe.inp" <<'INP'
*NODE, NSET=NALL
1, 0, 0, 0
2, 1, 0, 0
3, 1, 1, 0
4, 0, 1, 0
5, 0, 0, 1
6, 1, 0, 1
7, 1, 1, 1
8, 0, 1, 1
*ELEMENT, TYPE=C3D8, ELSET=EALL
1, 1, 2, 3, 4, 5, 6, 7, 8
*NSET, NSET=ROOT
1, 4, 5, 8
*MATERIAL, NAME=@ABAQUS_CHABOCHE
*USER MATERIAL, CONSTANTS=9
1.8e5, 0.3, 150., 60., 20., 2e4, 200., 400.
8.
*DEPVAR
13
*SOLID SECTION, ELSET=EALL, MATERIAL=@ABAQUS_CHABOCHE
*BOUNDARY
ROOT, 1, 3
*STEP
*STATIC, DIRECT
1., 1.
*CLOAD
2, 1, 1.
*NODE FILE
U
*END STEP
INP
export LD_LIBRARY_PATH="$out/umat${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
if (cd "$out/umat" && "$ccx" probe) >"$out/umat/probe.log" 2>&1 && ! grep -q '\*ERROR' "$out/umat/probe.log"; then
    python3 inputs/calculix_notch.py --refine "$refine" --umat "$out/umat"
    chain "$out/umat" sdv1
else
    echo "skipped: $(command -v "$ccx") does not call compiled laws (a job of one element failed); it has to be built with"
    echo "-DCALCULIX_EXTERNAL_BEHAVIOURS_SUPPORT, which Debian's calculix-ccx is not. CCX names another program."
fi
