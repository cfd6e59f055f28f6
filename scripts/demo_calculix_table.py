"""Prints what scripts/demo-calculix.sh has measured: demo_calculix_table.py FOLDER."""

import json
import sys
from pathlib import Path

folder = Path(sys.argv[1])


def read(name):
    return json.loads((folder / f"{name}.json").read_text())


def seconds(name):
    return sum(map(float, (folder / f"{name}.seconds").read_text().split()[-2:]))


law, offline, online, compare = (read(n) for n in ("law", "offline", "online", "compare"))
truth = seconds("predict")
rows = [
    ("unknowns -> modes", f"{offline['unknowns']} -> {offline['modes']}"),
    ("integration points -> reduced points", f"{offline['points']} -> {online['points']}"),
    ("law: ferrom solve against CalculiX, displacement", f"{law['worst']['U']['l2_of_largest']:.1e}"),
    ("law: equilibrium of the imported training", f"{offline['equilibrium']:.1e}"),
    ("prediction: error of the displacement", f"{compare['worst']['U']['l2_of_largest']:.1e}"),
    ("CalculiX: training runs, processor", f"{seconds('train_pull'):.1f} + {seconds('train_heat'):.1f} s"),
    ("CalculiX: predicted load, processor", f"{truth:.1f} s"),
    ("ferrom offline", f"{offline['run']['seconds']:.1f} s"),
    ("ferrom online", f"{online['seconds']:.3f} s in {online['increments']} increments"),
    ("... with start-up and fields rebuilt and written", f"{online['run']['seconds']:.2f} s"),
    ("CalculiX / ferrom online", f"{truth / online['seconds']:.0f}"),
]
width = max(len(name) for name, _ in rows)
print()
for name, value in rows:
    print(f"  {name:<{width}}  {value}")
print()
print("Errors: L2 norm over the volume, at the worst time, over the largest norm in time.")
