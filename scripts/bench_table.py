#!/usr/bin/env python3
"""The rows of scripts/bench.sh: bench_table.py FOLDER [--large] [NAME...]. With names, only rows that begin with one of them.

Ours and a peer's cost of the same task, their ratio and the ratio or cost aimed at. A peer is measured in the same run, or is a
figure recorded earlier (marked "recorded"). Processor seconds of one thread, the least of some runs; whole processes (start,
reading, writing) where the unit is "process".
"""
import datetime
import functools
import importlib.util
import json
import os
import pathlib
import platform
import re
import resource
import shutil
import subprocess
import sys

folder = pathlib.Path(sys.argv[1])
large = "--large" in sys.argv
names = [a for a in sys.argv[2:] if a != "--large"]
here = pathlib.Path(__file__).parent
ferrom = "target/release/ferrom"
rows = []


class Skip(Exception):
    """A row or a peer that this machine cannot run."""


def run(command, strict=True, **more):
    """Output and processor seconds of a program; Skip where it fails, if `strict`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **more)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode and strict:
        raise Skip(f"{command[0]}: " + " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]))
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cost(command, **more):
    """Processor seconds and peak memory in MB of a program; Skip where it fails."""
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise Skip(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3


def least(command, times=3):
    """JSON of the run with the least processor time of its algorithm."""
    return min((json.loads(run(command)[0]) for _ in range(times)), key=lambda r: r["cpu_seconds"])


def words(result):
    """What was found, in a few words."""
    keys = [k for k in ("modes", "points", "orthogonality", "error") if k in result]
    return ", ".join(f"{k} {result[k]:.1e}" if isinstance(result[k], float) else f"{k} {result[k]}" for k in keys)


def row(task, ours, unit, peer=None, theirs=None, aim="", note=""):
    """Adds a line; `ours` and `theirs` in `unit`."""
    ratio = theirs / ours if theirs else None
    rows.append(dict(task=task, ours=ours, unit=unit, peer=peer, theirs=theirs, ratio=ratio, aim=aim, note=note))


@functools.cache
def problem(*make):
    """A file of bench_problems.py, made once."""
    file = folder / ("_".join(pathlib.Path(str(m)).stem for m in make) + ".h5")
    if not file.exists():
        run([sys.executable, here / "bench_problems.py", *make, file])
    return file


def matrix(task, command, make, tol, peers, aim="", more=()):
    """`ferrom pod` or `ferrom cubature` and peers on one file; none among `peers` leaves the row without a ratio."""
    file = problem(*make)
    ours = least([ferrom, command, file, "--tol", tol, "--json", "-q", *more])
    memory = ours["run"]["peak_memory_bytes"]["max"] / 1e6
    note = f"{words(ours)}, {memory:.0f} MB"
    measured = 0
    for peer in peers:
        try:
            theirs = least([sys.executable, here / "bench_peer.py", peer, file, tol])
        except Skip as why:
            print(f"bench: {task}: {peer} left out: {why}", file=sys.stderr)
            continue
        measured += 1
        row(task, ours["cpu_seconds"], "s", peer, theirs["cpu_seconds"], aim, f"{note}; {words(theirs)}")
    if not measured:
        row(task, ours["cpu_seconds"], "s", aim=aim, note=note)


TRAINING = ["train0", "train1", "train2"]


@functools.cache
def plastic_bar():
    """A bar of 13 x 13 x 11 hexahedra, 80 increments (bench_problems.py), solved once under all its loads: the folder, and
    processor seconds of each solution."""
    where = folder / "plastic"
    kept = where / "solved.json"
    if not kept.exists():
        run([sys.executable, here / "bench_problems.py", "box", 13, 13, 11, 40, where])
        solve = lambda case: run([ferrom, "solve", where / f"{case}.toml", "-o", where / f"{case}.h5", "-q"])[1]
        kept.write_text(json.dumps({case: solve(case) for case in [*TRAINING, "predict"]}))
    return where, json.loads(kept.read_text())


def cubature_of_a_structure():
    """Modes of strains and stresses of the plastic bar."""
    make = ["solved", 20, plastic_bar()[0] / "train1.h5"]
    for tol in ("1e-3", "1e-4", "1e-5"):
        matrix(f"cubature structure {tol}", "cubature", make, tol, [])
    matrix("cubature structure 1e-4 --exchange", "cubature", make, "1e-4", [], more=["--exchange"])


def speed():
    """Figures of tests/online_speed.rs."""
    command = "cargo test --release --locked --test online_speed -- --ignored --nocapture --test-threads 1".split()
    # a budget that a busy machine exceeds is no reason to hide the figures
    text = run(command, strict=False)[0]
    of = lambda pattern: [float(x) for x in re.findall(pattern, text)]
    for value in of(r"60 modes, 1500 points: ([\d.]+) ms"):
        row("reduced evaluation, 60 modes x 1500 points", value, "ms", "numpy, recorded", 9.8, "20 x")
    for value in of(r"13 fields at 1728 points, 11 times: ([\d.]+) ms"):
        row("13 fields at 1728 points, 11 times", value, "ms", "recorded", 145.0, "3 ms")
    for value in of(r"online increment, by the clock +([\d.]+) micro"):
        row("online increment, MecaSequential", value / 1e3, "ms", aim="0.12 ms")
    for value in of(r"offline, processor time of the process +([\d.]+) ms"):
        row("offline chain, MecaSequential", value / 1e3, "process s", aim="0.1 s")
    if "online increment" not in text:
        print("bench: MecaSequential left out: no reference data (set FERROM_REFERENCE)", file=sys.stderr)


def own_full_model():
    """A plastic bar of 7,056 unknowns: reduced run against full solution, whole processes that write U at every increment."""
    where, spent = plastic_bar()
    train = [where / f"{case}.h5" for case in TRAINING]
    offline = run([ferrom, "offline", *train, "-o", where / "model.h5", "-q"])[1]
    command = [ferrom, "online", where / "model.h5", where / "predict.toml", "-o", where / "prediction.h5", "-q"]
    ours = min(run([*command, "--rebuild", "U"])[1] for _ in range(5))
    run([*command, "--rebuild", "U,p,sig"])
    report = json.loads(run([ferrom, "compare", where / "prediction.h5", where / "predict.h5", "--json", "-q"])[0])
    error = {}
    for r in report["rows"]:
        if r["quantity"] in ("U", "sig", "p"):
            error[r["quantity"]] = max(error.get(r["quantity"], 0.0), r["l2_of_largest"])
    note = "L2 error over the largest norm: " + ", ".join(f"{k} {v:.1e}" for k, v in error.items()) + f"; offline {offline:.1f} s"
    row("plastic bar of 7056 unknowns, 80 increments", ours, "process s", "ferrom solve", spent["predict"], "100 x", note)


SOLIDS = {
    "plate, 11,728 equations, C3D20R, 120 increments": (["plate", 10, 20, 4, 20], "deck", 5e-3, "5 x, 1.5 x memory"),
    "cube, 107,811 unknowns, C3D8": (["cube", 32, "c3d8", 0.002], "deck_pcg", 1e-4, "2 x, 1.5 x memory"),
    "cube, 311,469 unknowns, C3D8": (["cube", 46, "c3d8", 0.002], "deck_pcg", 1e-4, "2 x, 1.5 x memory"),
    # at 0.002 CalculiX finds its iterations to diverge, and stops
    "cube, 92,400 unknowns, C3D20R": (["cube", 19, "c3d20r", 0.0005], "deck", 1e-4, "10 x, 1.5 x memory"),
}


def solid(name):
    """The high-fidelity solver against CalculiX with the linear solver that serves it best there."""
    if not shutil.which("ccx"):
        raise Skip("ccx is not installed (Debian: calculix-ccx)")
    problem, deck, tolerance, aim = SOLIDS[name]
    where = folder / "-".join(map(str, problem[:3]))
    run([sys.executable, here / "bench_solid.py", *problem, where])
    solve = [ferrom, "solve", where / "case.toml", "-o", where / "run.h5", "-q", "--newton-tol", tolerance]
    ours, memory = cost(solve)
    theirs, their_memory = cost(["ccx", deck], cwd=where, env={"OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"})
    note = f"memory {memory:.0f} MB, theirs {their_memory:.0f} MB, {memory / their_memory:.2f} x"
    row(name, ours, "process s", f"ccx {deck}", theirs, aim, note)


TASKS = {
    "pod 300000": lambda: matrix(
        "pod 300000 x 100", "pod", ["pod", 300000, 100], "1e-6", ["gram", "pymor", "svd"], "0.15 s"
    ),
    "cubature structure": cubature_of_a_structure,
    "cubature 400 x 10648": lambda: matrix(
        "cubature 400 x 10648", "cubature", ["cubature", 20, 20, 11], "1e-2", ["nnls"]
    ),
    "cubature 4800": lambda: matrix(
        "cubature 4800 x 10648 (l4)", "cubature", ["cubature", 60, 80, 11], "1e-3", [], "680 points, 8 s, 250 MB"
    ),
    "speed": speed,
    "plastic": own_full_model,
} | {f"solid {name}": lambda name=name: solid(name) for name in SOLIDS}
if large:
    TASKS["pod 3000000"] = lambda: matrix(
        "pod 3000000 x 50", "pod", ["pod", 3000000, 50], "1e-6", ["gram", "pymor"], "0.8 s"
    )
    TASKS["cubature 400 x 1000000"] = lambda: matrix(
        "cubature 400 x 1000000 (s6)", "cubature", ["cubature", 20, 20, 50], "1e-2", [], "105 points, 5 s, 2.2 GB"
    )


def version(package):
    """Of an installed package, by its metadata."""
    if not importlib.util.find_spec(package):
        return None
    from importlib.metadata import version as installed

    return installed(package)


for name, task in TASKS.items():
    if names and not any(name.startswith(n) for n in names):
        continue
    try:
        task()
    except Skip as why:
        print(f"bench: {name} left out: {why}", file=sys.stderr)
print(f"{'task':46}{'ours':>10} {'unit':10}{'peer':18}{'theirs':>10}{'ratio':>8}  {'aim':24}result")
for r in rows:
    theirs = f"{r['theirs']:.4g}" if r["theirs"] else ""
    ratio = f"{r['ratio']:.3g}" if r["ratio"] else ""
    print(f"{r['task']:46}{r['ours']:10.4g} {r['unit']:10}{r['peer'] or '':18}{theirs:>10}{ratio:>8}  {r['aim']:24}{r['note']}")
model = re.findall(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
machine = {"processor": model[0] if model else platform.processor(), "system": platform.platform()}
versions = {p: version(p) for p in ("numpy", "scipy", "pymor", "h5py")} | {"python": platform.python_version()}
versions["ferrom"] = run([ferrom, "--version"])[0].split()[-1]
result = {"date": datetime.date.today().isoformat(), "machine": machine, "versions": versions, "rows": rows}
(folder / "result.json").write_text(json.dumps(result, indent=1) + "\n")
