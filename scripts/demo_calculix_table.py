"""Prints what scripts/demo-calculix.sh has measured, and draws calculix.png: demo_calculix_table.py FOLDER VARIABLE.

VARIABLE is the name of the cumulated plastic strain in the files of FOLDER.
"""

import json
import sys
from pathlib import Path

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.collections import PolyCollection

folder, strain = Path(sys.argv[1]), sys.argv[2]


def read(name):
    return json.loads((folder / f"{name}.json").read_text())


def seconds(name):
    return sum(map(float, (folder / f"{name}.seconds").read_text().split()[-2:]))


def errors(name):
    worst = read(name)["worst"]
    return ", ".join(f"{q if q != strain else 'p'} {worst[q]['l2_of_largest']:.1e}" for q in ("U", "sig", strain))


offline, online = read("offline"), read("online")
truth = seconds("predict")
rows = [
    ("unknowns -> modes", f"{offline['unknowns']} -> {offline['modes']}"),
    ("integration points -> reduced points", f"{offline['points']} -> {online['points']}"),
    ("law: ferrom solve against CalculiX", errors("law")),
    ("law: equilibrium of the imported training", f"{offline['equilibrium']:.1e}"),
    ("prediction against CalculiX", errors("compare")),
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
print("\nErrors: L2 norm over the volume, at the worst time, over the largest norm in time.")


class Run:
    """Times, mean displacement of the pulled end, cumulated plastic strain of the elements, and the mesh."""

    def __init__(self, name):
        with h5py.File(folder / f"{name}.h5") as file:
            vtk = file["VTKHDF"]
            self.times = vtk["Steps/Values"][:]
            self.points = vtk["Points"][:]
            self.cells = vtk["Connectivity"][:].reshape(-1, 20)[:, :8]
            end = self.points[:, 0] > self.points[:, 0].max() * (1 - 1e-9)
            self.end = vtk["PointData/U"][:].reshape(len(self.times), -1, 3)[:, end, 0].mean(axis=1)
            self.strain = vtk[f"CellData/{strain}"][:].reshape(len(self.times), -1)

    def front(self):
        """The faces at the lowest z, and their elements."""
        low = self.points[:, 2].min()
        faces, elements = [], []
        for e, cell in enumerate(self.cells):
            corners = self.points[cell]
            at = corners[np.isclose(corners[:, 2], low)][:, :2]
            if len(at) == 4:
                middle = at - at.mean(axis=0)
                faces.append(at[np.argsort(np.arctan2(middle[:, 1], middle[:, 0]))])
                elements.append(e)
        return faces, elements


theirs, ours = Run("predict"), Run("prediction")
figure = plt.figure(figsize=(8.5, 4.2), constrained_layout=True)
axes = figure.subplot_mosaic([["end", "strain"], ["theirs", "ours"]], height_ratios=[2, 1])
point = theirs.strain[-1].argmax()
for axis, label, values in [
    (axes["end"], "U1 of the pulled end (mm)", lambda run: run.end),
    (axes["strain"], "p, element that yields most", lambda run: run.strain[:, point]),
]:
    axis.plot(ours.times, values(ours), color="tab:orange", label="reduced model")
    axis.plot(theirs.times, values(theirs), "o", ms=3, mfc="none", color="tab:blue", label="CalculiX")
    axis.set_xlabel("time (s)")
    axis.set_ylabel(label)
    axis.grid(alpha=0.3)
axes["strain"].legend(fontsize="small")
largest = max(run.strain[-1].max() for run in (theirs, ours))
for axis, run, title in [(axes["theirs"], theirs, "p at the end, CalculiX"), (axes["ours"], ours, "reduced model")]:
    faces, elements = run.front()
    picture = PolyCollection(faces, array=run.strain[-1][elements], cmap="viridis", edgecolors="face")
    picture.set_clim(0, largest)
    axis.add_collection(picture)
    axis.autoscale()
    axis.set_aspect("equal")
    axis.set_title(title, fontsize="medium")
    axis.set_axis_off()
figure.colorbar(picture, ax=[axes["theirs"], axes["ours"]], aspect=8)
figure.savefig(folder / "calculix.png", dpi=90)
print(f"Figure: {folder / 'calculix.png'}, means over elements.")
