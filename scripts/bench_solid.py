#!/usr/bin/env python3
"""One problem of the high-fidelity solver twice: as a case of ferrom and as a CalculiX deck (numpy).

    bench_solid.py plate NR NT NZ INCREMENTS FOLDER     quarter of a plate with a hole, quadratic hexahedra with 2 x 2 x 2 points
    bench_solid.py cube N c3d8|c3d20r PULL FOLDER       cube of N^3 hexahedra, one plastic increment

FOLDER receives mesh.geof, case.toml, deck.inp and temperature.txt. Both use the same law: elasticity, thermal expansion and
isotropic hardening by points that depend on temperature, which the stock CalculiX has built in.

Plate: 40 x 40 x 5 around a hole of radius 10; three cycles of centrifugal load about an axis at x = -300, traction at x = 40
and heating around the hole, INCREMENTS in each half of a cycle. Cube: pulled by PULL (0.002: 0.2 %) in one increment under a temperature
that varies with y.
"""
import math
import pathlib
import sys

import numpy as np

# faces of a hexahedron by its vertices (outward), as CalculiX numbers them, and its edges in the order of mid-side nodes
FACES = {4: (1, 2, 6, 5)}
EDGES = [(0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7)]
CORNERS = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)])
# Z-set lists the nodes of a quadratic hexahedron ring by ring
RINGS = [0, 8, 1, 9, 2, 10, 3, 11, 16, 17, 18, 19, 4, 12, 5, 13, 6, 14, 7, 15]
COLD, HOT = 293.0, 1073.0
MODULI = {COLD: (2.0e5, 0.3), HOT: (1.4e5, 0.33)}
HARDENING = {
    COLD: [(0.0, 150.0), (0.002, 190.0), (0.01, 230.0), (0.05, 280.0), (0.2, 320.0)],
    HOT: [(0.0, 90.0), (0.002, 115.0), (0.01, 140.0), (0.05, 170.0), (0.2, 190.0)],
}
DENSITY, EXPANSION = 8e-9, 1.3e-5


