#!/usr/bin/env bash
# Everything that must hold before a change is accepted: format, lints, documentation, tests.
# All steps run even when one fails; the exit code is the largest of theirs.
#
# All in the release profile: numerical tests are slow without optimisation, the program is the one that users build, and
# a first build takes 250 s of processor time against 430 s in the dev profile (which optimises build scripts too).
set -uo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh --tests || exit $?
[ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
. scripts/env.sh

worst=0
summary=()
step() {
    local title=$1 start=$SECONDS code
    shift
    echo
    echo "== $title: $*"
    "$@"
    code=$?
    [ "$code" -gt "$worst" ] && worst=$code
    summary+=("$(printf '%-14s %5d s   exit code %d' "$title" $((SECONDS - start)) "$code")")
}

step format cargo fmt --all --check
step lints cargo clippy --release --locked --workspace --all-targets -- -D warnings
step documentation env RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --no-deps --workspace
step tests cargo test --release --locked --workspace --no-fail-fast

echo
printf '%s\n' "${summary[@]}"
exit "$worst"
