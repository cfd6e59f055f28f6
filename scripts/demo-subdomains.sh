#!/usr/bin/env bash
# Results that Z-set wrote by sub-domains, on other numbers of ranks: import, reduced model and prediction on 1, 2 and 3
# ranks, each held against what Z-set stored. A few seconds after the build.
#
#   scripts/demo-subdomains.sh CASE.inp   the input of a computation by sub-domains; beside it CASE.cut, CASE-001.ut, ...
#
# Without CASE.inp it takes MecaParallel of the reference (FERROM_REFERENCE, default ../shared/reference): two sub-domains.
# Results in target/demo-subdomains. Exit code: 0 done, 2 no such case, else that of what failed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

case=${1:-${FERROM_REFERENCE:-../shared/reference}/zset/MecaParallel/cube.inp}
stored=${case%.inp}
[ -f "$case" ] && [ -f "$stored-001.ut" ] ||
    die "$case and $stored-001.ut are not both there; name the input of a computation by sub-domains"
build
out=target/demo-subdomains
rm -rf "$out"
mkdir -p "$out"

# errors NAME RUN REFERENCE RANKS: the largest relative L2 errors over time
errors() {
    mpirun -n "$4" "$program" compare "$2" "$3" --quiet --json |
        python3 -c 'import json, sys
worst = json.load(sys.stdin)["worst"]
errors = ["%s %.1e" % (q, worst[q]["l2_of_largest"]) for q in sorted(worst)]
print("  ".join(["%-46s" % sys.argv[1]] + errors))' "$1"
}

count=$(ls "$stored"-[0-9]*.ut | wc -l)
say "$count sub-domains of Z-set ($stored-001.ut, ...) imported and reduced on 1, 2 and 3 ranks"
for n in 1 2 3; do
    mpirun -n $n "$program" import "$case" -o "$out/train-$n.h5" --quiet
    mpirun -n $n "$program" offline "$out/train-$n.h5" -o "$out/model-$n.h5" --quiet --summary "$out/offline-$n.json"
    mpirun -n $n "$program" online "$out/model-$n.h5" "$case" -o "$out/run-$n.h5" --rebuild U,p,sig --quiet
done

say "largest error over time, L2 over the volume, over the largest norm in time"
errors "import, 3 ranks, against Z-set's files, 1 rank" "$out/train-3.h5" "$stored" 1
errors "import, 1 rank, against import, 3 ranks" "$out/train-1.h5" "$out/train-3.h5" 2
for n in 1 2 3; do
    errors "reduced run, $n ranks, against Z-set's files" "$out/run-$n.h5" "$stored" $n
done
errors "reduced run, 3 ranks, against that on 1 rank" "$out/run-3.h5" "$out/run-1.h5" 1
python3 - "$out" <<'PYTHON'
import json, sys
for n in 1, 2, 3:
    r = json.load(open(f"{sys.argv[1]}/offline-{n}.json"))
    print(f"model on {n} ranks: {r['modes']} modes of {r['unknowns']} unknowns, {r['weighted_points']} of {r['points']} points")
PYTHON
