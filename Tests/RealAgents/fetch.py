#!/usr/bin/env python3
"""Fetches the real Claude Code and Codex that `scripts/test --real-agents` runs, and prints where they are.

    fetch.py [--into FOLDER] [--only claude|codex]

The CLIs come from Python packages that carry the native program: `claude-agent-sdk` and `openai-codex-cli-bin`, each
pinned by its digest. They are unpacked below FOLDER (default `.build/real-agents` of the repository), compared with
what was pinned and found there the next time, so a second run needs no network. Standard output is one JSON value:
{"claude": {"path", "version"}, "codex": {...}}.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Fetched"))
from fetched import Pin, Refused, Wheel, cache, program  # noqa: E402

PINS = {
    "claude": Pin("claude-agent-sdk", "0.2.189", {
        "Linux x86_64": Wheel("py3-none-manylinux_2_17_x86_64",
                              "b26a6a30a4e2cb025a6f5c95e1ce4469b38fcc51015c392f627bea7c948d67ad"),
        "Linux aarch64": Wheel("py3-none-manylinux_2_17_aarch64",
                               "7e89e56f968a2f2b09e1a86cb66a937f004fc33948faad66425df847b07c5769"),
        "Darwin arm64": Wheel("py3-none-macosx_11_0_arm64",
                              "52787450048ce5eb950106e0566ed7c36544e6fc6c974f11d2c3c8c953612445"),
        "Darwin x86_64": Wheel("py3-none-macosx_11_0_x86_64",
                               "3f52f027373b68080cdcb2f01da01835cf4967a4e9f1647fcd35fdbdfa785591"),
    }),
    "codex": Pin("openai-codex-cli-bin", "0.163.0", {
        "Linux x86_64": Wheel("py3-none-manylinux_2_17_x86_64",
                              "76db41fb07fdf9ddacbe892b48d21dfde270031ec0f5666b5e558114355f006d"),
        "Linux aarch64": Wheel("py3-none-manylinux_2_17_aarch64",
                               "bb2b0d117eeb02608738cf2bcdf51f6a036343d0028272e11a94e72b0d23b141"),
        "Darwin arm64": Wheel("py3-none-macosx_11_0_arm64",
                              "dd0e6570930167f0e15ec94c5fb494a4a5a9dceb0a97113176c7b47c826cda05"),
        "Darwin x86_64": Wheel("py3-none-macosx_10_9_x86_64",
                               "6b4a9e614e30442f9c2b804604b7fba12f218627f709fe5ba1960c01dac15ca1"),
    }),
}


def fail(text):
    sys.exit(f"fetch.py: {text}")


def largest(name):
    """Picks the largest file called NAME: a package may carry small wrappers of the same name."""
    def choose(files):
        named = [file for file in files if pathlib.PurePosixPath(file.filename).name == name and not file.is_dir()]
        return max(named, key=lambda file: file.file_size, default=None)
    return choose


def fetch(name, into):
    try:
        path = program(PINS[name], cache(into), largest(name), into / name / name)
    except Refused as error:
        fail(f"{error}\n  The real agents need the network once; afterwards they are kept in {into}")
    # A scratch HOME, because even `--version` may leave files there.
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.defpath, "HOME": home}
        result = subprocess.run([path, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                                env=environment, timeout=60, check=False)
    if result.returncode != 0:
        fail(f"{path} --version failed: {result.stderr.strip()}")
    return {"path": str(path), "version": result.stdout.strip()}


def main():
    parser = argparse.ArgumentParser(description="Fetch the real agent CLIs.")
    parser.add_argument("--into", type=pathlib.Path, default=ROOT / ".build" / "real-agents")
    parser.add_argument("--only", choices=sorted(PINS))
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else sorted(PINS)
    print(json.dumps({name: fetch(name, arguments.into.resolve()) for name in names}, indent=2))


if __name__ == "__main__":
    main()
