"""Medians of the lines that scripts/bench printed, by what was measured, and each as a multiple of the slowest."""

import json
import statistics
import sys

runs = {}
for line in open(sys.argv[1]):
    if line.startswith("{"):
        run = json.loads(line)
        mode = run["mode"] if "teacher" not in run else f"{run['mode']} {run['teacher']} {run['student']}"
        runs.setdefault((run.get("bench", run.get("benchmark", "?")), mode), []).append(run)
slowest = min(statistics.median(run["images_per_second"] for run in group) for group in runs.values())
for key, group in runs.items():
    rates = [run["images_per_second"] for run in group]
    median = statistics.median(rates)
    teacher, student = (statistics.median(run[part] for run in group) for part in ("teacher_ms", "student_ms"))
    print(
        f"{' '.join(key):<52} {median:8.1f} images/s  {median / slowest:5.2f} x  ({min(rates):.1f} to {max(rates):.1f})"
        f"  teacher {teacher:.0f} ms  student {student:.0f} ms"
    )
