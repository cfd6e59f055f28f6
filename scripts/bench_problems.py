#!/usr/bin/env python3
"""Seeded problems for scripts/bench.sh, files in the layout of docs/matrices.md (numpy and h5py).

    bench_problems.py pod N S OUT.h5             S snapshots of N values, singular values falling like 0.6^k to 1e-10
    bench_problems.py cubature n S SIDE OUT.h5   n strain modes, S stress snapshots on (2 SIDE)^3 points
    bench_problems.py box NX NY NZ N FOLDER      mesh and cases of a plastic bar of hexahedra, N increments up and N down
    bench_problems.py solved n RUN.h5 OUT.h5     cubature of a run of such a bar: n modes of the strains and of the stresses

Snapshots: travelling waves of rising frequency, mixed by a random rotation. Cubature: strain modes are low-frequency waves
plus a few hot spots; the stresses are those of a perfectly plastic-to-hardening radial return along a random smooth path of
the mode amplitudes, with a yield stress that varies in space, so that plastic zones grow and move.
"""
import pathlib
import sys

import h5py
import numpy as np


def pod(n, s, out):
    rng = np.random.default_rng(20)
    x = np.linspace(0.0, 1.0, n)
    mix = np.linalg.qr(rng.standard_normal((s, s)))[0]
    u = np.zeros((s, n))
    for k in range(s):
        shape = np.sin((k + 1) * np.pi * x + 0.7 * k) + 0.3 * np.cos((2 * k + 3) * x * x)
        shape *= max(0.6**k, 1e-10) / np.linalg.norm(shape)
        for i in range(s):
            u[i] += mix[i, k] * shape
    with h5py.File(out, "w") as file:
        file["snapshots"] = u


