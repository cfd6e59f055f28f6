"""Prints what scripts/demo.sh has measured: demo_table.py FOLDER."""

import json
import sys
from pathlib import Path

folder = Path(sys.argv[1])


def read(name):
    return json.loads((folder / f"{name}.json").read_text())


training = [read(p.stem) for p in sorted(folder.glob("train_*.json"))]
offline, online, truth, outside = read("offline"), read("online"), read("truth"), read("outside")
worst = read("compare")["worst"]


def error(quantity):
    e = worst[quantity]
    return f"{e['l2_of_largest']:.1e}"


def residual(run):
    return ", ".join(f"{name} {r:.1e}" for name, r in run["residuals"].items())


rows = [
    ("unknowns -> modes", f"{truth['unknowns']} -> {online['modes']}"),
    ("integration points -> reduced points", f"{offline['points']} -> {online['points']}"),
    ("relative error of the displacement U", error("U")),
    ("relative error of the cumulated plastic strain p", error("p")),
    ("relative error of the stress sig", error("sig")),
    ("high-fidelity run", f"{truth['seconds']:.1f} s in {truth['increments']} increments"),
    ("reduced run", f"{online['seconds']:.3f} s in {online['increments']} increments"),
    ("speed-up of the run", f"{truth['seconds'] / online['seconds']:.0f}"),
    ("... with start-up and all fields rebuilt and written", f"{truth['run']['seconds'] / online['run']['seconds']:.0f}"),
    ("price of the model: training runs", " + ".join(f"{t['run']['seconds']:.0f}" for t in training) + " s"),
    ("price of the model: offline stage", f"{offline['run']['seconds']:.1f} s"),
    ("residual of the fits, this case", residual(online)),
    ("residual of the fits, outside the training", residual(outside)),
]
width = max(len(name) for name, _ in rows)
print()
for name, value in rows:
    print(f"  {name:<{width}}  {value}")
print()
print("Errors: L2 norm over the volume, at the worst time, over the largest norm in time.")
print("Residuals: known without the truth; near 1 the model has never seen anything like it.")
