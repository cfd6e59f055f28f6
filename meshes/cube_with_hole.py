#!/usr/bin/env python3
"""Writes a cube with a hole whose rims are rounded, as a Z-set mesh.

    cube_with_hole.py [--refine N] [--element c3d20r] MESH.geof

The cube is 10 x 10 x 10 mm, a corner at the origin. The hole goes through along z at x = y = 5: radius 2 mm inside,
opening to 3 mm on the two faces.

node sets   x0, x1, y0, y1, z0, z1 (the six faces), hole, origin, corner_y (0, 10, 0)
face sets   x0, x1, y0, y1, hole; normals point outward of the material

--refine 1 has 0.7 k unknowns, 2 has 4.3 k, 3 has 13 k. Needs Python 3 alone.
"""

import math

import hexahedra

SIDE = 10.0
RADIUS = 2.0
FILLET = 1.2  # depth over which the rim opens
OPENING = 1.0  # by how much


def radius(z):
    """Of the hole at height z. A parabola: a circle would meet the faces at a tangent and flatten the elements there."""
    depth = min(z, SIDE - z)
    return RADIUS + OPENING * max(1.0 - depth / FILLET, 0.0) ** 2


def height(k, n):
    """Heights of the grid: the outer layers are as thick as the rim is deep."""
    f = k / n
    edge = 1.0 / n if n > 2 else 0.5
    if n <= 2:
        return SIDE * f
    inner = SIDE - 2.0 * FILLET
    if f <= edge:
        return FILLET * f / edge
    if f >= 1.0 - edge:
        return SIDE - FILLET * (1.0 - f) / edge
    return FILLET + inner * (f - edge) / (1.0 - 2.0 * edge)


def position(around, radial, layers):
    """Point of a grid position (radial, around, along z), in half cells."""

    def point(i, j, k):
        z = height(k / 2.0, layers)
        quarter, s = divmod(4.0 * (j / 2.0) / around, 1.0)  # quarters begin at corners of the cube
        angle = 0.5 * math.pi * (quarter + s) - 0.25 * math.pi
        r = radius(z)
        inner = (r * math.cos(angle), r * math.sin(angle))
        x, y = 0.5 * SIDE, SIDE * (s - 0.5)
        for _ in range(int(quarter) % 4):
            x, y = -y, x
        f = (i / 2.0 / radial) ** 1.4  # finer at the hole
        return (
            0.5 * SIDE + (1.0 - f) * inner[0] + f * x,
            0.5 * SIDE + (1.0 - f) * inner[1] + f * y,
            z,
        )

    return point


def main():
    given = hexahedra.options("Writes a cube with a hole whose rims are rounded.", "4.3 k")
    around, radial, layers = 8 * given.refine, 2 * given.refine, 2 * given.refine
    grid = hexahedra.Grid(
        (radial, around, layers), position(around, radial, layers), periodic=(False, True, False)
    )
    at = lambda value, target: abs(value - target) < 1e-9 * SIDE
    node_sets = {
        "x0": grid.where(lambda x, y, z: at(x, 0.0)),
        "x1": grid.where(lambda x, y, z: at(x, SIDE)),
        "y0": grid.where(lambda x, y, z: at(y, 0.0)),
        "y1": grid.where(lambda x, y, z: at(y, SIDE)),
        "z0": grid.where(lambda x, y, z: at(z, 0.0)),
        "z1": grid.where(lambda x, y, z: at(z, SIDE)),
        "hole": sorted({n for face in grid.boundary(0, 0) for n in face}),
        "origin": grid.where(lambda x, y, z: at(x, 0.0) and at(y, 0.0) and at(z, 0.0)),
        "corner_y": grid.where(lambda x, y, z: at(x, 0.0) and at(y, SIDE) and at(z, 0.0)),
    }
    side = lambda quarter: grid.boundary(0, 1, lambda cell: cell[1] * 4 // around == quarter)
    face_sets = {"x1": side(0), "y1": side(1), "x0": side(2), "y0": side(3), "hole": grid.boundary(0, 0)}
    hexahedra.write(given.mesh, grid, given.element, node_sets, face_sets)


if __name__ == "__main__":
    main()
