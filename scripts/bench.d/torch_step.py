"""Images a second of SimReg's training step in PyTorch, on pictures made up beforehand (no loader).

--mode float32: as published, eager and NCHW. --mode bf16: autocast to bfloat16 with channels-last, teacher and student;
--mode compile: the same through torch.compile. With --device cuda each part is waited for.
Prints one line of JSON; the parts are medians over the measured steps.
"""

import argparse
import json
import pathlib
import statistics
import sys
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "fixtures"))
import networks  # noqa: E402

NAMES = (*networks.NAMES, *networks.TIMM, *networks.TORCHVISION)


class Step:
    """One SGD step after another on the same batch."""

    def __init__(self, arguments):
        self.device = torch.device(arguments.device)
        self.reduced = arguments.mode != "float32"
        layout = torch.channels_last if self.reduced else torch.contiguous_format
        self.teacher = networks.backbone(arguments.teacher, arguments.size).eval().requires_grad_(False)
        self.student = networks.Student(
            arguments.student, arguments.head, arguments.layers, self.teacher.features_out, arguments.size
        )
        self.teacher.to(self.device, memory_format=layout)
        self.student.to(self.device, memory_format=layout).train()
        shape = (arguments.batch, 3, arguments.size, arguments.size)
        self.images = torch.rand(shape).to(self.device, memory_format=layout)
        self.optimizer = torch.optim.SGD(self.student.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
        if arguments.mode == "compile":
            self.teacher = torch.compile(self.teacher)
            self.student = torch.compile(self.student)

    def run(self):
        """Seconds of the teacher, of forward, loss and backward, and of the optimizer."""
        times = [self._now()]
        with torch.no_grad(), self._autocast():
            features = self.teacher(self.images)
        target = torch.nn.functional.normalize(features.float(), dim=1)
        times.append(self._now())
        with self._autocast():
            prediction = self.student(self.images)
        self.optimizer.zero_grad()
        networks.regression_loss(prediction.float(), target).backward()
        times.append(self._now())
        self.optimizer.step()
        times.append(self._now())
        return [end - start for start, end in zip(times, times[1:])]

    def _now(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def _autocast(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--mode", choices=("float32", "bf16", "compile"), default="float32", help="arithmetic and memory layout")
    parser.add_argument("--teacher", choices=NAMES, default="resnet50", help="network with random weights")
    parser.add_argument("--student", choices=NAMES, default="resnet18", help="network that is trained")
    parser.add_argument("--head", choices=("released", "paper", "linear"), default="released", help="form of the head")
    parser.add_argument("--layers", type=int, choices=(1, 2, 4), default=4, help="linear layers in the head")
    parser.add_argument("--size", type=int, default=224, help="height and width, px")
    parser.add_argument("--batch", type=int, default=32, help="images a step")
    parser.add_argument("--steps", type=int, default=8, help="measured steps")
    parser.add_argument("--warm-up", type=int, default=2, help="steps before")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:N")
    parser.add_argument("--torch-threads", type=int, default=0, help="threads of one operation; 0: PyTorch's choice")
    arguments = parser.parse_args()
    if arguments.torch_threads:
        torch.set_num_threads(arguments.torch_threads)
    torch.manual_seed(0)
    step = Step(arguments)
    for _ in range(arguments.warm_up):
        step.run()
    runs = [step.run() for _ in range(arguments.steps)]
    teacher, backward, update = (statistics.median(part) for part in zip(*runs))
    print(
        json.dumps(
            {
                "benchmark": "torch_step",
                "mode": arguments.mode,
                "teacher": arguments.teacher,
                "student": arguments.student,
                "size": arguments.size,
                "batch": arguments.batch,
                "device": arguments.device,
                "threads": torch.get_num_threads(),
                "torch": torch.__version__,
                "images_per_second": round(arguments.batch / statistics.median(map(sum, runs)), 2),
                "teacher_ms": round(1000 * teacher, 1),
                "student_ms": round(1000 * backward, 1),
                "update_ms": round(1000 * update, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
