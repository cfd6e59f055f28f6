# The ferrom program with Open MPI on Debian 12.
#
#   docker build -t ferrom .
#   docker run --rm -v "$PWD":/data ferrom -n 2 ferrom --help      # mpirun -n 2 ferrom --help
#   docker run --rm -v "$PWD":/data ferrom ferrom --help           # without mpirun
#
# scripts/docker.sh does both, also where no image registry answers. Base images: BUILDER has Rust and apt, RUNTIME is
# Debian 12 (the libraries that the program links have Debian 12's versions).
ARG BUILDER=rust:1-bookworm
ARG RUNTIME=debian:bookworm-slim

FROM ${BUILDER} AS build
WORKDIR /src
# System packages and crates are layers of their own: they change rarely. The crates are built for an empty program; the
# tests and benchmarks that the manifest lists are left out of it, since their files are not there yet.
COPY Cargo.toml ./
COPY scripts/setup.sh scripts/requirements.txt scripts/
RUN scripts/setup.sh
COPY Cargo.lock ./
COPY crates crates
RUN mkdir src && touch src/lib.rs && echo 'fn main() {}' > src/main.rs && cp Cargo.toml whole.toml \
    && awk '/^\[/ { skip = /^\[\[(test|bench|example)\]\]/ } !skip' whole.toml > Cargo.toml \
    && cargo build --locked --release --bin ferrom
COPY . .
RUN touch src/lib.rs src/main.rs && cargo build --locked --release --bin ferrom \
    && strip --strip-debug target/release/ferrom

FROM ${RUNTIME}
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        openmpi-bin libpetsc-real3.18 libhdf5-openmpi-103-1 libopenblas0-pthread \
    && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/ferrom /usr/local/bin/ferrom
COPY scripts/docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
# Ranks may outnumber cores, are not bound (several containers may share a machine), and do without ptrace; no remote
# shell; one thread a rank.
ENV OMPI_MCA_rmaps_base_oversubscribe=1 \
    OMPI_MCA_hwloc_base_binding_policy=none \
    OMPI_MCA_btl_vader_single_copy_mechanism=none \
    OMPI_MCA_plm_rsh_agent= \
    OMPI_ALLOW_RUN_AS_ROOT=1 \
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
    OPENBLAS_NUM_THREADS=1 \
    OMP_NUM_THREADS=1
RUN useradd --create-home ferrom && mkdir /data && chown ferrom /data
USER ferrom
WORKDIR /data
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["ferrom", "--help"]
