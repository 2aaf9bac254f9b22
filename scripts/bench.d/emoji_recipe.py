"""SimReg's recipe on a folder of small pictures in PyTorch, to compare our runs with.

A frozen teacher and a student see the same weak view (random resized crop, flip); batch 64, SGD, cosine stepped once an
epoch, last incomplete batch dropped, bfloat16 autocast. Transparent pixels are white. k-NN: val against train by the
backbone's pooled feature, unit length, in float32; ties go to the class of the nearer neighbour.
Prints one line of JSON an epoch.
"""

import argparse
import json
import math
import pathlib
import sys
import time

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "fixtures"))
import networks  # noqa: E402
from torchvision import transforms  # noqa: E402

MEAN = torch.tensor((0.485, 0.456, 0.406))[:, None, None]
STD = torch.tensor((0.229, 0.224, 0.225))[:, None, None]


def pictures(folder):
    """Every picture below CLASS folders, in name order, and the number of its class."""
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    found = [(path, number) for number, name in enumerate(classes) for path in sorted((folder / name).iterdir())]
    return [over_white(path) for path, _ in found], torch.tensor([number for _, number in found])


def over_white(path):
    image = Image.open(path).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def batch(images):
    """Normalised float32 (N, 3, H, W), channels-last."""
    pixels = torch.from_numpy(np.stack([np.asarray(image) for image in images])).permute(0, 3, 1, 2)
    return ((pixels / 255 - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def evaluation_view(size, crop):
    if not crop:
        return transforms.Resize((size, size))
    return transforms.Compose([transforms.Resize(round(size * 256 / 224)), transforms.CenterCrop(size)])


@torch.no_grad()
def features(network, images, view):
    network.eval()
    chunks = [batch([view(image) for image in images[start : start + 128]]) for start in range(0, len(images), 128)]
    return torch.nn.functional.normalize(torch.cat([network(chunk) for chunk in chunks]), dim=1)


def neighbours_agree(bank, bank_classes, queries, query_classes, k):
    """Percent of queries whose k nearest rows of the bank vote for their class."""
    near = bank_classes[(queries @ bank.T).topk(k, dim=1).indices]
    votes = torch.nn.functional.one_hot(near).sum(1)
    # The nearest of the most voted classes: the first neighbour whose class has the most votes.
    most = votes.gather(1, near) == votes.max(1, keepdim=True).values
    chosen = near.gather(1, most.float().argmax(1, keepdim=True))[:, 0]
    return round(100 * (chosen == query_classes).float().mean().item(), 2)


def load_teacher(network, path):
    """The weights below a MoCo checkpoint's module.encoder_q, or below no prefix, without the last layer."""
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    state = checkpoint.get("state_dict", checkpoint)
    prefix = "module.encoder_q."
    if any(name.startswith(prefix) for name in state):
        state = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    network.load_state_dict({name: value for name, value in state.items() if not name.startswith("fc.")})
    return network.to(memory_format=torch.channels_last).eval().requires_grad_(False)


class Run:
    def __init__(self, arguments):
        self.arguments = arguments
        self.view = evaluation_view(arguments.size, arguments.eval == "crop")
        self.weak = transforms.Compose(
            [transforms.RandomResizedCrop(arguments.size, scale=(0.2, 1)), transforms.RandomHorizontalFlip()]
        )
        self.train, self.train_classes = pictures(arguments.data / "train")
        self.val, self.val_classes = pictures(arguments.data / "val")
        self.teacher = load_teacher(networks.backbone(arguments.teacher_network), arguments.teacher)
        self.student = networks.Student(
            arguments.student, arguments.head, arguments.layers, self.teacher.features_out
        ).to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(
            self.student.parameters(), lr=arguments.lr, momentum=0.9, weight_decay=1e-4
        )

    def epoch(self, number):
        """Mean loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.arguments.lr * (1 + math.cos(math.pi * number / self.arguments.epochs)) / 2
        self.student.train()
        order = torch.randperm(len(self.train)).tolist()
        size = self.arguments.batch
        losses = [self._step(order[start : start + size]) for start in range(0, len(order) - size + 1, size)]
        return sum(losses) / len(losses)

    def _step(self, ids):
        images = batch([self.weak(self.train[i]) for i in ids])
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                target = torch.nn.functional.normalize(self.teacher(images).float(), dim=1)
            prediction = self.student(images)
        loss = networks.regression_loss(prediction.float(), target)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def accuracy(self, network):
        bank = features(network, self.train, self.view)
        queries = features(network, self.val, self.view)
        return {
            f"knn{k}": neighbours_agree(bank, self.train_classes, queries, self.val_classes, k) for k in (1, 20)
        }


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("data", type=pathlib.Path, help="folder with train/CLASS/* and val/CLASS/*")
    parser.add_argument("teacher", type=pathlib.Path, help="checkpoint of the teacher")
    parser.add_argument("--teacher-network", choices=networks.NAMES, default="resnet50", help="whose weights they are")
    parser.add_argument("--student", choices=networks.NAMES, default="resnet18", help="network that is trained")
    parser.add_argument("--head", choices=("released", "paper", "linear"), default="released", help="form of the head")
    parser.add_argument("--layers", type=int, choices=(1, 2, 4), default=4, help="linear layers in the head")
    parser.add_argument("--size", type=int, default=64, help="height and width of a view, px")
    parser.add_argument("--batch", type=int, default=64, help="images a step")
    parser.add_argument("--lr", type=float, default=0.05, help="peak rate of SGD")
    parser.add_argument("--epochs", type=int, default=100, help="length of the cosine, epochs")
    parser.add_argument("--stop", type=int, default=0, help="end after this many epochs; 0: all")
    parser.add_argument("--every", type=int, default=10, help="measure k-NN every N epochs and at the end")
    parser.add_argument("--eval", choices=("plain", "crop"), default="plain", help="whole picture, or resize and crop")
    parser.add_argument("--seed", type=int, default=0, help="of weights, order and views")
    parser.add_argument("--torch-threads", type=int, default=0, help="threads of one operation; 0: PyTorch's choice")
    return parser.parse_args()


def main():
    arguments = parse()
    if arguments.torch_threads:
        torch.set_num_threads(arguments.torch_threads)
    torch.manual_seed(arguments.seed)
    run = Run(arguments)
    print(json.dumps({"network": "teacher", **run.accuracy(run.teacher)}), flush=True)
    print(json.dumps({"epoch": 0, **run.accuracy(run.student.backbone)}), flush=True)
    last = arguments.stop or arguments.epochs
    for number in range(last):
        started = time.perf_counter()
        line = {"epoch": number + 1, "loss": round(run.epoch(number), 4)}
        line["seconds"] = round(time.perf_counter() - started, 2)
        if (number + 1) % arguments.every == 0 or number + 1 == last:
            line |= run.accuracy(run.student.backbone)
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
