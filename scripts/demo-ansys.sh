#!/usr/bin/env bash
# From a result file of Ansys to a reduced model, and back to the file: two alloys pulled into plasticity, five stored sets.
# The case is what the file itself tells: law, supports, motion. Then another load, which Ansys has not computed. A few
# seconds after the build.
#
#   scripts/demo-ansys.sh            static_nar of the reference (FERROM_REFERENCE, default ../shared/reference)
#
# Results, a table and a figure in target/demo-ansys. Exit code: 0 done, 2 no such file, else that of what failed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

file=${FERROM_REFERENCE:-../shared/reference}/ansys/static_nar/file.rst
[ -f "$file" ] || die "$file is not there; set FERROM_REFERENCE"
scripts/setup.sh --tests
build
out=target/demo-ansys
rm -rf "$out"
mkdir -p "$out"

say "what the file tells of its case (ferrom check file.rst)"
"$program" check "$file"

say "does our law, from the file's own table, give its stresses from its strains? (cargo test strains_of_a_result)"
cargo test --release --locked --test ansys_case strains_of_a_result -- --nocapture 2>/dev/null | grep '^stress'

say "snapshots and reduced model (ferrom import file.rst, ferrom offline)"
"$program" import "$file" -o "$out/train.h5" --quiet
"$program" offline "$out/train.h5" -o "$out/model.h5" --quiet --summary "$out/offline.json"

say "the load of the file again (ferrom online model.h5 file.rst), against the file"
"$program" online "$out/model.h5" "$file" -o "$out/again.h5" --rebuild U,p,sig --quiet --summary "$out/online.json"
"$program" compare "$out/again.h5" "$file" --quiet --summary "$out/compare.json"

say "another load: pulled by 1.4 instead of 2, and back to 1.2 (ferrom online model.h5 other.toml), against ferrom solve"
cat > "$out/other.toml" <<TOML
mesh = "train.h5"
[time]
times = [0.7, 1.0]
increments = [7, 6]
[[fix]]
set = "D_UX_1"
dof = "U1"
[[fix]]
set = "D_UY_1"
dof = "U2"
[[fix]]
set = "D_UZ_1"
dof = "U3"
[[fix]]                     # what the file moves
set = "D_UZ_2"
dof = "U3"
value = 1.0
table = "pull"
[tables.pull]
times = [0.0, 0.7, 1.0]
values = [0.0, 1.4, 1.2]
[temperature]
constant = 22.0
[[material]]
name = "alloy1"
set = "mat1"
law = "chaboche"
young = 71000.0
poisson = 0.33
R0 = 280.0
H = 503.54609929078015      # E Et / (E - Et), Et = 500
[[material]]
name = "alloy2"
set = "mat2"
law = "chaboche"
young = 45000.0
poisson = 0.35
R0 = 193.0
H = 939.2014519056261       # Et = 920
TOML
"$program" solve "$out/other.toml" -o "$out/truth.h5" --quiet
"$program" online "$out/model.h5" "$out/other.toml" -o "$out/other.h5" --rebuild U,p,sig --quiet --summary "$out/other.json"
"$program" compare "$out/other.h5" "$out/truth.h5" --quiet --summary "$out/outside.json"

target/venv/bin/python scripts/demo_ansys.py "$out"
