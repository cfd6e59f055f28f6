"""Meshes of 20-node hexahedra on a structured grid, written as Z-set .geof: what cube_with_hole.py and notched_bar.py
share. Python 3 alone.

A grid has `counts` cells along its three directions; nodes live at half cells (odd numbers: mid-side nodes). A script
says where a grid position lies in space, and which grid positions its sets hold.
"""

import argparse
from pathlib import Path

# Nodes of a cell in half cells, in the ring order of Z-set: lower ring, vertical mid-side nodes, upper ring.
RING = [(0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (0, 1)]
CELL = [(a, b, 0) for a, b in RING] + [(a, b, 1) for a, b in RING[::2]] + [(a, b, 2) for a, b in RING]
# Faces, counter-clockwise seen from outside; the key is direction and side.
FACES = {(d, side): [] for d in range(3) for side in (0, 1)}
for _d in range(3):
    for _a, _b in RING:
        _up, _low = [0, 0, 0], [0, 0, 0]
        _up[_d], _up[(_d + 1) % 3], _up[(_d + 2) % 3] = 2, _a, _b
        _low[_d], _low[(_d + 1) % 3], _low[(_d + 2) % 3] = 0, _b, _a
        FACES[_d, 1].append(tuple(_up))
        FACES[_d, 0].append(tuple(_low))


class Grid:
    """`counts` cells along each direction; `position(i, j, k)` in half cells gives the point; `periodic` directions
    close on themselves."""

    def __init__(self, counts, position, periodic=(False, False, False)):
        self.counts, self.periodic = counts, periodic
        self.cells = [
            (i, j, k) for k in range(counts[2]) for j in range(counts[1]) for i in range(counts[0])
        ]
        self.nodes = {}
        self.connectivity = []
        for cell in self.cells:
            at = [self.wrap(tuple(2 * c + o for c, o in zip(cell, offset))) for offset in CELL]
            self.connectivity.append([self.nodes.setdefault(p, len(self.nodes)) for p in at])
        self.points = [position(*p) for p in self.nodes]

    def wrap(self, p):
        return tuple(c % (2 * n) if closed else c for c, n, closed in zip(p, self.counts, self.periodic))

    def boundary(self, direction, side, keep=lambda cell: True):
        """Faces of the cells at an end of the grid, as node ranks."""
        end = self.counts[direction] - 1 if side else 0
        faces = []
        for cell in self.cells:
            if cell[direction] == end and keep(cell):
                at = [tuple(2 * c + o for c, o in zip(cell, offset)) for offset in FACES[direction, side]]
                faces.append([self.nodes[self.wrap(p)] for p in at])
        return faces

    def where(self, holds):
        """Ranks of the nodes whose point satisfies `holds(x, y, z)`."""
        return [n for n, x in enumerate(self.points) if holds(*x)]


def _write_lines(out, numbers, per_line=12):
    for start in range(0, len(numbers), per_line):
        out.write("  " + " ".join(str(n + 1) for n in numbers[start : start + per_line]) + "\n")


def write(path, grid, element, node_sets, face_sets):
    """Writes the mesh and says how large it is."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as out:
        out.write(f"***geometry\n **node\n  {len(grid.points)} 3\n")
        for n, x in enumerate(grid.points):
            out.write("  %d %.15g %.15g %.15g\n" % (n + 1, *x))
        out.write(f" **element\n  {len(grid.connectivity)}\n")
        for e, nodes in enumerate(grid.connectivity):
            out.write(f"  {e + 1} {element} " + " ".join(str(n + 1) for n in nodes) + "\n")
        out.write("***group\n")
        for name, members in node_sets.items():
            if not members:
                raise SystemExit(f"{path}: node set '{name}' is empty")
            out.write(f" **nset {name}\n")
            _write_lines(out, members)
        for name, members in face_sets.items():
            out.write(f" **faset {name}\n")
            for face in members:
                out.write("  q8 " + " ".join(str(n + 1) for n in face) + "\n")
        out.write("***return\n")
    n = len(grid.points)
    print(f"{path}: {len(grid.connectivity)} elements {element}, {n} nodes, {3 * n} unknowns")


def options(description, default):
    """The command line that the scripts share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("mesh", type=Path, help="the .geof file to write")
    parser.add_argument("--refine", type=int, default=2, help=f"elements per direction, times this (default 2: {default} unknowns)")
    parser.add_argument("--element", choices=["c3d20r", "c3d20"], default="c3d20r", help="reduced or full integration")
    found = parser.parse_args()
    if found.refine < 1:
        parser.error("--refine must be at least 1")
    return found
