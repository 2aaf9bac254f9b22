"""What Pillow with torchvision's transforms makes of the files of LoaderBench, on one thread.

    python scripts/bench.d/loader.py FOLDER [ROUNDS]

Prints images a second from file to the bytes of a view, for the views that LoaderBench prints.
"""

import random
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

register = torch.library.register_fake
torch.library.register_fake = lambda name, *rest, **options: (
    (lambda function: function) if str(name).startswith("torchvision::") else register(name, *rest, **options)
)
from torchvision import transforms  # noqa: E402  (needs the line above where its compiled part is missing)

torch.set_num_threads(1)


class Blur:
    """MoCo-v2's blur."""

    def __call__(self, image):
        return image.filter(ImageFilter.GaussianBlur(radius=random.uniform(0.1, 2.0)))


def views(size):
    crop, flip = transforms.RandomResizedCrop(size, scale=(0.2, 1.0)), transforms.RandomHorizontalFlip()
    jitter = transforms.RandomApply([transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8)
    blur = transforms.RandomApply([Blur()], p=0.5)
    return {
        "weak": transforms.Compose([crop, flip]),
        "strong": transforms.Compose([crop, jitter, transforms.RandomGrayscale(p=0.2), blur, flip]),
        "centre": transforms.Compose([transforms.Resize(256), transforms.CenterCrop(size)]),
    }


def load(file, view):
    with open(file, "rb") as stream:
        return np.asarray(view(Image.open(stream).convert("RGB")))


def main():
    files = sorted(path for path in Path(sys.argv[1]).iterdir() if path.suffix == ".jpg")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    for name, view in views(224).items():
        rates = []
        for _ in range(rounds + 1):
            begun = time.perf_counter()
            for _ in range(4):
                for file in files:
                    load(file, view)
            rates.append(4 * len(files) / (time.perf_counter() - begun))
        rates = sorted(rates[1:])
        middle = statistics.median(rates)
        print(f"pillow {name:6} {middle:4.0f} images/s a thread (median of {rounds} rounds, {rates[0]:.0f} to {rates[-1]:.0f})")


if __name__ == "__main__":
    main()
