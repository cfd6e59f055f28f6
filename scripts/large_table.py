"""Prints what scripts/large.sh has measured: large_table.py FOLDER."""

import json
import sys
from pathlib import Path

folder = Path(sys.argv[1])
read = {name: json.loads((folder / f"{name}.json").read_text()) for name in ("import", "offline", "online", "rebuild")}
offline = read["offline"]
print(f"{offline['unknowns']} unknowns, {offline['points']} integration points -> {offline['modes']} modes, ", end="")
print(f"{offline['weighted_points']} + {offline['extra_points']} points, cubature error {offline['cubature_error']:.1e}")
disk = offline["memory"]["snapshots_on_disk"]
print(f"snapshots on the disk: {disk / 1e9:.2f} GB\n")
print("| stage | s | peak memory of a rank, MB |\n|---|---|---|")
for name, told in read.items():
    run = told["run"]
    peaks = ", ".join(f"{b / 1e6:.0f}" for b in run["peak_memory_bytes"]["ranks"])
    print(f"| {name} | {run['seconds']:.1f} | {peaks} |")
    if name == "offline":
        for stage in run["stages"]:
            print(f"| ... {stage['stage']} | {stage['max']:.1f} | |")
