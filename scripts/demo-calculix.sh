#!/usr/bin/env bash
# The whole chain with results of CalculiX: the stock program computes two training loads of a notched bar with its own
# viscoplastic law; ferrom imports them, checks that its law agrees, builds a model, predicts a third load of three cycles,
# and is compared with CalculiX' own computation of it.
#
#   scripts/demo-calculix.sh              results in target/demo-calculix
#   scripts/demo-calculix.sh --refine 1   a coarser bar (1,059 unknowns instead of 4,599)
#
# Installs what is missing (scripts/setup.sh --calculix). Exit code: 0 done, else that of what failed.
set -euo pipefail
cd "$(dirname "$0")/.."

refine=2
if [ $# -gt 0 ]; then
    [ $# -eq 2 ] && [ "$1" = --refine ] || { echo "demo-calculix.sh: the only option is --refine N" >&2; exit 2; }
    refine=$2
fi

scripts/setup.sh --calculix
[ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
. scripts/env.sh
if [ -z "${FERROM:-}" ]; then
    cargo build --release --locked
    FERROM=$PWD/target/release/ferrom
fi
out=target/demo-calculix
rm -rf "$out"
say() { printf '\n== %s\n' "$*"; }
ferrom() { "$FERROM" "$@" --quiet 2>>"$out/warnings"; }

say "decks (inputs/calculix_notch.py)"
python3 inputs/calculix_notch.py --refine "$refine" "$out"

for deck in train_pull train_heat predict; do
    say "CalculiX: $deck.inp"
    # processor time of CalculiX, as it stands in the table
    (cd "$out" && TIMEFORMAT='%U %S' && { time ccx "$deck" >"$deck.log" 2>&1; } 2>"$deck.seconds")
    if grep -q '\*ERROR' "$out/$deck.log"; then
        grep '\*ERROR' "$out/$deck.log" >&2
        exit 1
    fi
done

say "import, and the law against CalculiX' own (ferrom check, import, solve)"
ferrom check "$out/train_pull.inp" --summary "$out/check.json"
for deck in train_pull train_heat; do
    ferrom import "$out/$deck.inp" -o "$out/$deck.h5" --summary "$out/$deck.json"
done
ferrom solve "$out/train_pull.inp" -o "$out/own.h5" --summary "$out/own.json"
ferrom compare "$out/own.h5" "$out/train_pull.frd" --quantity U --from 1e-9 --summary "$out/law.json" >/dev/null

say "reduced model (ferrom offline), another load (ferrom online)"
ferrom offline "$out/train_pull.h5" "$out/train_heat.h5" -o "$out/model.h5" --summary "$out/offline.json"
ferrom online "$out/model.h5" "$out/predict.inp" -o "$out/prediction.h5" --rebuild U,p --summary "$out/online.json" \
    --figure "$out/indicator.svg"
ferrom compare "$out/prediction.h5" "$out/predict.frd" --quantity U --from 1e-9 --summary "$out/compare.json" >/dev/null

python3 scripts/demo_calculix_table.py "$out"
