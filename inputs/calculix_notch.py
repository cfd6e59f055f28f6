#!/usr/bin/env python3
"""Writes the CalculiX decks of scripts/demo-calculix.sh: a notched bar that is pulled, held and heated in cycles.

    calculix_notch.py [--refine N] [--umat] FOLDER

FOLDER/train_pull.inp and train_heat.inp are the training, predict.inp is another load. Units: mm, s, MPa, degrees C. The
law is CalculiX' own: *PLASTIC and *CREEP,LAW=NORTON together, so that p' = A <J - R(p)>^n; both depend on temperature. With
--umat it is the UMAT of tests/umat/chaboche_umat.c in FOLDER/libCHABOCHE.so, which does not depend on temperature. The mesh is that of meshes/notched_bar.py. Needs Python 3 alone.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "meshes"))
import hexahedra  # noqa: E402
import notched_bar  # noqa: E402

# Places, in the ring order of hexahedra.py, of the nodes of a C3D20R.
ORDER = [0, 2, 4, 6, 12, 14, 16, 18, 1, 3, 5, 7, 13, 15, 17, 19, 8, 9, 10, 11]
MATERIAL = """*MATERIAL, NAME=ALLOY
*ELASTIC
2.05e5, 0.3, 20.
1.65e5, 0.3, 700.
*EXPANSION, ZERO=20.
1.25e-5, 20.
1.45e-5, 700.
*PLASTIC
260., 0., 20.
330., 0.02, 20.
150., 0., 700.
200., 0.02, 700.
*CREEP, LAW=NORTON
1e-14, 5., 0., 20.
3e-13, 5., 0., 700.
*SOLID SECTION, ELSET=EALL, MATERIAL=ALLOY
"""
# E, nu, R0, Q, b, C, D, K, n
UMAT = """*MATERIAL, NAME=@ABAQUS_CHABOCHE
*EXPANSION, ZERO=20.
1.3e-5
*USER MATERIAL, CONSTANTS=9
1.8e5, 0.3, 150., 60., 20., 2e4, 200., 400.
8.
*DEPVAR
13
*SOLID SECTION, ELSET=EALL, MATERIAL=@ABAQUS_CHABOCHE
"""
# Peak of the traction (MPa), of the heating (K, at the hot side), seconds of a ramp, seconds of the hold, of each cycle.
CASES = {
    "train_pull": [(150.0, 250.0, 20.0, 40.0), (175.0, 250.0, 20.0, 40.0)],
    "train_heat": [(140.0, 450.0, 20.0, 40.0), (140.0, 550.0, 40.0, 80.0)],
    "predict": [(160.0, 350.0, 25.0, 60.0), (150.0, 500.0, 25.0, 60.0), (165.0, 400.0, 30.0, 30.0)],
}


def lines(numbers):
    return "".join(", ".join(map(str, numbers[i : i + 12])) + ",\n" for i in range(0, len(numbers), 12))


def mesh(grid):
    out = ["*NODE, NSET=NALL\n"]
    out += ["%d, %.15g, %.15g, %.15g\n" % (n + 1, *x) for n, x in enumerate(grid.points)]
    out.append("*ELEMENT, TYPE=C3D20R, ELSET=EALL\n")
    for e, ring in enumerate(grid.connectivity):
        nodes = [str(ring[place] + 1) for place in ORDER]
        out.append(f"{e + 1}, " + ", ".join(nodes[:10]) + ",\n" + ", ".join(nodes[10:]) + "\n")
    at = lambda value, target: abs(value - target) < 1e-9 * notched_bar.LENGTH
    sets = {
        "X0": grid.where(lambda x, y, z: at(x, 0.0)),
        "LINE": grid.where(lambda x, y, z: at(x, 0.0) and at(y, 0.0)),
        "ORIGIN": grid.where(lambda x, y, z: at(x, 0.0) and at(y, 0.0) and at(z, 0.0)),
    }
    out += [f"*NSET, NSET={name}\n" + lines([n + 1 for n in set_]) for name, set_ in sets.items()]
    # face 4 of a hexahedron is at the end of the first axis
    last = [e + 1 for e, cell in enumerate(grid.cells) if cell[0] == grid.counts[0] - 1]
    out.append("*SURFACE, NAME=X1\n" + "".join(f"{e}, S4\n" for e in last))
    return "".join(out)


def steps(points, cycles, strain):
    hottest = max(y for _, y, _ in points)
    out = []
    for peak, heating, ramp, hold in cycles:
        for traction, heat, time, count in [(peak, heating, ramp, 10), (peak, heating, hold, 5), (0.0, 0.0, ramp, 10)]:
            out.append(f"*STEP, INC=100000, AMPLITUDE=RAMP\n*VISCO, DIRECT, CETOL=1.\n{time / count!r}, {time!r}\n")
            out.append("*CONTROLS, PARAMETERS=FIELD\n1e-7, 1e-5\n")
            out.append(f"*DSLOAD\nX1, P, {-traction!r}\n*TEMPERATURE\n")
            for n, (_, y, _) in enumerate(points):
                out.append("%d, %.15g\n" % (n + 1, 20.0 + heat * (0.7 + 0.3 * y / hottest)))
            out.append(f"*NODE OUTPUT, DOUBLE\nU\n*EL PRINT, ELSET=EALL\nS, {strain}\n*END STEP\n")
    return "".join(out)


def main():
    parser = argparse.ArgumentParser(description="Writes the CalculiX decks of scripts/demo-calculix.sh.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--refine", type=int, default=2, help="elements per direction, times this (default 2)")
    parser.add_argument("--umat", action="store_true", help="the law of tests/umat/chaboche_umat.c")
    given = parser.parse_args()
    n = given.refine
    counts = (10 * n, 4 * n - 2 * (n > 1), n)
    grid = hexahedra.Grid(counts, notched_bar.position(counts))
    given.folder.mkdir(parents=True, exist_ok=True)
    for name, cycles in CASES.items():
        text = "*HEADING\nnotched bar, written by calculix_notch.py\n" + mesh(grid)
        text += UMAT if given.umat else MATERIAL
        text += "*INITIAL CONDITIONS, TYPE=TEMPERATURE\nNALL, 20.\n*BOUNDARY\nX0, 1\nLINE, 2\nORIGIN, 3\n"
        (given.folder / f"{name}.inp").write_text(text + steps(grid.points, cycles, "SDV" if given.umat else "PEEQ"), encoding="ascii")
    print(f"{given.folder}: {len(grid.connectivity)} elements C3D20R, {3 * len(grid.points)} unknowns")


if __name__ == "__main__":
    main()
