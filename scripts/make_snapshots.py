#!/usr/bin/env python3
"""Writes a snapshot store for ferrom from plain arrays: a template for solvers that ferrom does not read.

Usage: make_snapshots.py OUT.h5        Needs numpy and h5py. What may be left out and what each name means: docs/store.md.
"""
import sys

import h5py
import numpy as np

# Mesh of a bar of 4 x 1 x 1 hexahedra: points (n x 3), connectivity from 0 in VTK node order, VTK cell types.
n = 4
points = np.array([(i, j, k) for i in range(n + 1) for j in (0, 1) for k in (0, 1)], float)
cells = np.array([(4 * i, 4 * i + 4, 4 * i + 6, 4 * i + 2, 4 * i + 1, 4 * i + 5, 4 * i + 7, 4 * i + 3) for i in range(n)])
# History: the bar is stretched to 1 % while it is heated from 20 to 120.
times = np.linspace(0.1, 1.0, 10)
U = np.array([t * 0.01 * points * [1, 0, 0] for t in times])  # (time, node, 3)
temperature = np.array([np.full(len(points), 20 + 100 * t) for t in times])  # (time, node)

with h5py.File(sys.argv[1], "w", libver=("v110", "v110")) as f:  # this format checksums its metadata
    v = f.create_group("VTKHDF")
    v.attrs["Version"] = [2, 2]
    v.attrs["Type"] = np.bytes_("UnstructuredGrid")
    v["NumberOfPoints"], v["NumberOfCells"], v["NumberOfConnectivityIds"] = [len(points)], [len(cells)], [cells.size]
    v["Points"], v["Connectivity"], v["Offsets"] = points, cells.ravel(), np.arange(0, cells.size + 1, 8)
    v["Types"] = np.full(len(cells), 12, np.uint8)
    s = v.create_group("Steps")
    s.attrs["NSteps"] = len(times)
    s["Values"], s["NumberOfParts"] = times, np.ones(len(times), int)
    for name in ("PartOffsets", "PointOffsets", "CellOffsets", "ConnectivityIdOffsets"):
        s[name] = np.zeros(len(times), int)
    v["PointData/U"], v["PointData/temperature"] = U.reshape(-1, 3), temperature.ravel()
    for name in ("U", "temperature"):
        s["PointDataOffsets/" + name] = len(points) * np.arange(len(times))
    f.create_group("ferrom").attrs.update(schema=np.bytes_("ferrom"), version=1, kind=np.bytes_("snapshots"))
    f["ferrom/mesh/node_sets/x0"] = np.flatnonzero(points[:, 0] == 0)
    f["ferrom/case"] = np.frombuffer(b"# the case in TOML, where it is known\n", np.uint8)
