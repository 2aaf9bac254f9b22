"""Rows and queries for SearchBench, FAISS's time on them, and whether the answers are those of float64.

    python search.py make FOLDER random|clustered[-CENTERS-PART] ROWS QUERIES [WIDTH]
    python search.py faiss FOLDER K THREADS
    python search.py check FOLDER K [QUERIES]

clustered: each row lies PART (0.3) of its length away from one of CENTERS (1,000) directions: the cosines of a query with
the rows of its cluster differ by some thousandths, less than bfloat16 can tell apart.
"""

import json
import pathlib
import sys
import time

import numpy as np


def unit(rows):
    return rows / np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)


def draw(generator, count, centers, part):
    width = centers.shape[1]
    noise = generator.standard_normal((count, width), dtype=np.float32)
    if part:
        noise = centers[generator.integers(len(centers), size=count)] + noise * np.float32(part / np.sqrt(width))
    return unit(noise).astype(np.float32)


def make(folder, kind, rows, queries, width=512):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(5)
    width = int(width)
    clusters, part = (kind.split("-")[1:] + [1000, 0.3])[:2] if kind.startswith("clustered") else (1, 0)
    centers, part = unit(generator.standard_normal((int(clusters), width))).astype(np.float32), float(part)
    out = np.lib.format.open_memmap(folder / "rows.npy", "w+", np.float32, (int(rows), width))
    for start in range(0, int(rows), 50000):
        out[start : start + 50000] = draw(generator, min(50000, int(rows) - start), centers, part)
    out.flush()
    np.save(folder / "queries.npy", draw(generator, int(queries), centers, part))


def faiss(folder, k, threads):
    import faiss

    faiss.omp_set_num_threads(int(threads))
    rows, queries = np.load(f"{folder}/rows.npy"), np.load(f"{folder}/queries.npy")
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    del rows
    begun = time.perf_counter()
    _, ids = index.search(queries, int(k))
    seconds = time.perf_counter() - begun
    np.save(f"{folder}/faiss.npy", ids)
    report = {"bench": "search", "mode": "faiss IndexFlatIP", "rows": index.ntotal, "queries": len(queries)}
    print(json.dumps({**report, "seconds": round(seconds, 3), "queries_per_second": round(len(queries) / seconds, 1)}))
    times = []
    for query in queries[:21]:
        begun = time.perf_counter()
        index.search(query[None], int(k))
        times.append(time.perf_counter() - begun)
    print(json.dumps({"bench": "single query", "mode": "faiss IndexFlatIP", "p50_ms": round(1e3 * sorted(times)[10], 2)}))


def check(folder, k, queries=500):
    k = int(k)
    rows, asked = np.load(f"{folder}/rows.npy", mmap_mode="r"), np.load(f"{folder}/queries.npy")
    # As a bank stores them: unit length once more, in float32.
    asked = unit(asked).astype(np.float32)
    ours = np.fromfile(f"{folder}/ids.bin", np.int64).reshape(len(asked), -1)
    chosen = np.unique(np.linspace(0, len(asked) - 1, int(queries)).astype(int))
    tops = [(np.empty((len(chosen), 0)), np.empty((len(chosen), 0), np.int64))]
    for start in range(0, len(rows), 20000):
        block = unit(rows[start : start + 20000]).astype(np.float32).astype(np.float64)
        scores = asked[chosen].astype(np.float64) @ block.T
        cosines = np.concatenate([tops[0][0], scores], 1)
        ids = np.concatenate([tops[0][1], np.broadcast_to(start + np.arange(len(block)), scores.shape)], 1)
        best = np.argpartition(-cosines, k, axis=1)[:, : k + 1] if cosines.shape[1] > k + 1 else np.argsort(-cosines)
        tops[0] = (np.take_along_axis(cosines, best, 1), np.take_along_axis(ids, best, 1))
    order = np.array([np.lexsort((i, -c))[:k] for c, i in zip(*tops[0])])
    expected = np.take_along_axis(tops[0][1], order, 1)
    same = int((expected == ours[chosen]).all(1).sum())
    report = {"bench": "check", "queries": len(chosen), "ours_as_float64": same}
    if pathlib.Path(f"{folder}/faiss.npy").exists():
        theirs = np.load(f"{folder}/faiss.npy")
        report["faiss_as_float64"] = int((expected == theirs[chosen]).all(1).sum())
        report["faiss_as_ours_of_all"] = int((ours == theirs).all(1).sum())
    print(json.dumps(report))


if __name__ == "__main__":
    {"make": make, "faiss": faiss, "check": check}[sys.argv[1]](*sys.argv[2:])
