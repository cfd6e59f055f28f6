#!/usr/bin/env python3
"""Writes a flat bar with a notch on either side, as a Z-set mesh.

    notched_bar.py [--refine N] [--element c3d20r] MESH.geof

The bar is 40 mm long (x), 10 mm wide (y from -5 to 5) and 3 mm thick (z from 0 to 3); the notches at x = 20 are 2 mm
deep and leave a ligament of 6 mm.

node sets   x0, x1 (the ends), notch (the ligament), origin (x0, centre line, z = 0), line (x0, centre line)
face sets   x0, x1, flank_low, flank_high; normals point outward

--refine 1 has 1.1 k unknowns, 2 has 4.6 k, 3 has 15 k. Needs Python 3 alone.
"""

import hexahedra

LENGTH = 40.0
WIDTH = 10.0
THICKNESS = 3.0
DEPTH = 2.0
ROOT = 1.2  # sets how sharp the notch is: radius of curvature ROOT^2 / (2 DEPTH)


def half_width(x):
    """Half of the width at x."""
    d = (x - 0.5 * LENGTH) / ROOT
    return 0.5 * WIDTH - DEPTH / (1.0 + d * d)


def position(counts):
    """Point of a grid position (along, across, through), in half cells."""

    def point(i, j, k):
        f = i / counts[0] - 1.0  # -1 .. 1
        x = 0.5 * LENGTH * (1.0 + 0.12 * f + 0.88 * f * abs(f) ** 1.2)  # finer at the notch
        return (x, half_width(x) * (j / counts[1] - 1.0), THICKNESS * k / (2.0 * counts[2]))

    return point


def main():
    given = hexahedra.options("Writes a flat bar with a notch on either side.", "4.6 k")
    n = given.refine
    counts = (10 * n, 4 * n - 2 * (n > 1), n)
    grid = hexahedra.Grid(counts, position(counts))
    at = lambda value, target: abs(value - target) < 1e-9 * LENGTH
    node_sets = {
        "x0": grid.where(lambda x, y, z: at(x, 0.0)),
        "x1": grid.where(lambda x, y, z: at(x, LENGTH)),
        "notch": grid.where(lambda x, y, z: at(x, 0.5 * LENGTH)),
        "origin": grid.where(lambda x, y, z: at(x, 0.0) and at(y, 0.0) and at(z, 0.0)),
        "line": grid.where(lambda x, y, z: at(x, 0.0) and at(y, 0.0)),
    }
    face_sets = {
        "x0": grid.boundary(0, 0),
        "x1": grid.boundary(0, 1),
        "flank_low": grid.boundary(1, 0),
        "flank_high": grid.boundary(1, 1),
    }
    hexahedra.write(given.mesh, grid, given.element, node_sets, face_sets)


if __name__ == "__main__":
    main()