class Grid:
    """nx x ny x nz hexahedra; `place` maps the unit cube to space."""

    def __init__(self, cells, quadratic, place):
        step = 2 if quadratic else 1
        shape = [step * c + 1 for c in cells]
        self.number = np.full(shape, -1)
        index = np.argwhere(np.ones(shape, bool).transpose()).astype(int)[:, ::-1]
        if quadratic:
            index = index[(index % 2).sum(1) < 2]
        self.number[tuple(index.T)] = np.arange(len(index))
        self.unit = index / (np.array(shape) - 1)
        self.points = np.array([place(*u) for u in self.unit])
        self.elements = []
        for k, j, i in np.ndindex(*cells[::-1]):
            corner = step * (np.array([i, j, k]) + CORNERS)
            nodes = [self.number[tuple(c)] for c in corner]
            if quadratic:
                nodes += [self.number[tuple((corner[a] + corner[b]) // 2)] for a, b in EDGES]
            self.elements.append(nodes)
        self.cells, self.quadratic = cells, quadratic

    def where(self, axis, value):
        return np.flatnonzero(np.abs(self.unit[:, axis] - value) < 1e-9)


def lines(numbers, per=12):
    numbers = [str(n) for n in numbers]
    return "".join(", ".join(numbers[i : i + per]) + ",\n" for i in range(0, len(numbers), per))


def geof(grid, nsets, faces):
    kind = "c3d20r" if grid.quadratic else "c3d8"
    out = [f"***geometry\n**node\n{len(grid.points)} 3\n"]
    out += [f"{i + 1} {x:.17g} {y:.17g} {z:.17g}\n" for i, (x, y, z) in enumerate(grid.points)]
    out.append(f"**element\n{len(grid.elements)}\n")
    for e, nodes in enumerate(grid.elements):
        order = [nodes[i] for i in RINGS] if grid.quadratic else nodes
        out.append(f"{e + 1} {kind} " + " ".join(str(n + 1) for n in order) + "\n")
    out.append("***group\n")
    for name, nodes in nsets.items():
        out.append(f"**nset {name}\n" + "".join(f"{n + 1}\n" for n in nodes))
    for name, of in faces.items():
        out.append(f"**faset {name}\n")
        for e, face in of:
            v = FACES[face]
            nodes = [grid.elements[e][i] for i in v]
            if grid.quadratic:
                mids = [next(8 + k for k, (a, b) in enumerate(EDGES) if {a, b} == {v[i], v[(i + 1) % 4]}) for i in range(4)]
                nodes = [n for i in range(4) for n in (nodes[i], grid.elements[e][mids[i]])]
            out.append(("q8 " if grid.quadratic else "q4 ") + " ".join(str(n + 1) for n in nodes) + "\n")
    return "".join(out) + "***return\n"


def deck(grid, nsets, elsets):
    kind = "C3D20R" if grid.quadratic else "C3D8"
    out = ["*NODE, NSET=NALL\n"]
    out += [f"{i + 1}, {x:.15g}, {y:.15g}, {z:.15g}\n" for i, (x, y, z) in enumerate(grid.points)]
    out.append(f"*ELEMENT, TYPE={kind}, ELSET=EALL\n")
    for e, nodes in enumerate(grid.elements):
        nodes = [n + 1 for n in nodes]
        tail = ",\n" + ", ".join(map(str, nodes[15:])) if grid.quadratic else ""
        out.append(f"{e + 1}, " + ", ".join(map(str, nodes[:15])) + tail + "\n")
    for name, nodes in nsets.items():
        out.append(f"*NSET, NSET={name}\n" + lines(n + 1 for n in nodes))
    for name, elements in elsets.items():
        out.append(f"*ELSET, ELSET={name}\n" + lines(e + 1 for e in elements))
    out.append("*MATERIAL, NAME=ALLOY\n*ELASTIC\n")
    out += [f"{e:g}, {nu:g}, {t:g}\n" for t, (e, nu) in MODULI.items()]
    out.append("*PLASTIC\n")
    out += [f"{r:g}, {p:g}, {t:g}\n" for t, curve in HARDENING.items() for p, r in curve]
    out.append(f"*DENSITY\n{DENSITY:g}\n*EXPANSION, ZERO={COLD:g}\n{EXPANSION:g}\n")
    out.append("*SOLID SECTION, ELSET=EALL, MATERIAL=ALLOY\n")
    out.append(f"*INITIAL CONDITIONS, TYPE=TEMPERATURE\nNALL, {COLD:g}\n")
    return "".join(out)


def material():
    t = [COLD, HOT]
    curves = ", ".join(
        f"{{ temperature = {t}, p = {[p for p, _ in c]}, R = {[r for _, r in c]} }}" for t, c in HARDENING.items()
    )
    return (
        f"[[material]]\nname = 'alloy'\nlaw = 'chaboche'\n"
        f"young = {{ temperature = {t}, value = {[MODULI[x][0] for x in t]} }}\n"
        f"poisson = {{ temperature = {t}, value = {[MODULI[x][1] for x in t]} }}\n"
        f"curves = [{curves}]\ndensity = {DENSITY}\nthermal = {{ alpha = {EXPANSION}, reference = {COLD} }}\n"
    )


def case(fixed, rest, times, increments, tail):
    fix = "".join(f"[[fix]]\nset = '{s}'\ndof = 'U{d}'\n{more}" for s, d, more in fixed)
    time = f"[time]\ntimes = {times}\nincrements = {increments}\n"
    return f"mesh = 'mesh.geof'\n{time}{fix}{rest}{material()}[output]\nquantities = ['p']\n{tail}"


def plate(nr, nt, nz, increments, folder):
    radius, width, thickness = 10.0, 40.0, 5.0

    def place(s, t, z):
        angle = t * math.pi / 2
        inner = radius * np.array([math.cos(angle), math.sin(angle)])
        outer = [width, width * math.tan(angle)] if t <= 0.5 else [width / math.tan(angle), width]
        x = inner + (np.array(outer) - inner) * s**1.8
        return (x[0], x[1], thickness * z)

    grid = Grid([nr, nt, nz], True, place)
    x, y, z = grid.points.T
    on = lambda values: np.flatnonzero(np.abs(values) < 1e-8)
    sets = {"XSYM": on(x), "YSYM": on(y), "ZSYM": on(z)}
    edge = [e for e in range(len(grid.elements)) if e % nr == nr - 1 and (e // nr) % nt < nt // 2]
    hot = COLD + 500.0 * np.exp(-(np.hypot(x, y) - radius) / 25.0) * (1 + 0.02 * z)
    half, cycles, om2, pull = 10.0, 3, 5.0e5, 20.0
    steps = []
    for n in range(2 * cycles):
        s = 1.0 - n % 2
        steps.append(f"*STEP, INC=100000\n*STATIC, DIRECT\n{half / increments:.17g}, {half:g}\n")
        steps.append(f"*DLOAD\nEALL, CENTRIF, {om2 * s:g}, -300., 0., 0., 0., 1., 0.\nEDGE, P4, {-pull * s:g}\n*TEMPERATURE\n")
        steps += [f"{i + 1}, {COLD + s * (t - COLD):.12g}\n" for i, t in enumerate(hot)]
        if n == 0:
            steps.append("*NODE OUTPUT, DOUBLE, FREQUENCY=@EVERY@\nU\n")
        steps.append("*END STEP\n")
    bc = "*BOUNDARY\nXSYM, 1, 1\nYSYM, 2, 2\nZSYM, 3, 3\n"
    (folder / "deck.inp").write_text(deck(grid, sets, {"EDGE": edge}).replace("@", "") + bc + "".join(steps).replace("@EVERY@", "1"))
    (folder / "mesh.geof").write_text(geof(grid, sets, {"EDGE": [(e, 4) for e in edge]}))
    (folder / "temperature.txt").write_text("".join(f"{t:.12g}\n" for t in hot))
    # the centrifugal force, not the speed, grows linearly: the speed is its root at the end of every increment
    ends = [half * i / increments for i in range(2 * cycles * increments + 1)]
    force = [1 - abs(t / half % 2 - 1) for t in ends]
    table = lambda name, values: f"[tables.{name}]\ntimes = {ends}\nvalues = {values}\n"
    rest = (
        f"[[pressure]]\nset = 'EDGE'\nvalue = {-pull}\ntable = 'force'\n"
        f"[[centrifugal]]\ncenter = [-300.0, 0.0, 0.0]\naxis = [0.0, 1.0, 0.0]\nspeed = {math.sqrt(om2)}\ntable = 'speed'\n"
        f"[temperature]\nbase = {{ value = {COLD} }}\nmax = {{ file = 'temperature.txt' }}\ntable = 'force'\n"
        + table("force", force)
        + table("speed", [math.sqrt(f) for f in force])
    )
    fixed = [("XSYM", 1, ""), ("YSYM", 2, ""), ("ZSYM", 3, "")]
    times = [half * (i + 1) for i in range(2 * cycles)]
    text = case(fixed, rest, times, [increments] * (2 * cycles), "[solver]\ntolerance = 1e-4\n")
    (folder / "case.toml").write_text(text)


def cube(n, kind, pull, folder):
    grid = Grid([n, n, n], kind == "c3d20r", lambda *u: u)
    sets = {"X0": grid.where(0, 0), "Y0": grid.where(1, 0), "Z0": grid.where(2, 0), "X1": grid.where(0, 1)}
    warm = COLD + 200.0 * grid.points[:, 1]
    steps = f"*STEP\n*STATIC, DIRECT@SOLVER@\n1., 1.\n*BOUNDARY\nX1, 1, 1, {pull}\n*TEMPERATURE\n"
    steps += "".join(f"{i + 1}, {t:.12g}\n" for i, t in enumerate(warm)) + "*NODE OUTPUT, DOUBLE\nU\n*END STEP\n"
    bc = "*BOUNDARY\nX0, 1, 3\nY0, 2, 2\nZ0, 3, 3\n"
    text = deck(grid, sets, {}) + bc + steps
    for name, solver in [("deck", ""), ("deck_pcg", ", SOLVER=ITERATIVE CHOLESKY")]:
        (folder / f"{name}.inp").write_text(text.replace("@SOLVER@", solver))
    (folder / "mesh.geof").write_text(geof(grid, sets, {}))
    (folder / "temperature.txt").write_text("".join(f"{t:.12g}\n" for t in warm))
    rest = (
        f"[temperature]\nbase = {{ value = {COLD} }}\nmax = {{ file = 'temperature.txt' }}\ntable = 'one'\n"
        "[tables.one]\ntimes = [0.0, 1.0]\nvalues = [0.0, 1.0]\n"
    )
    fixed = [("X0", 1, ""), ("X0", 2, ""), ("X0", 3, ""), ("Y0", 2, ""), ("Z0", 3, "")]
    fixed.append(("X1", 1, f"value = {pull}\ntable = 'one'\n"))
    (folder / "case.toml").write_text(case(fixed, rest, [1.0], [1], "[solver]\ntolerance = 1e-4\n"))


if __name__ == "__main__":
    what, *arguments, where = sys.argv[1:]
    where = pathlib.Path(where)
    where.mkdir(parents=True, exist_ok=True)
    if what == "plate":
        plate(*map(int, arguments), where)
    else:
        cube(int(arguments[0]), arguments[1], float(arguments[2]), where)
