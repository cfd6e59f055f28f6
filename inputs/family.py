#!/usr/bin/env python3
"""Writes a load case of a test family, drawn from a seed: the cases on which the error indicator is judged.

    family.py cube|bar|blade --seed N --folder OUT [--train] [--refine R] [--mesh MESH]
    family.py hot --seed N --folder OUT [--train] --reference FOLDER

    OUT/case.toml             the case (hot: case.inp); `ferrom solve OUT/case.toml -o ...`
    OUT/temperature.node      its temperature fields, big-endian 32-bit floats, one record after the other
    OUT/parameters.json       what was drawn

cube    a cube with a hole whose rims are rounded, under cyclic traction, with a hot spot that moves around the hole
bar     a notched bar pulled and pushed by its end; the period, so the strain rate, changes between its two cycles
blade   a blade in rotation under pressure; temperature = mean + sum_k xi_k sqrt(l_k) T_k with random xi_k
hot     the reference data's cube (two cycles of 20 increments) with another temperature field

Every case has 40 increments in two cycles. `--train` draws from the training ranges, otherwise from those of unseen
cases, which are wider (tables TRAIN and UNSEEN below). The same seed gives the same case. The mesh is made by the scripts
in meshes/ where it is not there yet; units are mm, N, MPa, t, s, degrees Celsius. Needs Python 3 alone.
"""

import argparse
import json
import math
import os
import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent

# Ranges: (low, high) uniform, ("log", low, high) log-uniform. Angles in degrees, lengths in mm, times in s, stress in MPa.
TRAIN = {
    "cube": {
        "traction": (115.0, 125.0),
        "ratio": (-0.5, -0.3),  # smallest over largest traction
        "period": ("log", 90.0, 110.0),
        "heat": (430.0, 450.0),  # of the spot over the surroundings at 450
        "width": (3.2, 3.6),  # of the spot: exp(-(d / width)^2)
        "start": (0.0, 40.0),  # angle of the spot about the hole's axis
        "sweep": (150.0, 210.0),  # angle that it travels in a cycle
        "depth": (4.0, 6.0),  # its z
    },
    "bar": {
        "strain": (1.5e-3, 1.7e-3),  # of the end's displacement over the length
        "ratio": (-0.6, -0.4),
        "period_1": ("log", 18.0, 22.0),
        "period_2": ("log", 18.0, 22.0),
        "peak": (790.0, 820.0),  # temperature at the notch; 350 far from it
        "width": (7.0, 8.0),
        "shift": (-1.0, 1.0),  # of the hottest section from the notch
    },
    "blade": {
        "speed": (1880.0, 1920.0),  # rad / s
        "pressure": (0.45, 0.55),
        "hold": ("log", 380.0, 420.0),
        "level": (1.02, 1.04),  # of the mean temperature
        "deviation": (8.0, 12.0),  # standard deviation of the random part
    },
    "hot": {},  # the field of the reference data, up to 400
}
UNSEEN = {
    "cube": {
        "traction": (95.0, 140.0),
        "ratio": (-0.9, 0.1),
        "period": ("log", 30.0, 300.0),
        "heat": (370.0, 480.0),
        "width": (2.6, 4.2),
        "start": (-180.0, 180.0),
        "sweep": (60.0, 330.0),
        "depth": (2.0, 8.0),
    },
    "bar": {
        "strain": (1.3e-3, 2.1e-3),
        "ratio": (-1.0, 0.0),
        "period_1": ("log", 2.0, 50.0),
        "period_2": ("log", 2.0, 2000.0),
        "peak": (720.0, 880.0),
        "width": (5.0, 11.0),
        "shift": (-4.0, 4.0),
    },
    "blade": {
        "speed": (1750.0, 2050.0),
        "pressure": (0.2, 0.8),
        "hold": ("log", 150.0, 1000.0),
        "level": (1.0, 1.05),
        "deviation": (20.0, 35.0),
    },
    "hot": {"heat": (250.0, 500.0), "width": (0.3, 0.7), "x": (0.0, 1.0), "y": (0.0, 1.0), "z": (0.0, 1.0)},
}

