"""Medians of the lines that scripts/bench printed, by what was measured, and each as a multiple of the slowest."""

import json
import statistics
import sys

rates = {}
for line in open(sys.argv[1]):
    if line.startswith("{"):
        run = json.loads(line)
        key = (run.get("bench", run.get("benchmark", "?")), run.get("mode", run.get("precision", "")))
        rates.setdefault(key, []).append(run["images_per_second"])
slowest = min(statistics.median(values) for values in rates.values())
for key, values in rates.items():
    median = statistics.median(values)
    print(f"{' '.join(key):<28} {median:8.1f} images/s  {median / slowest:5.2f} x  ({min(values):.1f} to {max(values):.1f})")
