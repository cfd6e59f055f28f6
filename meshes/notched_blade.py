#!/usr/bin/env python3
"""Writes a small turbine blade as a Z-set mesh, with four temperature fields for it.

    notched_blade.py [--refine N] [--element c3d20r] FOLDER

    FOLDER/blade.geof            mesh; lengths in mm
    FOLDER/blade_mean.node       temperature, degrees Celsius: hot at mid-span and along the leading edge
    FOLDER/blade_streak.node     the same with a hot streak at three quarters of the span
    FOLDER/blade_warm.node       the same with 60 % of that streak
    FOLDER/blade_moved.node      the same with a weaker streak, nearer to the root and to the trailing edge

A root block with a notch on either flank, a platform, and a cambered, tapered, twisted airfoil on it. The span is along
z, from the root's lower face at z = -22 to the tip at z = 60; the chord is along x; the engine's axis is parallel to x
through (0, 0, -160).

element sets   root (below the platform's upper face), blade (the airfoil)
node sets      clamp (the root's lower face) and its middle lines clamp_x (x = 0) and clamp_y (y = 0), which let the face
               expand freely; tip, leading_edge, trailing_edge
face sets      pressure_side (concave), suction_side, tip_face; normals point outward

Temperature files hold one big-endian 32-bit float per node, in the order of the mesh. Needs Python 3 alone.
"""

import argparse
import math
import struct
from pathlib import Path

SPAN = 60.0  # airfoil, from the platform to the tip
DEPTH = 22.0  # root, from its lower face to the platform's upper face
ROOT_LENGTH = 36.0  # along the chord
CHORD = 29.0
TWIST = math.radians(32.0)


class Grid:
    """Counts of elements: along the chord, through the thickness, along the span, around the airfoil, down the root."""

    def __init__(self, refine):
        self.chord = 4 * refine
        self.thick = refine
        self.span = 8 * refine
        self.rim = refine  # in front of and behind the airfoil, on the platform
        self.side = refine  # on either side of it
        self.depth = 5 * refine
        self.x = self.chord + 2 * self.rim
        self.y = self.thick + 2 * self.side


def mix(a, b, f):
    return tuple((1.0 - f) * p + f * q for p, q in zip(a, b))


def airfoil(s, t, z):
    """Point of the section at height z: s from the leading (-1) to the trailing edge (1), t from the pressure (-1) to
    the suction side (1)."""
    h = z / SPAN
    chord = CHORD * (1.0 - 0.28 * h)
    flare = 1.0 + 0.6 * math.exp(-z / 2.5)  # a fillet on the platform
    thickness = 2.6 * (1.0 - 0.5 * h) * flare
    f = 0.5 * (1.0 + s)
    # thickest at 30 % of the chord, blunt in front, thin behind
    if f < 0.3:
        half = thickness * (1.0 - 0.32 * (1.0 - f / 0.3) ** 2)
    else:
        half = thickness * (0.22 + 0.78 * math.cos(0.5 * math.pi * (f - 0.3) / 0.7) ** 2)
    nose = 0.22 * thickness * t * t * math.exp(-12.0 * f)  # rounds the leading edge
    # thickness across, nose along the camber line, a parabola of 10 % of the chord
    slope = math.atan(-0.4 * s)
    across, along = t * half, nose
    x = 0.5 * chord * s - across * math.sin(slope) + along * math.cos(slope)
    y = chord * (0.1 * (1.0 - s * s) - 0.06) + across * math.cos(slope) + along * math.sin(slope)
    turn = TWIST * h - math.radians(6.0)
    c, d = math.cos(turn), math.sin(turn)
    return (c * x - d * y, d * x + c * y)


def half_width(z):
    """Half width of the root at z <= 0: bulb, neck, platform."""
    neck = math.exp(-(((z + 10.0) / 3.6) ** 2))
    return 10.0 - 3.8 * neck


