"""Operators of today's networks, forward and backward, batch 32 in bfloat16: makes TorchScript modules of them, and times them here.

    operators.py make FOLDER
    operators.py time FOLDER THREADS [ROUNDS]

OperatorBench times the same modules in this project's libtorch. Each module holds its input, so that strides are the same, and gives one
gradient, of which little is copied.
"""
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


class Conv(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1, groups=1):
        super().__init__()
        self.w = nn.Parameter(torch.randn(outputs, inputs // groups, kernel, kernel).bfloat16())
        self.stride: int = stride
        self.padding: int = kernel // 2
        self.groups: int = groups

    def forward(self, x):
        x = x.detach().requires_grad_(True)
        w = self.w.detach().requires_grad_(True)
        y = F.conv2d(x, w, None, stride=self.stride, padding=self.padding, groups=self.groups)
        return torch.autograd.grad([y.sum()], [x, w])[1]


class LayerNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.w = nn.Parameter(torch.ones(width).bfloat16())
        self.width: int = width

    def forward(self, x):
        x = x.detach().requires_grad_(True)
        w = self.w.detach().requires_grad_(True)
        y = F.layer_norm(x, [self.width], w, torch.zeros_like(w), 1e-6)
        return torch.autograd.grad([(y * y).sum()], [x, w])[1]


class BatchNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.w = nn.Parameter(torch.ones(width))

    def forward(self, x):
        x = x.detach().requires_grad_(True)
        w = self.w.detach().requires_grad_(True)
        zeros = torch.zeros_like(self.w)
        y = F.batch_norm(x, zeros, torch.ones_like(zeros), w, zeros, True, 0.1, 1e-5)
        return torch.autograd.grad([(y * y).sum()], [x, w])[1]


class Linear(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.w = nn.Parameter(torch.randn(outputs, inputs).bfloat16())

    def forward(self, x):
        x = x.detach().requires_grad_(True)
        w = self.w.detach().requires_grad_(True)
        return torch.autograd.grad([F.linear(x, w, torch.zeros_like(w[:, 0])).sum()], [x, w])[1]


class Gelu(nn.Module):
    def forward(self, x):
        x = x.detach().requires_grad_(True)
        return torch.autograd.grad([F.gelu(x).sum()], [x])[0]


class Silu(nn.Module):
    def forward(self, x):
        x = x.detach().requires_grad_(True)
        return torch.autograd.grad([F.silu(x).sum()], [x])[0]


class Held(nn.Module):
    def __init__(self, operator, x):
        super().__init__()
        self.operator = operator
        self.register_buffer("x", x)

    def forward(self, nothing):
        gradient = self.operator(self.x)
        assert gradient is not None
        return gradient[0].sum().float().unsqueeze(0) + nothing


def images(*shape):
    return torch.randn(shape).bfloat16().contiguous(memory_format=torch.channels_last)


def tokens(*shape):
    return torch.randn(shape).bfloat16()


def operators():
    yield "depthwise 7x7, 96 x 56 x 56", Conv(96, 96, 7, groups=96), images(32, 96, 56, 56)
    yield "depthwise 7x7, 192 x 28 x 28", Conv(192, 192, 7, groups=192), images(32, 192, 28, 28)
    yield "depthwise 7x7, 384 x 14 x 14", Conv(384, 384, 7, groups=384), images(32, 384, 14, 14)
    yield "depthwise 5x5, 240 x 28 x 28", Conv(240, 240, 5, groups=240), images(32, 240, 28, 28)
    yield "depthwise 3x3, stride 2, 96 x 112 x 112", Conv(96, 96, 3, 2, 96), images(32, 96, 112, 112)
    yield "convolution 1x1, 96 to 24, 56 x 56", Conv(96, 24, 1), images(32, 96, 56, 56)
    yield "linear 96 to 384, 56 x 56", Linear(96, 384), tokens(32, 56, 56, 96)
    yield "linear 384 to 1,536, 14 x 14", Linear(384, 1536), tokens(32, 14, 14, 384)
    yield "LayerNorm 96, 56 x 56", LayerNorm(96), tokens(32, 56, 56, 96)
    yield "LayerNorm 384, 14 x 14", LayerNorm(384), tokens(32, 14, 14, 384)
    yield "BatchNorm 96, 112 x 112", BatchNorm(96), images(32, 96, 112, 112)
    yield "GELU 384, 56 x 56", Gelu(), tokens(32, 56, 56, 384)
    yield "SiLU 96, 112 x 112", Silu(), images(32, 96, 112, 112)


def make(folder):
    names = []
    for name, operator, x in operators():
        torch.jit.script(Held(operator, x)).save(f"{folder}/{len(names)}.pt")
        names.append(name)
    with open(f"{folder}/names.txt", "w") as file:
        file.write("".join(name + "\n" for name in names))


def measure(folder, threads, rounds):
    torch.set_num_threads(threads)
    nothing = torch.zeros(1)
    for i, name in enumerate(open(f"{folder}/names.txt").read().splitlines()):
        module = torch.jit.load(f"{folder}/{i}.pt")
        times = []
        for _ in range(rounds + 4):
            begun = time.perf_counter()
            module(nothing)
            times.append(time.perf_counter() - begun)
        print(f"{name}\t{sorted(times[4:])[rounds // 2] * 1e3:.1f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        measure(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 15)
