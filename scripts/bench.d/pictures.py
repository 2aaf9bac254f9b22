"""Odd pictures by random mutation of valid ones, ours against Pillow's: equal pixels, or both refuse.

    python scripts/bench.d/pictures.py ODD.zip [MUTATIONS] [SEED] -- JAVA...

JAVA... is the command of org.simreg.bench.PictureDigests. Without mutations (0), the files of the zip themselves are
compared. Prints a line for each file that differs, then the counts by format and cause. Where Pillow itself gives other
pixels at each try (it leaves memory as it finds it in missing rows of fax data), nothing can be equal: listed, not counted.
"""

import collections
import io
import random
import struct
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))
from pictures import expected  # noqa: E402


def mutated(data, draw):
    """One to four changes: a bit, a byte, a cut, a part twice, a part gone, a part overwritten."""
    data = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        if not data:
            break
        # Headers are where decoders differ: half of all changes are there.
        reach = min(len(data), 100) if draw.random() < 0.5 else len(data)
        at = draw.randrange(reach)
        kind = draw.randrange(12)
        if kind < 4:
            data[at] ^= 1 << draw.randrange(8)
        elif kind < 7:
            data[at] = draw.choice((0, 1, 255, draw.randrange(256)))
        elif kind == 7:
            del data[draw.randrange(len(data)) :]
        elif kind == 8:
            part = data[at : at + draw.randrange(1, 40)]
            data[at:at] = part
        elif kind == 9:
            del data[at : at + draw.randrange(1, 40)]
        elif kind == 10:
            for i in range(at, min(len(data), at + draw.randrange(1, 20))):
                data[i] = draw.randrange(256)
        else:
            data[at:at] = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 9)))
    return bytes(data)


def main():
    split = sys.argv.index("--")
    arguments, command = sys.argv[1:split], sys.argv[split + 1 :]
    count = int(arguments[1]) if len(arguments) > 1 else 5000
    seed = int(arguments[2]) if len(arguments) > 2 else 1
    with zipfile.ZipFile(arguments[0]) as outer, zipfile.ZipFile(io.BytesIO(outer.read("files.zip"))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    draw = random.Random(seed)
    if count:
        valid = collections.defaultdict(list)
        for name, data in files.items():
            if data and expected(data):
                valid[name.split("/")[0]].append(name)
        families = sorted(valid)
        cases = []
        for number in range(count):
            name = draw.choice(valid[families[number % len(families)]])
            cases.append((f"{name}#{number}", mutated(files[name], draw)))
    else:
        cases = list(files.items())
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def feed():
        for _, data in cases:
            process.stdin.write(struct.pack(">I", len(data)) + data)
        process.stdin.close()

    threading.Thread(target=feed, daemon=True).start()
    totals, wrong, varied, both = collections.Counter(), collections.Counter(), collections.Counter(), 0
    kept = Path(arguments[3]) if len(arguments) > 3 else None
    for name, data in cases:
        answer = process.stdout.readline().decode().strip()
        if not answer:
            print(f"CRASH at {name}")
            break
        want = expected(data)
        ours = None if answer.startswith("refused") else tuple(answer.split()[1:])
        theirs = None if want is None else tuple(map(str, want))
        family = name.split("/")[0]
        totals[family] += 1
        both += want is not None
        if ours == theirs:
            continue
        if len({expected(data) for _ in range(4)}) > 1:
            varied[family] += 1
            continue
        if theirs is None:
            cause = "Pillow refuses, we open"
        elif ours is None:
            cause = "Pillow opens, we refuse: " + answer[8:]
        else:
            cause = "other pixels" if ours[:2] == theirs[:2] else "another size"
        wrong[(family, cause)] += 1
        print(f"{name}: {cause}")
        if kept:
            (kept / name.replace("/", "-").replace("#", "-")).write_bytes(data)
    print()
    for (family, cause), number in wrong.most_common():
        print(f"{number:6}  {family}: {cause}")
    for family, number in varied.items():
        print(f"{number:6}  {family}: Pillow's own pixels vary (not counted)")
    all_of_them = sum(totals.values())
    print(f"{all_of_them} files ({both} that Pillow opens), {100 - 100 * sum(wrong.values()) / max(1, all_of_them):.2f} % alike; " + ", ".join(
        f"{family} {100 - 100 * sum(n for (f, _), n in wrong.items() if f == family) / total:.2f} %" for family, total in sorted(totals.items())
    ))
    print(f"the decoder ended with {process.wait()}")


if __name__ == "__main__":
    main()