def cubature(n, s, side, out):
    rng = np.random.default_rng(21)
    c = (np.arange(2 * side) + 0.5) / (2 * side)
    # the eight points of an element follow each other
    e = np.arange(side)
    corner = np.stack(np.meshgrid(e, e, e, indexing="ij"), -1).reshape(-1, 1, 3)
    local = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), -1).reshape(1, 8, 3)
    x = c[(2 * corner + local).reshape(-1, 3)]
    points = len(x)
    strain = np.zeros((n, points, 6))
    spots = rng.random((5, 3))
    bumps = np.stack([np.exp(-((x - p) ** 2).sum(1) / 0.02) for p in spots])
    for i in range(n):
        for _ in range(3):
            wave = np.cos(x @ (rng.standard_normal(3) * (1.0 + 2.0 * (i + 1) ** (1 / 3))) + rng.random() * 6.28)
            strain[i] += wave[:, None] * rng.standard_normal(6)
        for bump in bumps:
            strain[i] += bump[:, None] * rng.standard_normal(6)
        strain[i] /= np.sqrt((strain[i] ** 2).sum(1).mean())
    weights = (1.0 + 0.25 * np.sin(3 * x[:, 0]) * np.cos(2 * x[:, 1])) / points
    shear, bulk, hardening = 80e3, 170e3, 5e3
    limit = 200.0 + 50.0 * np.cos(3 * x[:, 1]) * np.sin(2 * x[:, 2])
    plastic = np.zeros((points, 6))
    phase = rng.random((n, 2)) * 6.28
    scale = np.array([1, 1, 1, 2, 2, 2.0])
    with h5py.File(out, "w") as file:
        stresses = file.create_dataset("stresses", (s, points, 6), dtype="f8")
        for t in range(s):
            at = (t + 1) / s
            q = [2.5e-3 * 0.85**i * (np.sin((2 + 0.4 * i) * at * 3 + phase[i, 0]) - np.sin(phase[i, 0])) for i in range(n)]
            eps = np.tensordot(q, strain, (0, 0))
            trace = eps[:, :3].sum(1)
            trial = 2 * shear * (eps - plastic)
            trial[:, :3] -= (2 * shear / 3 * trace)[:, None]
            back = trial - 2 / 3 * hardening * plastic
            size = np.sqrt(1.5 * (back**2) @ scale)
            step = np.maximum(size - limit, 0.0) / (3 * shear + hardening)
            flow = 1.5 * back / np.maximum(size, 1e-300)[:, None] * step[:, None]
            plastic += flow
            stress = trial - 2 * shear * flow
            stress[:, :3] += (bulk * trace)[:, None]
            stresses[t] = stress
        strain[:, :, 3:] *= 2
        file["strain_modes"] = strain
        file["weights"] = weights
        file["elements"] = np.repeat(np.arange(points // 8, dtype="u8"), 8)


# pull and shear on the far end: of the training, and of what is predicted
LOADS = {"train0": (50.0, 15.0), "train1": (80.0, 10.0), "train2": (65.0, 12.5), "predict": (70.0, 11.0)}


def box(nx, ny, nz, increments, out):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    shape = (nx + 1, ny + 1, nz + 1)
    number = np.arange(np.prod(shape)).reshape(shape, order="F")
    corners = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
    lines = ["***geometry", "**node", f"{number.size} 3"]
    lines += [f"{number[i, j, k] + 1} {i} {j} {k}" for k in range(nz + 1) for j in range(ny + 1) for i in range(nx + 1)]
    cells = [(i, j, k) for k in range(nz) for j in range(ny) for i in range(nx)]
    lines += ["**element", f"{len(cells)}"]
    nodes = lambda cell, which: " ".join(str(number[tuple(np.add(cell, corners[c]))] + 1) for c in which)
    lines += [f"{e + 1} c3d8 {nodes(cell, range(8))}" for e, cell in enumerate(cells)]
    lines += ["***group", "**nset foot", *(str(n + 1) for n in number[:, :, 0].ravel()), "**faset head"]
    lines += [f"q4 {nodes(cell, (4, 5, 6, 7))}" for cell in cells if cell[2] == nz - 1]
    (out / "mesh.geof").write_text("\n".join([*lines, "***return", ""]))
    fix = "".join(f"[[fix]]\nset = 'foot'\ndof = 'U{d}'\n" for d in (1, 2, 3))
    for name, (pull, shear) in LOADS.items():
        (out / f"{name}.toml").write_text(
            f"mesh = 'mesh.geof'\n[time]\ntimes = [1.0, 2.0]\nincrements = [{increments}, {increments}]\n{fix}"
            f"[[traction]]\nset = 'head'\nvector = [{shear}, 0.0, {pull}]\ntable = 'load'\n"
            "[tables.load]\ntimes = [0.0, 1.0, 2.0]\nvalues = [0.0, 1.0, 0.0]\n"
            f"[[material]]\nname = 'metal'\nlaw = 'chaboche'\nyoung = 2e5\npoisson = 0.3\nR0 = 100.0\nH = 5000.0\n"
            "[output]\nquantities = ['eto', 'sig', 'p']\n"
        )


def modes(fields, n):
    """The first n orthonormal modes of some fields, and no more than have a share of 1e-6."""
    flat = fields.reshape(len(fields), -1)
    values, v = np.linalg.eigh(flat @ flat.T)
    keep = [k for k in range(len(values) - 1, -1, -1) if values[k] > 1e-12 * values[-1]][:n]
    return ((v[:, keep] / np.sqrt(values[keep])).T @ flat).reshape(-1, *fields.shape[1:])


def solved(n, run, out):
    with h5py.File(run) as file:
        strain, stress = file["ferrom/points/eto"][1:], file["ferrom/points/sig"][1:]
    strain[:, :, 3:] *= 2
    points = strain.shape[1]
    with h5py.File(out, "w") as file:
        file["strain_modes"], file["stresses"] = modes(strain, n), modes(stress, n)
        # all elements are unit cubes
        file["weights"] = np.full(points, 0.125)
        file["elements"] = np.repeat(np.arange(points // 8, dtype="u8"), 8)


if __name__ == "__main__":
    kind, *arguments, out = sys.argv[1:]
    convert = lambda a: int(a) if a.isdigit() else a
    {"pod": pod, "cubature": cubature, "box": box, "solved": solved}[kind](*map(convert, arguments), out)
