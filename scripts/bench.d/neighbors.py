"""20 neighbours by cosine as PyTorch and FAISS find them, from and to the host: DEVICE ROWS FEATURES QUERIES THREADS.

torch: a product and topk a tile of rows, merged; float32. faiss: IndexFlatIP, on the GPU where it is built for one.
"""

import json
import sys
import time

import torch

K = 20
TILE = 131072
BLOCK = 8192


def unit(seed, rows, features):
    values = torch.rand(rows, features, generator=torch.Generator().manual_seed(seed)) - 0.5
    return torch.nn.functional.normalize(values)


def search(rows, queries, device):
    found = []
    there = rows.to(device)
    for block in queries.split(BLOCK):
        block = block.to(device)
        best = torch.empty(len(block), 0, device=device)
        ids = torch.empty(len(block), 0, dtype=torch.int64, device=device)
        for first in range(0, len(rows), TILE):
            scores, places = (block @ there[first : first + TILE].T).topk(min(K, len(rows) - first))
            best, order = torch.cat([best, scores], 1).topk(K)
            ids = torch.cat([ids, places + first], 1).gather(1, order)
        found.append(ids.cpu())
    return torch.cat(found)


def tell(mode, device, rows, queries, call):
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    print(json.dumps({"bench": "neighbors", "mode": mode, "device": device, "rows": len(rows), "features": rows.shape[1],
                      "queries": len(queries), "first_s": round(times[0], 3), "least_s": round(min(times), 3)}), flush=True)


def main(device, rows, features, queries, threads):
    torch.set_num_threads(threads)
    bank, asked = unit(1, rows, features), unit(2, queries, features)
    tell("torch", device, bank, asked, lambda: search(bank, asked, device))
    try:
        import faiss
    except ImportError:
        return
    faiss.omp_set_num_threads(threads)
    gpu = device != "cpu" and hasattr(faiss, "StandardGpuResources")

    def flat():
        index = faiss.IndexFlatIP(features)
        if gpu:
            index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), int(device.partition(":")[2] or 0), index)
        index.add(bank.numpy())
        index.search(asked.numpy(), K)

    tell("faiss on the GPU" if gpu else "faiss on the CPU", device, bank, asked, flat)


main(sys.argv[1], *map(int, sys.argv[2:]))