# A nickel alloy in spirit. Yield, viscosity, exponent and both coefficients of the back-stress fall with temperature: at
# 20 it hardly flows over time (n = 30), at 950 it creeps (n = 8).
MATERIAL = """
[[material]]
name = "alloy"
law = "chaboche"
young = { temperature = [20, 500, 800, 1000], value = [2.1e5, 1.9e5, 1.65e5, 1.4e5] }
poisson = 0.3
R0 = { temperature = [20, 500, 700, 850, 950], value = [260, 210, 150, 70, 25] }
kinematic = [ { C = { temperature = [20, 500, 700, 850, 950], value = [1.2e5, 1.0e5, 7e4, 4e4, 2e4] }, D = { temperature = [20, 700, 950], value = [600, 450, 300] } } ]
flow = "norton"
K = { temperature = [20, 500, 700, 850, 950], value = [300, 340, 420, 380, 300] }
n = { temperature = [20, 500, 700, 850, 950], value = [30, 24, 15, 10, 8] }
density = DENSITY
thermal = { alpha = { temperature = [20, 1000], value = [1.25e-5, 1.65e-5] }, reference = 20.0 }

[output]
quantities = ["sig", "p"]
"""
DENSITY = 8.2e-9  # t / mm^3


def draw(family, seed, train):
    """Values of the parameters, in the order of the tables; and the generator, for what follows."""
    rng = random.Random(f"{family} {'train' if train else 'unseen'} {seed}")
    values = {}
    for name, given in (TRAIN if train else UNSEEN)[family].items():
        if given[0] == "log":
            values[name] = math.exp(rng.uniform(math.log(given[1]), math.log(given[2])))
        else:
            values[name] = rng.uniform(*given)
    return values, rng


def read_points(path):
    """Coordinates of the nodes of a .geof, or of an Ansys .cdb, in the order of the file."""
    points = []
    with open(path, encoding="ascii", errors="replace") as lines:
        if path.suffix != ".cdb":
            for line in lines:
                if line.strip() == "**node":
                    break
            count = int(next(lines).split()[0])
            return [tuple(map(float, next(lines).split()[1:4])) for _ in range(count)]
        for line in lines:
            if line.startswith("NBLOCK"):
                break
        # (3i9,6e21.13e3): three integers, then the coordinates
        integers, reals = next(lines).strip().strip("()").lower().split(",")
        number, wide = map(int, integers.split("i"))
        count, wide_real = reals.split(".")[0].split("e")
        skip, step = number * wide, int(wide_real)
        for line in lines:
            if line.startswith("N,") or line.strip() == "-1":
                break
            line = line.rstrip("\n")
            at = [line[skip + step * k : skip + step * (k + 1)].strip() for k in range(3)]
            points.append(tuple(float(a) if a else 0.0 for a in at))
    return points


def write_fields(path, fields):
    """Writes records of a .node file."""
    with open(path, "wb") as out:
        for field in fields:
            out.write(struct.pack(f">{len(field)}f", *field))


def numbers(values):
    return "[" + ", ".join(f"{v:.6g}" for v in values) + "]"


def table(name, times, values, cycle=None):
    text = f"[tables.{name}]\ntimes = {numbers(times)}\nvalues = {numbers(values)}\n"
    return text + (f"cycle = {numbers(cycle)}\n" if cycle else "")


def cube(v, rng, points, folder):
    """The hot spot is at nine places in a cycle, and moves from one to the next."""
    period, places = v["period"], 8
    fields = []
    for k in range(places + 1):
        angle = math.radians(v["start"] + v["sweep"] * k / places)
        c = (5.0 + 3.3 * math.cos(angle), 5.0 + 3.3 * math.sin(angle), v["depth"])
        fields.append([450.0 + v["heat"] * math.exp(-math.dist(x, c) ** 2 / v["width"] ** 2) for x in points])
    write_fields(folder / "temperature.node", fields)
    # uniform at first; the spot is there after an eighth of the first cycle
    maps = ["{ time = 0.0, value = 450.0 }"]
    maps += [
        f'{{ time = {period * k / places:.6g}, file = "temperature.node", record = {k + 1} }}'
        for k in range(1, places + 1)
    ]
    quarters = [0.25 * period * k for k in range(5)]
    return f"""
[time]
times = [{0.5 * period:.6g}, {period:.6g}]
increments = [10, 10]
cycles = 2

[[fix]]
set = "x0"
dof = "U1"

[[fix]]
set = "origin"
dof = "U2"

[[fix]]
set = "origin"
dof = "U3"

[[fix]]
set = "corner_y"
dof = "U3"

[[traction]]
set = "x1"
vector = [{v["traction"]:.6g}, 0.0, 0.0]
table = "load"

[temperature]
maps = [
    {("," + chr(10) + "    ").join(maps)},
]
cycle = [0.0, {period:.6g}]

{table("load", quarters, [0.0, 1.0, 0.5 * (1.0 + v["ratio"]), v["ratio"], 0.0], [0.0, period])}"""


