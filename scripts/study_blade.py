"""Table and figure of scripts/study-blade.sh, from its folder: study_blade.py FOLDER [--figure FILE]

Error of p at a step: L2 over the integration points, relative to the norm of the step or 1e-3 of the largest one.
"""

import argparse
import json
from pathlib import Path

import h5py
import numpy as np

SHARE = 0.01  # steps are judged where p is above this share of its largest value in training


def main():
    parser = argparse.ArgumentParser(description="Table of scripts/study-blade.sh.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    folder = given.folder
    summary = {name: json.loads((folder / f"{name}.json").read_text()) for name in ("train", "model", "run", "truth")}
    with h5py.File(folder / "train.h5") as f:
        trained = f["ferrom/points/p"]
        largest = max(float(np.max(trained[k])) for k in range(len(trained)))
    with h5py.File(folder / "truth.h5") as t, h5py.File(folder / "run.h5") as r:
        times = t["VTKHDF/Steps/Values"][...]
        if not np.allclose(times, r["VTKHDF/Steps/Values"][...]):
            raise SystemExit("study_blade.py: the runs were not written at the same times")
        true, ours = t["ferrom/points/p"], r["ferrom/points/p"]
        norms, wrong, judged = [], [], []
        for k in range(len(times)):
            a, b = np.ravel(true[k]), np.ravel(ours[k])
            norms.append(np.linalg.norm(a))
            wrong.append(np.linalg.norm(a - b))
            judged.append(a.max() > SHARE * largest)
        norms, wrong, judged = map(np.array, (norms, wrong, judged))
        errors = wrong / np.maximum(norms, 1e-3 * norms.max())
        last = np.ravel(true[len(times) - 1]), np.ravel(ours[len(times) - 1])
    seconds = {name: s["run"]["seconds"] for name, s in summary.items()}
    run = summary["run"]
    stages = {s["stage"]: s["max"] for s in run["run"]["stages"]}
    rows = [
        ("unknowns", f"{summary['truth']['unknowns']}"),
        ("increments", f"{run['increments']}"),
        ("training cycle, offline stage", f"{seconds['train']:.0f} s, {seconds['model']:.0f} s"),
        ("high-fidelity run", f"{seconds['truth']:.1f} s"),
        ("adaptive run", f"{seconds['run']:.1f} s"),
        ("**ratio**", f"**{seconds['truth'] / seconds['run']:.1f}**"),
        ("high-fidelity steps", f"{len(run['enriched'])}"),
        ("modes, points", f"{run['modes']}, {run['points']}"),
        ("indicator / reduced step", f"{100 * run['indicator_seconds'] / run['seconds'][2]:.1f} %"),
        ("worst error of p (step)", f"{errors[judged].max():.1e} ({int(np.argmax(np.where(judged, errors, 0)))})"),
        ("last error of p", f"{errors[-1]:.1e}"),
        ("steps judged", f"{int(judged.sum())}"),
        ("seconds by stage", ", ".join(f"{k} {v:.1f}" for k, v in sorted(stages.items(), key=lambda s: -s[1]) if v > 0.05)),
    ]
    print("| | |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")
    if given.figure:
        figure(given.figure, folder, *last)


def figure(path, folder, true, ours):
    """p at the end, seen from the side: the largest of each element, truth, adaptive and their difference."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with h5py.File(folder / "truth.h5") as f:
        points, offsets = f["VTKHDF/Points"][...], f["VTKHDF/Offsets"][...]
        nodes = f["VTKHDF/Connectivity"][...]
    centres = np.array([points[nodes[a:b]].mean(axis=0) for a, b in zip(offsets[:-1], offsets[1:]) if b > a])
    per = len(true) // len(centres)
    shown = [v.reshape(-1, per).max(axis=1) if per * len(centres) == len(true) else None for v in (true, ours)]
    if any(v is None for v in shown):
        raise SystemExit("study_blade.py: elements of several kinds cannot be drawn")
    shown.append(np.abs(shown[1] - shown[0]))
    _, axes = plt.subplots(1, 3, figsize=(13, 5))
    for axis, values, title in zip(axes, shown, ("p, high-fidelity", "p, adaptive", "difference")):
        order = np.argsort(values)
        dots = axis.scatter(centres[order, 2], centres[order, 1], c=values[order], s=4, cmap="viridis")
        plt.colorbar(dots, ax=axis)
        axis.set_title(title)
        axis.set_aspect("equal")
    plt.tight_layout()
    plt.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
