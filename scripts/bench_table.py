#!/usr/bin/env python3
"""Runs the comparisons of scripts/bench.sh: bench_table.py FOLDER [--large]."""
import json
import pathlib
import platform
import re
import subprocess
import sys

folder, large = pathlib.Path(sys.argv[1]), "--large" in sys.argv
here = pathlib.Path(__file__).parent
RUNS = 3
# name, generator's arguments, command and options, tolerance, peers
CASES = [
    ("pod 300000 x 100", ["pod", 300000, 100], "pod", 1e-6, ["gram", "pymor", "svd"]),
    ("cubature 400 x 10648", ["cubature", 20, 20, 11], "cubature", 1e-2, ["nnls"]),
    ("cubature 4800 x 10648", ["cubature", 60, 80, 11], "cubature", 1e-3, []),
]
if large:
    CASES += [
        ("pod 3000000 x 50", ["pod", 3000000, 50], "pod", 1e-6, ["gram"]),
        ("cubature 400 x 1000000", ["cubature", 20, 20, 50], "cubature", 1e-2, []),
    ]


def least(command):
    """The run with the least processor time, as JSON; None where a program is missing."""
    found = []
    for _ in range(RUNS):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode:
            print("bench: left out:", done.stderr.strip().splitlines()[-1:], file=sys.stderr)
            return None
        found.append(json.loads(done.stdout))
    return min(found, key=lambda r: r["cpu_seconds"])


def words(result):
    """What was found, in a few words."""
    keys = [k for k in ("modes", "points", "orthogonality", "error") if k in result]
    return ", ".join(f"{k} {result[k]:.1e}" if isinstance(result[k], float) else f"{k} {result[k]}" for k in keys)


rows = []
for name, make, command, tol, peers in CASES:
    file = folder / (name.replace(" ", "_") + ".h5")
    if not file.exists():
        subprocess.run([sys.executable, here / "bench_problems.py", *map(str, make), file], check=True)
    ours = least(["target/release/ferrom", command, file, "--tol", tol, "--json", "-q"])
    if ours is None:
        sys.exit(1)
    memory = ours["run"]["peak_memory_bytes"]["max"]
    rows.append({"case": name, "who": "ferrom", "ratio": 1.0, "memory": memory, **ours})
    for peer in peers:
        theirs = least([sys.executable, here / "bench_peer.py", peer, file, tol])
        if theirs:
            rows.append({"case": name, "who": peer, "ratio": theirs["cpu_seconds"] / ours["cpu_seconds"], **theirs})
print(f"{'problem':24}{'program':10}{'cpu s':>9}{'ratio':>8}{'MB':>7}  result")
for r in rows:
    memory = f"{r['memory'] / 1e6:.0f}" if "memory" in r else ""
    print(f"{r['case']:24}{r['who']:10}{r['cpu_seconds']:9.3f}{r['ratio']:8.1f}{memory:>7}  {words(r)}")
model = re.findall(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
machine = {"processor": model[0] if model else platform.processor(), "python": platform.python_version()}
(folder / "result.json").write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
