"""Tables of scripts/study-indicator.sh: high-fidelity steps, errors, and how often the bound covers the true error.

    study_indicator.py FAMILY_FOLDER... [--json FILE] [--docs FILE]

A family's folder holds `cases` (the names of the folders that follow, one per line), train-*/truth.h5, model.json and for
each unseen case a folder with truth.h5 and, as far as the runs succeeded, plain.h5, adaptive-TOL.h5 and for each
NAME-errors.json (of `ferrom compare`) and NAME.json (of the run).
Needs numpy and h5py.

Error of a step: ||q~ - q|| / max(||q||, 1e-3 of its largest over time), in L2, for q = p (cumulated plastic strain) or U.
The bound is `ferrom/reduced/bound` where the run holds it; `ferrom/reduced/calibrated` says where it is meant.
Beside it stands the plain factor, 3 times `ferrom/reduced/indicator`, meant where the indicator is below 0.3.
A step is judged where p is above 1 % of its largest value in training: below, every relative error of p is large; and
after the first reduced step in which something flows: until then the state is that of the high-fidelity steps, without error.
"""

import argparse
import json
from pathlib import Path

import h5py
import numpy as np

FACTOR = 3.0  # error over indicator that is counted on
SATURATED = 0.3  # above it the indicator says nothing
SHARE = 0.01  # of the largest p in training
MARKS = "<!-- study-indicator: begin -->", "<!-- study-indicator: end -->"


def load(path):
    return json.loads(path.read_text()) if path.exists() else None


def largest_p(path):
    """Times of a run, and the largest p at each."""
    with h5py.File(path, "r") as f:
        times = f["VTKHDF/Steps/Values"][...]
        p = f["ferrom/points/p"]
        return times, np.array([p[k].max() for k in range(len(times))])


def reduced_rows(path, name):
    """A quantity of each step of a run, or None."""
    with h5py.File(path, "r") as f:
        found = f.get(f"ferrom/reduced/{name}")
        return None if found is None else np.asarray(found[...], float).reshape(len(found), -1)[:, 0]


def errors(report, quantity, times):
    """Relative L2 errors of a quantity at the times of a run; NaN where it was not compared."""
    rows = [(r["time"], r["l2"]) for r in report["rows"] if r["quantity"] == quantity]
    found = np.full(len(times), np.nan)
    for time, error in rows:
        found[np.argmin(np.abs(times - time))] = error
    return found


def coverage(bound, error, judged):
    """Share of the judged steps where the bound covers, number of them, median of bound over error."""
    judged = judged & np.isfinite(error) & np.isfinite(bound)
    if not judged.any():
        return {"covered": None, "steps": 0, "median": None}
    ratio = bound[judged] / np.maximum(error[judged], 1e-300)
    return {"covered": float(np.mean(ratio >= 1.0)), "steps": int(judged.sum()), "median": float(np.median(ratio))}


def run(folder, name, p_training):
    """What is known about one run of a case; None where it was not asked for."""
    failed = folder / f"{name}.failed"
    if failed.exists():
        return {"run": name, "failed": failed.read_text().strip()}
    report, summary = load(folder / f"{name}-errors.json"), load(folder / f"{name}.json")
    if report is None or summary is None:
        return None
    times, p = largest_p(folder / "truth.h5")
    with h5py.File(folder / f"{name}.h5", "r") as f:
        own = f["VTKHDF/Steps/Values"][...]
    loaded = np.interp(own, times, p) > SHARE * p_training
    loaded &= own > own[0]
    e = {q: errors(report, q, own) for q in ("p", "U")}
    # U at every step: the indicator of p is blind where nothing flows, and that must be seen
    judged = {"p": loaded, "U": own > own[0]}
    worst = lambda q: float(np.nanmax(e[q][judged[q]])) if judged[q].any() else None
    out = {
        "run": name,
        "steps": summary["increments"],
        "high_fidelity": len(summary.get("enriched", [])),
        "enriched": summary.get("enriched", []),
        "modes": summary["modes"],
        "points": summary["points"],
        "worst": {q: worst(q) for q in e},
        "last": {q: float(e[q][-1]) for q in e},
        "p_largest": float(p.max()),
        "eta": summary["indicator"] if "indicator" in summary else summary["residuals"].get("p"),
    }
    indicator = reduced_rows(folder / f"{name}.h5", "indicator")
    if indicator is not None:
        accumulated = reduced_rows(folder / f"{name}.h5", "accumulated indicator")
        if accumulated is not None:
            loaded &= accumulated > 1e-9
        plain = FACTOR * indicator
        out["factor"] = coverage(plain, e["p"], loaded & (indicator < SATURATED))
        columns = {"time": own, "error_p": e["p"], "error_U": e["U"], "indicator": indicator}
        bound = reduced_rows(folder / f"{name}.h5", "bound")
        if bound is not None:
            calibrated = reduced_rows(folder / f"{name}.h5", "calibrated")
            meant = np.ones(len(bound), bool) if calibrated is None else calibrated > 0.5
            out["bound"] = coverage(bound, e["p"], loaded & meant)
            columns |= {"bound": bound, "calibrated": meant.astype(float)}
        predicted = reduced_rows(folder / f"{name}.h5", "predicted")
        if predicted is not None:
            columns["predicted"] = predicted
        out["columns"] = {k: [None if np.isnan(x) else float(x) for x in v] for k, v in columns.items()}
        out["judged"] = [bool(x) for x in loaded]
    return out


def number(x, form="{:.1e}"):
    return "-" if x is None else form.format(x)


def percent(x):
    return "-" if x is None else f"{100 * x:.0f} %"


