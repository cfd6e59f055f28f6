#!/usr/bin/env bash
# Installs what ferrom needs to build and run on Debian 12: nothing is done where nothing is missing.
#
#   scripts/setup.sh           system packages (apt), and checks for Rust
#   scripts/setup.sh --demo    also Python 3, which makes the mesh of scripts/demo.sh
#   scripts/setup.sh --calculix   also CalculiX and Python 3, for the tests of decks and, with --tests, scripts/demo-calculix.sh
#   scripts/setup.sh --tests   also a Python environment in target/venv that reads the results back in the tests,
#                              and a Fortran compiler
#
# Exit code: 0 ready, 1 an installation failed, 2 Rust is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

with_tests=no
with_demo=no
with_calculix=no
for arg in "$@"; do
    case "$arg" in
        --tests) with_tests=yes ;;
        --demo) with_demo=yes ;;
        --calculix) with_calculix=yes with_demo=yes ;;
        *) echo "setup.sh: unknown argument '$arg'; there are --demo, --calculix and --tests" >&2; exit 2 ;;
    esac
done

# Build: a C compiler, PETSc (brings Open MPI and parallel HDF5), libclang for the bindings, a fast BLAS.
packages=(
    gcc libc6-dev make pkg-config ca-certificates
    libpetsc-real-dev libclang1-14 libclang-common-14-dev libopenblas-pthread-dev
)
# Python only where the one at hand cannot make virtual environments.
if [ "$with_tests" = yes ] && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    packages+=(python3 python3-venv)
fi
# A Fortran compiler for the laws that tests load.
if [ "$with_tests" = yes ]; then
    packages+=(gfortran)
fi
if [ "$with_demo" = yes ] && ! command -v python3 >/dev/null; then
    packages+=(python3)
fi

if [ "$with_calculix" = yes ] && ! command -v ccx >/dev/null; then
    packages+=(calculix-ccx)
fi

missing=()
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
for package in "${packages[@]}"; do
    grep -qx "installed $package" <<<"$installed" || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "setup.sh: installing ${missing[*]}"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "setup.sh: not root and no sudo; have an administrator run: apt-get install ${missing[*]}" >&2
            exit 1
        }
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "${missing[@]}"
fi

if ! command -v cargo >/dev/null && [ -f "$HOME/.cargo/env" ]; then
    . "$HOME/.cargo/env"
fi
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if ! command -v cargo >/dev/null; then
    echo "setup.sh: cargo is missing: install Rust $wanted or newer with rustup (https://rustup.rs);" \
        "Debian 12's own rustc is too old" >&2
    exit 2
fi
found=$(rustc --version | cut -d' ' -f2)
if [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n1)" != "$wanted" ]; then
    echo "setup.sh: rustc $found is too old: ferrom needs $wanted or newer ('rustup update stable')" >&2
    exit 2
fi

if [ "$with_tests" = yes ]; then
    stamp=target/venv/requirements.installed
    if ! cmp -s scripts/requirements.txt "$stamp"; then
        echo "setup.sh: Python environment for the tests in target/venv"
        rm -rf target/venv
        mkdir -p target
        python3 -m venv target/venv
        target/venv/bin/pip install -q --disable-pip-version-check --only-binary :all: -r scripts/requirements.txt
        cp scripts/requirements.txt "$stamp"
    fi
fi
