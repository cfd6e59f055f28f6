# Common to demo*.sh and study-*.sh, which source it.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
. "$root/scripts/env.sh"

say() { printf '\n== %s\n' "$*"; }

# Ends with exit code 2 and a sentence: wrong usage, or something is missing
die() {
    echo "$(basename "$0"): $*" >&2
    exit 2
}

# The comment at the head of the script
usage() {
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
    exit 0
}

# Sets `program`: FERROM, or what cargo builds
build() {
    if [ -z "${FERROM:-}" ]; then
        cargo build --release --locked
    fi
    program=${FERROM:-$root/target/release/ferrom}
}

# Sets `program` to one that is there: FERROM, or the release build
find_program() {
    program=${FERROM:-$root/target/release/ferrom}
    [ -x "$program" ] || die "$program is missing: cargo build --release, or name it in FERROM"
}

# Sets `python` to one with numpy and h5py: FERROM_PYTHON, that of the tests, or the system's
find_python() {
    for python in "${FERROM_PYTHON:-}" "$root/target/venv/bin/python" python3; do
        if [ -n "$python" ] && "$python" -c 'import numpy, h5py' 2>/dev/null; then
            return
        fi
    done
    die "no Python with numpy and h5py: scripts/setup.sh --tests, or FERROM_PYTHON"
}