def platform(g, i, j):
    """Point of the platform's upper face at grid position (i, j); the airfoil's foot is its middle block."""
    rx, ry = 0.5 * ROOT_LENGTH, half_width(0.0)
    s = min(max(2.0 * (i - g.rim) / g.chord - 1.0, -1.0), 1.0)
    t = min(max(2.0 * (j - g.side) / g.thick - 1.0, -1.0), 1.0)
    foot = airfoil(s, t, 0.0)
    # distance from the foot towards the rim, along each direction: 0 at the foot, 1 at the rim
    fx = max(g.rim - i, i - g.rim - g.chord, 0.0) / g.rim
    fy = max(g.side - j, j - g.side - g.thick, 0.0) / g.side
    # the point's projections on the rim; a corner block blends four points
    left = i < g.x / 2
    low = j < g.y / 2
    edge = -rx if left else rx
    at_x = (edge, airfoil(-1.0 if left else 1.0, 0.0, 0.0)[1] + 2.3 * t)
    at_y = (0.78 * rx * s, -ry if low else ry)
    corner = (edge, -ry if low else ry)
    return mix(mix(foot, at_x, fx), mix(at_y, corner, fx), fy)


def root(g, i, j, k):
    """Point of the root: k from 0 (lower face) to depth (platform)."""
    down = k / g.depth
    z = -DEPTH * (1.0 - down)
    block = (0.5 * ROOT_LENGTH * (2.0 * i / g.x - 1.0), half_width(z) * (2.0 * j / g.y - 1.0))
    top = platform(g, i, j)
    top = (top[0], top[1] * half_width(z) / half_width(0.0))
    f = min(max((down - 0.15) / 0.85, 0.0), 1.0)
    x, y = mix(block, top, f * f * (3.0 - 2.0 * f))
    return (x, y, z)


def position(g, i, j, k):
    """Point at grid position (i, j, k); half numbers are mid-side nodes."""
    if k <= g.depth:
        return root(g, i, j, k)
    z = SPAN * ((k - g.depth) / g.span) ** 1.25
    x, y = airfoil(2.0 * (i - g.rim) / g.chord - 1.0, 2.0 * (j - g.side) / g.thick - 1.0, z)
    return (x, y, z)