def pooled(runs, key):
    """Coverage over all steps of several runs."""
    found = [r[key] for r in runs if key in r and r[key]["steps"]]
    steps = sum(c["steps"] for c in found)
    if not steps:
        return {"covered": None, "steps": 0, "median": None}
    return {
        "covered": sum(c["covered"] * c["steps"] for c in found) / steps,
        "steps": steps,
        "median": float(np.median([c["median"] for c in found])),
    }


def family(folder):
    """All runs of a family."""
    listed = [folder / name for name in (folder / "cases").read_text().split()]
    p_training = max(largest_p(c / "truth.h5")[1].max() for c in listed if c.name.startswith("train-"))
    cases = []
    for case in listed:
        if case.name.startswith("train-"):
            continue
        names = ["plain"] + sorted({f.stem for f in case.glob("adaptive-*.failed")} | {f.stem for f in case.glob("adaptive-*.h5")})
        runs = [r for r in (run(case, n, p_training) for n in names) if r]
        if runs:
            cases.append({"case": case.name, "parameters": load(case / "parameters.json"), "runs": runs})
    return {"family": folder.name, "p_training": float(p_training), "model": load(folder / "model.json"), "cases": cases}


HEAD = [
    "| case | run | high-fidelity steps | worst e(p) | worst e(U) | last e(p) | largest eta | bound covers | bound / error "
    "| 3 eta covers | 3 eta / error |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
]


def row(name, r):
    if "failed" in r:
        return f"| {name} | {r['run']} | failed: {r['failed'].splitlines()[-1]} | | | | | | | | |"
    b, f = r.get("bound", {}), r.get("factor", {})
    share = lambda c: percent(c.get("covered")) + (f" of {c['steps']}" if c.get("steps") else "")
    return (
        f"| {name} | {r['run']} | {r['high_fidelity']} of {r['steps']} | {number(r['worst']['p'])} | {number(r['worst']['U'])}"
        f" | {number(r['last']['p'])} | {number(r['eta'])} | {share(b)} | {number(b.get('median'), '{:.2g}')}"
        f" | {share(f)} | {number(f.get('median'), '{:.2g}')} |"
    )


def tables(families):
    lines = []
    for f in families:
        lines += [f"### {f['family']}", "", *HEAD]
        for c in f["cases"]:
            lines += [row(c["case"], r) for r in c["runs"]]
        kinds = sorted({r["run"] for c in f["cases"] for r in c["runs"] if r["run"] != "plain"})
        for kind in kinds if len(f["cases"]) > 1 else []:
            runs = [r for c in f["cases"] for r in c["runs"] if r["run"] == kind and "failed" not in r]
            if not runs:
                continue
            worst = lambda q: max((r["worst"][q] for r in runs if r["worst"][q] is not None), default=None)
            total = {
                "run": kind,
                "high_fidelity": sum(r["high_fidelity"] for r in runs),
                "steps": sum(r["steps"] for r in runs),
                "worst": {"p": worst("p"), "U": worst("U")},
                "last": {"p": max(r["last"]["p"] for r in runs)},
                "eta": max((r["eta"] for r in runs if r["eta"] is not None), default=None),
                "bound": pooled(runs, "bound"),
                "factor": pooled(runs, "factor"),
            }
            lines.append(row("**all**", total))
        lines.append("")
    return "\n".join(lines + overall(families))


def overall(families):
    """Coverage over the steps of all cases of all families together, of the adaptive and of the plain runs."""
    lines = []
    for kind, chosen in (("adaptive", lambda n: n != "plain"), ("plain", lambda n: n == "plain")):
        runs = [r for f in families for c in f["cases"] for r in c["runs"] if chosen(r["run"]) and "columns" in r and "bound" in r]
        if not runs:
            continue
        ratios, uncalibrated = [], 0
        for r in runs:
            c = {k: np.array([np.nan if x is None else x for x in v]) for k, v in r["columns"].items()}
            meant = c["calibrated"] > 0.5
            judged = np.array(r["judged"]) & np.isfinite(c["error_p"])
            uncalibrated += int((judged & ~meant).sum())
            ratios.append((c["bound"] / np.maximum(c["error_p"], 1e-300))[judged & meant])
        ratios = np.concatenate(ratios)
        lines.append(
            f"{len(runs)} {kind} runs, {len(ratios)} judged steps that are calibrated: the bound covers "
            f"{100 * np.mean(ratios >= 1.0):.1f} %, median of bound over error {np.median(ratios):.2g}; "
            f"{uncalibrated} judged steps are uncalibrated."
        )
    return ["### All families together", "", *"\n\n".join(lines).split("\n"), ""] if lines else []


def into_docs(path, text):
    page = path.read_text()
    begin, end = (page.find(m) for m in MARKS)
    if begin < 0 or end < begin:
        raise SystemExit(f"study_indicator.py: {path} does not have the marks '{MARKS[0]}' and '{MARKS[1]}'")
    path.write_text(page[: begin + len(MARKS[0])] + "\n" + text + "\n" + page[end:])


def main():
    parser = argparse.ArgumentParser(description="Tables of scripts/study-indicator.sh.")
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--json", type=Path, help="write everything, step by step, to this file")
    parser.add_argument("--docs", type=Path, help="put the tables into this page, between its marks")
    given = parser.parse_args()
    families = [family(f) for f in given.folders]
    text = tables(families)
    print(text)
    if given.json:
        given.json.write_text(json.dumps(families, indent=1) + "\n")
    if given.docs:
        into_docs(given.docs, text)


if __name__ == "__main__":
    main()
