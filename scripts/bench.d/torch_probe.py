"""SimReg's linear evaluation in PyTorch on features that `simreg eval` kept.

    python scripts/bench.d/torch_probe.py TRAIN.safetensors VAL.safetensors 0.01 [RATE ...]

Initial weights and sample order are PyTorch's own, so that the figures differ by chance too: three seeds each.
"""

import sys

import torch
from safetensors.torch import load_file


def read(path):
    tensors = load_file(path)
    parts = [tensors[f"features.{i}"] for i in range(len(tensors) - 1)]
    return torch.nn.functional.normalize(torch.cat(parts), dim=1), tensors["labels"].long()


def probe(train, labels, val, truth, rate, seed):
    torch.manual_seed(seed)
    layer = torch.nn.Linear(train.shape[1], int(labels.max()) + 1)
    optimizer = torch.optim.SGD(layer.parameters(), rate, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, (15, 30))
    for _ in range(40):
        for ids in torch.randperm(len(train)).split(256):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(layer(train[ids]), labels[ids]).backward()
            optimizer.step()
        schedule.step()
    with torch.no_grad():
        right = layer(val).topk(5).indices == truth[:, None]
    return 100 * right[:, 0].float().mean().item(), 100 * right.any(1).float().mean().item()


def main(train, val, *rates):
    (rows, labels), (asked, truth) = read(train), read(val)
    var, mean = torch.var_mean(rows, dim=0)
    ready = [(x - mean) / (var + 1e-5).sqrt() for x in (rows, asked)]
    for rate in map(float, rates):
        scores = [probe(ready[0], labels, ready[1], truth, rate, seed) for seed in range(3)]
        print(f"lr {rate}:", *(f"top-1 {one:.2f} top-5 {five:.2f};" for one, five in scores))


if __name__ == "__main__":
    main(*sys.argv[1:])