# Corners of a cell and the ring order of Z-set: lower ring, vertical mid-side nodes, upper ring, in half cells.
RING = [(0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (0, 1)]
CELL = [(a, b, 0) for a, b in RING] + [(a, b, 1) for a, b in RING[::2]] + [(a, b, 2) for a, b in RING]
# Faces in ring order, counter-clockwise seen from outside.
LOW_Y = [(0, 0, 0), (1, 0, 0), (2, 0, 0), (2, 0, 1), (2, 0, 2), (1, 0, 2), (0, 0, 2), (0, 0, 1)]
HIGH_Y = [(a, 2, c) for a, _, c in [LOW_Y[0]] + LOW_Y[:0:-1]]
HIGH_Z = [(a, b, 2) for a, b in RING]


def build(refine):
    """Nodes (grid position in half cells -> rank), elements and face sets as lists of grid positions."""
    g = Grid(refine)
    cells, faces = [], {"pressure_side": [], "suction_side": [], "tip_face": []}
    airfoil_i = range(g.rim, g.rim + g.chord)
    airfoil_j = range(g.side, g.side + g.thick)
    for k in range(g.depth + g.span):
        in_root = k < g.depth
        for j in range(g.y) if in_root else airfoil_j:
            for i in range(g.x) if in_root else airfoil_i:
                at = lambda pattern: [(2 * i + a, 2 * j + b, 2 * k + c) for a, b, c in pattern]
                cells.append(("root" if in_root else "blade", at(CELL)))
                if in_root:
                    continue
                if j == airfoil_j[0]:
                    faces["pressure_side"].append(at(LOW_Y))
                if j == airfoil_j[-1]:
                    faces["suction_side"].append(at(HIGH_Y))
                if k == g.depth + g.span - 1:
                    faces["tip_face"].append(at(HIGH_Z))
    nodes = {}
    for _, cell in cells:
        for p in cell:
            nodes.setdefault(p, len(nodes))
    points = [position(g, *(c / 2.0 for c in p)) for p in nodes]
    return g, nodes, points, cells, faces


def node_sets(g, nodes):
    """Names and grid conditions of the node sets."""
    front, back = 2 * g.rim, 2 * (g.rim + g.chord)
    foot, top = 2 * g.depth, 2 * (g.depth + g.span)
    sides = range(2 * g.side, 2 * (g.side + g.thick) + 1)
    conditions = {
        "clamp": lambda i, j, k: k == 0,
        "clamp_x": lambda i, j, k: k == 0 and i == g.x,
        "clamp_y": lambda i, j, k: k == 0 and j == g.y,
        "tip": lambda i, j, k: k == top,
        "leading_edge": lambda i, j, k: i == front and k >= foot and j in sides,
        "trailing_edge": lambda i, j, k: i == back and k >= foot and j in sides,
    }
    return {name: [n for p, n in nodes.items() if holds(*p)] for name, holds in conditions.items()}


def temperatures(g, nodes, points):
    """The four fields, degrees Celsius, by node."""
    mean, streak, warm, moved = [], [], [], []
    for (i, _, _), (_, _, z) in zip(nodes, points):
        if z <= 0.0:
            t = 420.0 + 150.0 * (1.0 + z / DEPTH)  # the disc cools the root
            hot = shifted = 0.0
        else:
            h = z / SPAN
            s = (i / 2.0 - g.rim) / g.chord  # 0 at the leading edge, 1 at the trailing edge
            rise = 1.0 - math.exp(-6.0 * h)
            edges = 0.45 * math.exp(-5.0 * s) + 0.15 * math.exp(-8.0 * (1.0 - s))
            t = 570.0 + rise * (210.0 * math.exp(-(((h - 0.55) / 0.33) ** 2)) + 260.0 * edges)
            hot = rise * 110.0 * math.exp(-(((h - 0.74) / 0.11) ** 2) - ((s - 0.35) / 0.35) ** 2)
            shifted = rise * 90.0 * math.exp(-(((h - 0.66) / 0.11) ** 2) - ((s - 0.45) / 0.35) ** 2)
        mean.append(t)
        streak.append(t + hot)
        warm.append(t + 0.6 * hot)
        moved.append(t + shifted)
    return mean, streak, warm, moved


def write_lines(out, numbers, per_line=12):
    for start in range(0, len(numbers), per_line):
        out.write("  " + " ".join(str(n + 1) for n in numbers[start : start + per_line]) + "\n")


def write_mesh(path, element, g, nodes, points, cells, faces):
    with open(path, "w", encoding="ascii") as out:
        out.write(f"***geometry\n **node\n  {len(points)} 3\n")
        for n, x in enumerate(points):
            out.write("  %d %.15g %.15g %.15g\n" % (n + 1, *x))
        out.write(f" **element\n  {len(cells)}\n")
        for e, (_, cell) in enumerate(cells):
            out.write(f"  {e + 1} {element} " + " ".join(str(nodes[p] + 1) for p in cell) + "\n")
        out.write("***group\n")
        for name, members in node_sets(g, nodes).items():
            out.write(f" **nset {name}\n")
            write_lines(out, members)
        for name in ("root", "blade"):
            out.write(f" **elset {name}\n")
            write_lines(out, [e for e, (part, _) in enumerate(cells) if part == name])
        for name, members in faces.items():
            out.write(f" **faset {name}\n")
            for face in members:
                out.write("  q8 " + " ".join(str(nodes[p] + 1) for p in face) + "\n")
        out.write("***return\n")


def main():
    parser = argparse.ArgumentParser(description="Writes a small turbine blade as a Z-set mesh, with four temperature fields.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--refine", type=int, default=2, help="elements per direction, times this (default 2: 16 k unknowns)")
    parser.add_argument("--element", choices=["c3d20r", "c3d20"], default="c3d20r", help="reduced or full integration")
    options = parser.parse_args()
    if options.refine < 1:
        parser.error("--refine must be at least 1")
    options.folder.mkdir(parents=True, exist_ok=True)
    g, nodes, points, cells, faces = build(options.refine)
    write_mesh(options.folder / "blade.geof", options.element, g, nodes, points, cells, faces)
    names = ("blade_mean", "blade_streak", "blade_warm", "blade_moved")
    for name, field in zip(names, temperatures(g, nodes, points)):
        (options.folder / f"{name}.node").write_bytes(struct.pack(f">{len(field)}f", *field))
    print(f"{options.folder / 'blade.geof'}: {len(cells)} elements {options.element}, {len(points)} nodes, {3 * len(points)} unknowns")


if __name__ == "__main__":
    main()