def bar(v, rng, points, folder):
    """The temperature is steady; nothing but the rate tells the two cycles apart."""
    hot = 20.0 + v["shift"]
    write_fields(
        folder / "temperature.node",
        [[350.0 + (v["peak"] - 350.0) * math.exp(-(((x[0] - hot) / v["width"]) ** 2)) for x in points]],
    )
    one, two = v["period_1"], v["period_2"]
    shape = [0.0, 1.0, 0.5 * (1.0 + v["ratio"]), v["ratio"]]
    times = [0.25 * one * k for k in range(4)] + [one + 0.25 * two * k for k in range(5)]
    return f"""
[time]
times = [{one:.6g}, {one + two:.6g}]
increments = [20, 20]

[[fix]]
set = "x0"
dof = "U1"

[[fix]]
set = "line"
dof = "U2"

[[fix]]
set = "origin"
dof = "U3"

[[fix]]
set = "x1"
dof = "U1"
value = {40.0 * v["strain"]:.6g}
table = "load"

[temperature]
maps = [ {{ time = 0.0, file = "temperature.node" }} ]

{table("load", times, shape + shape + [0.0])}"""


# Random part of the blade's temperature: half waves along the span and the chord, and their variances (sum 1).
WAVES = [(a, b) for a in range(4) for b in range(3) if (a, b) != (0, 0)]
_SHARE = [1.0 / (1.0 + a * a + b * b) ** 1.5 for a, b in WAVES]
VARIANCES = [s / sum(_SHARE) for s in _SHARE]


def blade(v, rng, points, folder, mesh):
    """Idle (uniform temperature of the disc), full power, idle, twice. The blade of `meshes/notched_blade.py`, or a .cdb whose root is held at node components
    FIRTREE1 to 4, with its span along y, in inches."""
    deck = mesh.suffix == ".cdb"
    span, chord = (1, 2) if deck else (2, 0)
    foot, tip = (5.285, 6.8) if deck else (0.0, 60.0)
    bottom = min(x[span] for x in points)
    unit = 25.4 if deck else 1.0  # mm in a unit of length
    ends = [x[chord] for x in points if x[span] > foot + 0.05 * (tip - foot)]
    front, back = min(ends), max(ends)
    v["xi"] = [rng.gauss(0.0, 1.0) for _ in WAVES]
    field = []
    for x in points:
        h = (x[span] - foot) / (tip - foot)
        if h <= 0.0:  # the disc cools the root
            field.append(560.0 + 160.0 * (x[span] - foot) / (foot - bottom))
            continue
        s = min(max((x[chord] - front) / (back - front), 0.0), 1.0)  # from the leading to the trailing edge
        rise = 1.0 - math.exp(-6.0 * h)
        mean = 560.0 + rise * (230.0 * math.exp(-(((h - 0.55) / 0.33) ** 2)) + 110.0 * math.exp(-4.0 * s))
        wave = sum(
            xi * math.sqrt(l) * (math.sqrt(2.0) if a else 1.0) * (math.sqrt(2.0) if b else 1.0)
            * math.cos(math.pi * a * h) * math.cos(math.pi * b * s)
            for xi, l, (a, b) in zip(v["xi"], VARIANCES, WAVES)
        )
        field.append(v["level"] * mean + rise * v["deviation"] * wave)
    write_fields(folder / "temperature.node", [field])
    v["hottest"] = max(field)
    ramp, hold = 40.0, v["hold"]
    period = 2.0 * ramp + hold
    held = [f"FIRTREE{k}" for k in range(1, 5)] if deck else ["clamp"]
    fixed = "\n".join(f'[[fix]]\nset = "{s}"\ndof = "U{d}"\n' for s in held for d in (1, 2, 3))
    center, axis = ([0.0, 0.0, 0.0], [0, 0, 1]) if deck else ([0.0, 0.0, -160.0], [1, 0, 0])
    cycle = [0.0, period]
    return f"""
[time]
times = {numbers([ramp, ramp + hold, period])}
increments = [6, 8, 6]
cycles = 2

{fixed}
[[centrifugal]]
center = {numbers(center)}
axis = {numbers(axis)}
speed = {v["speed"]:.6g}
table = "flight"

[[pressure]]
set = "{"PRESSURE_SURF" if deck else "pressure_side"}"
value = {v["pressure"]:.6g}
table = "flight"

[temperature]
base = {{ value = 400.0 }}
max = {{ file = "temperature.node" }}
table = "heat"

{table("flight", [0.0, ramp, ramp + hold, period], [0.0, 1.0, 1.0, 0.0], cycle)}
{table("heat", [0.0, ramp, ramp + hold, period], [0.0, 1.0, 1.0, 0.0], cycle)}""", DENSITY * unit**2


