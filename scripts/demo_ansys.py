"""Prints what scripts/demo-ansys.sh has measured, and draws ansys.png: demo_ansys.py FOLDER."""

import json
import sys
from pathlib import Path

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

folder = Path(sys.argv[1])


def read(name):
    return json.loads((folder / f"{name}.json").read_text())


def errors(name):
    worst = read(name)["worst"]
    return ", ".join(f"{q} {worst[q]['l2_of_largest']:.1e}" for q in ("U", "sig", "p"))


offline, online = read("offline"), read("online")
rows = [
    ("unknowns -> modes", f"{offline['unknowns']} -> {offline['modes']}"),
    ("integration points -> reduced points", f"{offline['points']} -> {offline['weighted_points']}"),
    ("law driven by the file's displacements, small strains, against the file", ", ".join(f"{q} {d:.1e}" for q, d in sorted(offline["deviation"].items(), reverse=True))),
    ("the file's load again, against the file", errors("compare")),
    ("another load, against ferrom solve", errors("outside")),
    ("residual of the fits, the file's load", ", ".join(f"{q} {r:.1e}" for q, r in sorted(online["residuals"].items(), reverse=True))),
    ("residual of the fits, another load", ", ".join(f"{q} {r:.1e}" for q, r in sorted(read("other")["residuals"].items(), reverse=True))),
]
width = max(len(name) for name, _ in rows)
print()
for name, value in rows:
    print(f"  {name:<{width}}  {value}")
print("\nErrors: L2 norm over the volume, at the worst time, over the largest norm in time.")


def history(name, field):
    """Times, and the mean of a field of elements over each alloy."""
    with h5py.File(folder / f"{name}.h5") as f:
        times = f["VTKHDF/Steps/Values"][:]
        values = f[f"VTKHDF/CellData/{field}"][:].reshape(len(times), -1)
        sets = [f[f"ferrom/mesh/element_sets/mat{m}"][:] for m in (1, 2)]
    return times, [values[:, s].mean(axis=1) for s in sets]


figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), constrained_layout=True)
for axis, field, label in zip(axes, ("seq", "p"), ("von Mises stress (MPa)", "cumulated plastic strain")):
    times, stored = history("train", field)
    again_times, again = history("again", field)
    for alloy, color in enumerate(("tab:blue", "tab:orange")):
        name = ("E = 71 GPa", "E = 45 GPa")[alloy]
        axis.plot(again_times, again[alloy], color=color, label=f"reduced model, {name}")
        axis.plot(times, stored[alloy], "o", mfc="none", color=color, label=f"Ansys, {name}")
    axis.set_xlabel("time")
    axis.set_ylabel(label)
    axis.grid(alpha=0.3)
axes[0].legend(fontsize="small")
figure.savefig(folder / "ansys.png", dpi=110)
print(f"Figure: {folder / 'ansys.png'}, means over each alloy.")
