"""Whether the votes of `simreg classify` are those of a NumPy brute force on exported features.

    simreg eval knn --data DIR --weights FILE --size 64 --features-cache FEATURES --json > result.json
    simreg index create NAME --data DIR --weights FILE --size 64
    simreg classify NAME DIR/val/*/* --json > verdicts.jsonl
    python votes.py FEATURES DIR result.json verdicts.jsonl

Prints a line a rule: right answers of NumPy, of eval knn and of classify, and classifications that differ.
"""

import json
import pathlib
import sys

import numpy as np
from safetensors import safe_open

RULES = [(1, None), (20, None), (20, 0.07), (200, 0.1), (200, 0.2)]


def load(folder, part):
    (path,) = pathlib.Path(folder).glob(f"{part}-*.safetensors")
    with safe_open(path, "np") as file:
        names = sorted((n for n in file.keys() if n.startswith("features.")), key=lambda n: int(n.split(".")[1]))
        rows = np.concatenate([file.get_tensor(n) for n in names]).astype(np.float64)
        labels = file.get_tensor("labels")
    # As a bank stores them: unit length, in float32.
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32).astype(np.float64), labels


def vote(labels, cosines, classes, k, temperature):
    votes = np.zeros(classes)
    weights = np.ones(k) if temperature is None else np.exp((cosines[:k] - 1) / temperature)
    np.add.at(votes, labels[:k], weights)
    best = np.flatnonzero(votes == votes.max())
    return next(label for label in labels[:k] if label in best)


def main(features, data, result, verdicts):
    (train, train_labels), (val, val_labels) = load(features, "train"), load(features, "val")
    names = sorted(p.name for p in (pathlib.Path(data) / "train").iterdir() if p.is_dir())
    cosines = val @ train.T
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :200]
    ours = [json.loads(line) for line in open(verdicts)]
    figures = {(r["k"], r.get("temperature")): r["accuracy"] for r in json.load(open(result))["rows"]}
    # Images in order of their path, as the shell lists them, may differ from the order of ids.
    files = {p: i for i, p in enumerate(sorted((pathlib.Path(data) / "val").glob("*/*"), key=lambda p: (p.parent.name, p.name)))}
    ids = [files[pathlib.Path(one["query"])] for one in ours]
    for number, (k, temperature) in enumerate(RULES):
        mine = np.array(
            [vote(train_labels[order[q]], cosines[q, order[q]], len(names), k, temperature) for q in range(len(val))]
        )
        theirs = np.array([names.index(one["verdicts"][number]["label"]) for one in ours])
        print(
            json.dumps(
                {
                    "k": k,
                    "temperature": temperature,
                    "images": len(val),
                    "numpy": int((mine == val_labels).sum()),
                    "eval_knn": round(figures[(k, temperature)] * len(val), 6),
                    "classify": int((theirs == val_labels[ids]).sum()),
                    "differ": int((theirs != mine[ids]).sum()),
                }
            )
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