def hot(v, folder, reference, train):
    """Two cycles of 20 increments of the reference cube; training has its own field."""
    source = Path(reference) / "zset/MecaAlternateTempDefinition"
    if not source.is_dir():
        raise SystemExit(f"family.py: {source} is missing: name the reference data with --reference")
    for name in ("cube.geof", "mat", "pressure.node"):
        shutil.copyfile(source / name, folder / name)
    text = (source / "cube2cycles.inp").read_text(encoding="ascii")
    text = text.replace("*increment  10", "*increment  20").replace("temperature2.node", "temperature.node")
    if "*increment  20" not in text or "temperature.node" not in text:
        raise SystemExit(f"family.py: {source / 'cube2cycles.inp'} does not have the form that this script changes")
    (folder / "case.inp").write_text(text, encoding="ascii")
    if train:
        shutil.copyfile(source / "temperature2.node", folder / "temperature.node")
        return
    points = read_points(folder / "cube.geof")
    low = [min(x[d] for x in points) for d in range(3)]
    size = [max(x[d] for x in points) - low[d] for d in range(3)]
    field = []
    for x in points:
        d2 = sum(((x[d] - low[d]) / size[d] - v["xyz"[d]]) ** 2 for d in range(3))
        field.append(20.0 + v["heat"] * math.exp(-d2 / v["width"] ** 2))
    write_fields(folder / "temperature.node", [field])


def make_mesh(family, refine):
    """The family's mesh in target/study, made where it is missing."""
    folder = HERE / "target/study/meshes" / f"{family}-{refine}"
    script = {"cube": "cube_with_hole", "bar": "notched_bar", "blade": "notched_blade"}[family]
    mesh = folder / f"{family}.geof"
    if not mesh.exists():
        partial = HERE / "target/study/meshes" / f".{family}-{refine}-{os.getpid()}"
        where = partial if family == "blade" else partial / mesh.name
        command = [sys.executable, HERE / "meshes" / f"{script}.py", where, "--refine", str(refine)]
        subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    return mesh


def main():
    parser = argparse.ArgumentParser(description="Writes a load case of a test family, drawn from a seed.")
    parser.add_argument("family", choices=sorted(TRAIN))
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="folder to write to")
    parser.add_argument("--train", action="store_true", help="draw from the training ranges")
    parser.add_argument("--refine", type=int, help="of the mesh (default: cube and bar 2, blade 1)")
    parser.add_argument("--mesh", type=Path, help="a mesh with the family's sets; for the blade also an Ansys .cdb")
    parser.add_argument("--reference", type=Path, default=os.environ.get("FERROM_REFERENCE", HERE / "../shared/reference"))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    values, rng = draw(given.family, given.seed, given.train)
    if given.family == "hot":
        hot(values, given.folder, given.reference, given.train)
    else:
        mesh = given.mesh or make_mesh(given.family, given.refine or (1 if given.family == "blade" else 2))
        points, density = read_points(mesh), DENSITY
        if given.family == "blade":
            text, density = blade(values, rng, points, given.folder, mesh)
        else:
            text = {"cube": cube, "bar": bar}[given.family](values, rng, points, given.folder)
        place = os.path.relpath(mesh.resolve(), given.folder.resolve())
        kind = "training" if given.train else "unseen"
        head = f"# Family '{given.family}', {kind} case of seed {given.seed}: inputs/family.py\nmesh = {json.dumps(place)}\n"
        material = MATERIAL.replace("DENSITY", f"{density:.6g}")
        (given.folder / "case.toml").write_text(head + text + material, encoding="ascii")
    record = {"family": given.family, "seed": given.seed, "train": given.train, **values}
    (given.folder / "parameters.json").write_text(json.dumps(record, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
