#!/usr/bin/env python3
"""Made-up displacements of the blade of scripts/large.sh, as Z-set results, and the cases for them.

    large_histories.py FOLDER    reads FOLDER/blade.geof; writes train.ut, train.node, train.toml and predict.toml there

u = free expansion at a mean temperature + amplitudes in time x shapes in space; every shape is zero on the dofs that the case
holds. The amplitudes follow speed and gas of the mission, with two slow oscillations that no load explains. Needs numpy.
"""

import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
inputs = Path(__file__).parent.parent / "inputs"
for source, name in (("train_mean_fast", "train"), ("predict", "predict")):
    text = (inputs / f"{source}.toml").read_text().replace("../target/demo/", "")
    # fields are rebuilt at the last increment only
    (folder / f"{name}.toml").write_text(text + "\n[output]\nevery = 1000\n")

with open(folder / "blade.geof", encoding="ascii") as file:
    for line in file:
        if line.strip() == "**node":
            break
    n = int(file.readline().split()[0])
    points = np.array([file.readline().split()[1:] for _ in range(n)], dtype=float)
x, y, z = points.T
h = (z + 22.0) / 82.0  # 0 on the clamped face, 1 at the tip
zero = np.zeros(n)
shapes = [
    (zero, 0.6 * h**2, -2 * 0.6 * h * y / 82.0),  # bending by the gas
    (0.15 * h**2, zero, -2 * 0.15 * h * x / 82.0),  # bending in the chord
    (zero, zero, 0.16 * h),  # stretched by the rotation
    (-0.006 * h * y, 0.006 * h * x, zero),  # twisted
    (zero, 0.05 * h * np.sin(3 * np.pi * h), zero),  # waves along the span
    (zero, 0.02 * h**2 * x, -0.02 * h * x * y / 41.0),
]
mission = [0.0, 20.0, 80.0, 100.0, 160.0, 180.0]
times = np.concatenate([np.linspace(a, b, k + 1)[1:] for a, b, k in zip(mission, mission[1:], (8, 5, 3, 3, 5))])
speed = np.interp(times, mission, [0, 1, 1, 0.85, 0.85, 0]) ** 2
gas = np.interp(times, mission, [0, 1, 1, 0.6, 0.6, 0])
heat = np.interp(times, mission, [0, 1, 1, 0.8, 0.8, 0])
amplitudes = [gas, gas * np.cos(times / 60), speed, gas + 0.3 * speed, np.sin(times / 25) * gas, np.sin(times / 40) * speed]
with open(folder / "train.node", "wb") as file:
    for k in range(len(times)):
        for c in range(3):
            u = 1.35e-2 * 0.55 * heat[k] * (x, y, z + 22.0)[c]
            u = u + sum(a[k] * shape[c] for a, shape in zip(amplitudes, shapes))
            u.astype(">f4").tofile(file)
with open(folder / "train.ut", "w", encoding="ascii") as file:
    file.write("**meshfile blade.geof\n**node U1 U2 U3\n**integ\n**element\n")
    for k, t in enumerate(times):
        file.write(f"{k + 1} 1 1 {k + 1} {t:.15e}\n")
print(f"{folder / 'train.ut'}: {3 * n} unknowns, {len(times)} times")
