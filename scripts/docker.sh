#!/usr/bin/env bash
# Builds the image ferrom:latest and runs it on the current folder, which is /data in the container.
#
#   scripts/docker.sh                            build, then check that the program starts on two ranks
#   scripts/docker.sh -n 2 ferrom COMMAND ...    build, then run that
#
# Where no image registry answers, the base images are made from Debian's packages (debootstrap, needs root) and this
# machine's Rust. Base images of one's own: FERROM_BUILDER (Rust, apt) and FERROM_RUNTIME (Debian 12).
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."

say() { echo "docker.sh: $*" >&2; }
fail() { say "$*"; exit 1; }
docker info >/dev/null 2>&1 || fail "no Docker engine answers: install docker.io and start it, or join the group docker"

# Settings of this machine that a build needs too: its proxies, when there are any.
build_args=()
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -n "${!name:-}" ] && build_args+=(--build-arg "$name=${!name}")
done

have() { docker image inspect "$1" >/dev/null 2>&1 || timeout 900 docker pull -q "$1" >/dev/null 2>&1; }

# ferrom-base: Debian 12 as debootstrap makes it, with this machine's package sources when it is a Debian 12 itself.
make_base() {
    docker image inspect ferrom-base >/dev/null 2>&1 && return
    say "no image registry answers: making the base image with debootstrap"
    [ "$(id -u)" -eq 0 ] || fail "debootstrap needs root: run this script as root once, or set FERROM_RUNTIME and FERROM_BUILDER"
    command -v debootstrap >/dev/null ||
        apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends debootstrap >&2
    local root
    root=$(mktemp -d)
    debootstrap --variant=minbase --include=ca-certificates bookworm "$root" >&2
    if grep -q '^VERSION_CODENAME=bookworm' /etc/os-release; then
        local files=(/etc/apt/sources.list /etc/apt/sources.list.d/debian.sources /etc/apt/apt.conf.d/*proxy*)
        for file in "${files[@]}"; do
            [ -f "$file" ] && install -D -m 644 "$file" "$root$file"
        done
        # debootstrap's own list would only repeat what debian.sources says
        [ -f "$root/etc/apt/sources.list.d/debian.sources" ] && [ ! -f /etc/apt/sources.list ] &&
            rm -f "$root/etc/apt/sources.list"
    fi
    rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*
    tar -C "$root" -c . | docker import - ferrom-base >/dev/null
    rm -rf "$root"
}

# ferrom-builder: the base with this machine's Rust, certificates and cargo settings.
make_builder() {
    docker image inspect ferrom-builder >/dev/null 2>&1 && return
    make_base
    command -v rustc >/dev/null || fail "no Rust on this machine to put in the image: set FERROM_BUILDER"
    say "making the builder image with this machine's $(rustc --version)"
    local context sysroot
    context=$(mktemp -d)
    sysroot=$(rustc --print sysroot)
    mkdir -p "$context/rust" "$context/cargo" "$context/certs"
    cp -a "$sysroot/bin" "$sysroot/lib" "$context/rust/"
    [ -f "${CARGO_HOME:-$HOME/.cargo}/config.toml" ] && cp "${CARGO_HOME:-$HOME/.cargo}/config.toml" "$context/cargo/"
    cp -L /etc/ssl/certs/ca-certificates.crt "$context/certs/"
    cat >"$context/Dockerfile" <<'END'
FROM ferrom-base
COPY rust /usr/local/rust
COPY cargo /usr/local/cargo
COPY certs /etc/ssl/certs
ENV CARGO_HOME=/usr/local/cargo PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
END
    docker build -q -t ferrom-builder "$context" >/dev/null
    rm -rf "$context"
}

builder=${FERROM_BUILDER:-$(sed -n 's/^ARG BUILDER=//p' Dockerfile)}
runtime=${FERROM_RUNTIME:-$(sed -n 's/^ARG RUNTIME=//p' Dockerfile)}
if ! have "$runtime"; then
    make_base
    runtime=ferrom-base
fi
if ! have "$builder"; then
    make_builder
    builder=ferrom-builder
fi
docker build "${build_args[@]}" --build-arg BUILDER="$builder" --build-arg RUNTIME="$runtime" -t ferrom:latest . >&2

# Files that the container writes belong to who runs this script.
run=(docker run --rm --init --user "$(id -u):$(id -g)" -e HOME=/tmp -v "$here":/data ferrom:latest)
if [ $# -gt 0 ]; then
    exec "${run[@]}" "$@"
fi
docker run --rm --init ferrom:latest -n 2 ferrom --version
say "ferrom:latest is ready"
