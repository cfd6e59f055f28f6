#!/usr/bin/env python3
"""One baseline of scripts/bench.sh, as JSON: bench_peer.py METHOD FILE.h5 TOL; times are processor seconds after reading.

gram, svd (numpy): POD by the correlation matrix, by the singular value decomposition; pymor: its method of snapshots.
nnls (scipy): non-negative least squares over all points, run to its end: the smallest error of any cubature.
"""
import json
import sys
import time

import h5py
import numpy as np


def pod(method, u, tol):
    if method == "pymor":
        from pymor.algorithms.svd_va import method_of_snapshots
        from pymor.vectorarrays.numpy import NumpyVectorSpace

        start = time.process_time()
        found = method_of_snapshots(NumpyVectorSpace(len(u)).from_numpy(u), rtol=tol)[0].to_numpy()
        modes = found if found.shape[0] == len(u) else found.T
    else:
        start = time.process_time()
        if method == "gram":
            values, v = np.linalg.eigh(u.T @ u)
            keep = values > tol**2 * values[-1]
            modes = u @ (v[:, keep] / np.sqrt(values[keep]))
        else:
            left, values, _ = np.linalg.svd(u, full_matrices=False)
            modes = left[:, values > tol * values[0]]
    spent = time.process_time() - start
    off = np.abs(modes.T @ modes - np.eye(modes.shape[1])).max()
    return {"cpu_seconds": spent, "modes": modes.shape[1], "orthogonality": float(off)}


def nnls(file, tol):
    from scipy.optimize import nnls as solve

    strain, stress, weights = file["strain_modes"][:], file["stresses"][:], file["weights"][:]
    g = np.einsum("ikc,skc->isk", strain, stress).reshape(-1, len(weights))
    b = g @ weights
    start = time.process_time()
    x, rest = solve(g, b)
    spent = time.process_time() - start
    return {"cpu_seconds": spent, "points": int((x > 0).sum()), "error": float(rest / np.linalg.norm(b))}


method, name, tol = sys.argv[1], sys.argv[2], float(sys.argv[3])
with h5py.File(name) as data:
    result = nnls(data, tol) if method == "nnls" else pod(method, np.asfortranarray(data["snapshots"][:].T), tol)
print(json.dumps(result))
