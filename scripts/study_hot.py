"""Table of scripts/study-hot.sh, from its folder: study_hot.py FOLDER"""

import sys
from pathlib import Path

from study_indicator import SHARE, errors, largest_p, load


def run(folder, name, least):
    """Steps (first flagged, all, of the second cycle) and the worst error of p where it is above `least`."""
    summary = load(folder / f"{name}.json")
    times, p = largest_p(folder / "truth.h5")
    e = errors(load(folder / f"{name}-errors.json"), "p", times)
    worst = max(e[k] for k in range(1, len(times)) if p[k] > least)
    half = times[-1] / 2
    steps = summary["enriched"]
    first = min((k for k in range(1, len(times)) if any(abs(times[k] - t) < 1e-9 for t in steps)), default=None)
    return first, len(steps), sum(t > half * (1 + 1e-9) for t in steps), worst


def main():
    folder = Path(sys.argv[1])
    least = SHARE * largest_p(folder / "train/truth.h5")[1].max()
    print("| sequence | field | flagged at step | high-fidelity steps | second cycle | worst e(p) | again: steps | e(p) | carried: steps | e(p) |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for sequence in sorted(f for f in folder.iterdir() if f.name.isdigit()):
        for at in sorted((f for f in sequence.iterdir() if f.is_dir()), key=lambda f: int(f.name)):
            alone, again, carried = (run(at, name, least) for name in ("alone", "again", "carried"))
            print(
                f"| {sequence.name} | {at.name} | {alone[0]} | {alone[1]} | {alone[2]} | {alone[3]:.1e} | {again[1]} | {again[3]:.1e}"
                f" | {carried[1]} | {carried[3]:.1e} |"
            )


if __name__ == "__main__":
    main()
