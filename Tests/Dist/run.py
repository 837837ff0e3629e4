#!/usr/bin/env python3
"""Makes the archive and the package of a release build, and uses them as somebody without a toolchain would.

    run.py --tt PATH [--suite bookworm ...] [--no-roots]

Roots that hold nothing but Debian's required packages come from debootstrap. Where this user may not make one, that part
is left out; root may, so there it is a failure.
"""
import argparse
import contextlib
import functools
import hashlib
import http.server
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Hardening"))
import elf  # noqa: E402

# What a person's first minutes need, in a root that has no compiler, no Swift and no SQLite.
FIRST_MINUTES = r"""
set -eu
export HOME=/home/you TT_HOME=/home/you/.tt PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8
mkdir -p /home/you/shop && cd /home/you/shop
tt init --name shop
printf '\n[agent_clis.script]\ncommand = "sh /home/you/agent"\n' >>tinytown.toml
printf 'cat >/dev/null\ntt task complete "$TINYTOWN_TASK_ID" --result "by a script"\n' >/home/you/agent
tt trust --yes
tt spawn worker --cli script
task=$(tt assign worker "Say hello" | sed -n 's/.*Assigned task \([0-9a-f-]*\) to.*/\1/p')
# No clock decides: the events say when the task has ended.
timeout 60 tt events --follow --count 100 | while read -r line; do
    case $line in *task_completed*|*completed*"Say hello"*) break ;; esac
done || true
tt task show "$task" --json
tt status
tt stop --now
"""


class Checks:
    passed = failed = 0

    def check(self, holds, text, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {text}" + (f": {detail}" if detail else ""), flush=True)
        return holds


def run(*words, **options):
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=options.pop("timeout", 600), **options)


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def made_twice(checks, tt, work):
    """Two runs into two folders, with other umasks and time zones."""
    folders = []
    for number, (mask, zone) in enumerate(((0o022, "UTC"), (0o077, "Asia/Tokyo"))):
        folder = work / f"dist{number}"
        made = run(str(ROOT / "scripts" / "dist"), "--binary", str(tt), "--output", str(folder), umask=mask,
                   env={**os.environ, "TZ": zone})
        checks.check(made.returncode == 0, "scripts/dist succeeds", made.stderr)
        folders.append(folder)
        if number == 0:
            print(made.stderr.strip(), flush=True)
    first, second = map(digests, folders)
    different = [name for name in first if first[name] != second.get(name)]
    checks.check(first.keys() == second.keys() and not different, "two runs make the same bytes", ", ".join(different))
    return folders[0]


def contents(checks, folder, work, version):
    archive, = [path for path in folder.glob("*.tar.gz") if "-debug" not in path.name]
    debug, = folder.glob("*-debug.tar.gz")
    with tarfile.open(archive) as tar:
        names = {member.name.split("/", 1)[1] for member in tar if member.isfile()}
        odd = [member.name for member in tar if member.uid or member.gid or member.mode & 0o022]
        tar.extractall(work / "tree", filter="data")
    wanted = {"bin/tt", "share/man/man1/tt.1.gz", "share/man/man1/tt-spawn.1.gz", "share/doc/tinytown/README.md",
              "share/bash-completion/completions/tt", "share/zsh/vendor-completions/_tt",
              "share/fish/vendor_completions.d/tt.fish", "lib/systemd/user/tinytown@.service"}
    checks.check(wanted <= names, "the archive has all that belongs to it", str(wanted - names))
    checks.check(not odd, "everything in the archive is root's, and only the owner writes it", str(odd[:3]))
    listed = (folder / "SHA256SUMS").read_text(encoding="utf-8")
    others = {name for name in digests(folder) if name != "SHA256SUMS"}
    checks.check(all(f"{digest}  {name}" in listed for name, digest in digests(folder).items() if name in others),
                 "SHA256SUMS has every file")
    binary = work / "tree" / archive.name.removesuffix(".tar.gz") / "bin" / "tt"
    needed = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", str(binary)).stdout)
    checks.check(all(re.match(r"(libc|libm|ld-linux.*)\.so", name) for name in needed), "tt needs the C library only", str(needed))
    symbols = run("readelf", "-V", str(binary)).stdout
    newest = max(tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_(\d+\.\d+)", symbols))
    checks.check(newest <= (2, 36), "tt runs with the C library of Debian 12", str(newest))
    checks.check(elf.Elf(binary).dynamic.get(elf.DT_FLAGS_1, 0) & elf.DF_1_PIE, "it is still hardened (PIE)")
    with tarfile.open(debug) as tar:
        tar.extractall(work / "debug", filter="data")
    build = [re.search(r"Build ID: (\w+)", run("readelf", "-n", str(path)).stdout)
             for path in (binary, next((work / "debug").rglob("tt.debug")))]
    checks.check(all(build) and build[0][1] == build[1][1], "the debugging information is this binary's")
    if shutil.which("man"):
        pages = sorted((work / "tree").rglob("*.1.gz"))
        for page in pages:
            shown = run("man", "--warnings=w", "-l", str(page), env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
            checks.check(shown.returncode == 0 and not shown.stderr and "SYNOPSIS" in shown.stdout,
                         f"man reads {page.name}", shown.stderr[:200])
        checks.check(len(pages) > 40, "each command has a page")
    print(f"{binary.stat().st_size} bytes: tt, needs {', '.join(needed)}, glibc {'.'.join(map(str, newest))}; {version}")
    return archive


@contextlib.contextmanager
def served(folder):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def installs(checks, folder, archive, work, version):
    """install.sh takes a file or an address, and nothing that is not what its digest says."""
    script = str(folder / "install.sh")
    environment = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}

    def install(name, *words):
        prefix = work / "prefixes" / name
        return prefix, run("sh", script, "--prefix", str(prefix), *words, env=environment)

    prefix, done = install("file", str(archive))
    checks.check(done.returncode == 0 and run(str(prefix / "bin/tt"), "--version").stdout.strip() == version,
                 "install.sh installs a file", done.stderr)
    unit = (prefix / "lib/systemd/user/tinytown@.service")
    checks.check(unit.exists() and f"ExecStart={prefix}/bin/tt" in unit.read_text(encoding="utf-8"),
                 "the unit names the program that was installed")
    # The template says what tt service install writes, apart from what that knows of the town and the shell.
    code = (ROOT / "Sources" / "Towns" / "ServiceUnit.swift").read_text(encoding="utf-8")
    ours = re.findall(r"^(?:Type|StartLimit\w+|Restart\w*|KillMode|WantedBy)=.*$", unit.read_text(encoding="utf-8"), re.M)
    checks.check(len(ours) >= 8 and all(re.search(rf"^ *{re.escape(line)}$", code, re.M) for line in ours),
                 "the unit is the one that tt service install writes", str(ours))
    with served(folder) as address:
        prefix, done = install("address", f"{address}/{archive.name}")
        checks.check(done.returncode == 0 and (prefix / "bin/tt").exists(), "install.sh installs from an address", done.stderr)
        prefix, done = install("missing", f"{address}/tinytown-9.9.9-linux-{os.uname().machine}.tar.gz")
        checks.check(done.returncode != 0 and not prefix.exists(), "what is not there is not installed")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    prefix, done = install("digest", "--sha256", digest, str(archive))
    checks.check(done.returncode == 0, "a digest may be given", done.stderr)
    prefix, done = install("wrong", "--sha256", digest[:-1] + ("0" if digest[-1] != "0" else "1"), str(archive))
    checks.check(done.returncode != 0 and "Nothing was installed" in done.stderr and not prefix.exists(),
                 "another digest installs nothing")
    bad = work / "bad"
    bad.mkdir()
    shutil.copy(archive, bad / archive.name)
    with open(bad / archive.name, "r+b") as file:
        file.seek(1000)
        file.write(b"changed")
    prefix, done = install("no-digest", str(bad / archive.name))
    checks.check(done.returncode != 0 and not prefix.exists(), "without a digest nothing is installed")
    shutil.copy(folder / "SHA256SUMS", bad)
    prefix, done = install("changed", str(bad / archive.name))
    checks.check(done.returncode != 0 and not prefix.exists(), "a changed archive is not installed")


def updates(checks, tt, folder, work, version):
    """tt update --check only compares, whether it is given a file or an address."""
    number = version.split()[1]
    environment = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    environment["TT_HOME"] = str(work / "no-home")
    newer = work / "newer"
    newer.mkdir()
    (newer / "SHA256SUMS").write_text(f"{'0' * 64}  tinytown-{number}-linux-x86_64.tar.gz\n"
                                      f"{'1' * 64}  tinytown-99.0.0-linux-x86_64.tar.gz\n", encoding="utf-8")

    def check(place):
        return run(str(tt), "update", "--check", place, "--json", env=environment, cwd=str(work))

    with served(work) as address:
        for place in (str(newer / "SHA256SUMS"), f"{address}/newer/SHA256SUMS"):
            result = check(place)
            checks.check('"available":"99.0.0"' in result.stdout and '"update_available":true' in result.stdout,
                         f"a newer version is seen in {place}", result.stderr)
        result = check(str(folder / "SHA256SUMS"))
        checks.check('"update_available":false' in result.stdout, "this version is up to date", result.stderr)
        gone = check(f"{address}/nothing/SHA256SUMS")
        checks.check(gone.returncode == 5 and '"code":"unavailable"' in gone.stderr, "an address that fails is exit 5", gone.stderr)
    checks.check(not (work / "no-home").exists(), "tt update --check writes nothing")


def mirror():
    """The mirror that this machine's apt uses for Debian."""
    sources = pathlib.Path("/etc/apt")
    for path in [*sources.glob("sources.list.d/*.sources"), *sources.glob("sources.list.d/*.list"), sources / "sources.list"]:
        if path.exists():
            for address in re.findall(r"(?:URIs:|^deb(?: \[[^]]*\])?) *(http\S+)", path.read_text(encoding="utf-8"), re.M):
                if address.rstrip("/").endswith("/debian"):
                    return address
    return None


def root_of(suite, work):
    """A root with the packages that every Debian has, unpacked; None with the reason where there can be none."""
    if os.geteuid() != 0:
        return None, "only root may make one"
    if not shutil.which("debootstrap") or not mirror():
        return None, "there is no debootstrap, or no mirror of Debian is known"
    root, cache = work / f"root-{suite}", ROOT / ".build" / "packages" / suite
    cache.mkdir(parents=True, exist_ok=True)
    made = run("debootstrap", "--foreign", "--variant=minbase", f"--cache-dir={cache}", suite, str(root), mirror(), timeout=900)
    if made.returncode != 0:
        return None, "debootstrap failed: " + (made.stdout + made.stderr).strip().splitlines()[-1]
    # In a container debootstrap makes a link of it, which leads to itself in the root.
    if (root / "proc").is_symlink():
        (root / "proc").unlink()
        (root / "proc").mkdir()
    return root, ""


def in_root(root, script):
    """Runs a script in a root with a process table of its own; all that it leaves ends with it."""
    inner = f"mount -t proc proc '{root}/proc' && exec chroot '{root}' /bin/sh -c \"$SCRIPT\""
    return run("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inner, timeout=300,
               env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "SCRIPT": script})


def bare_roots(checks, suites, folder, archive, work, version):
    for suite in suites:
        root, reason = root_of(suite, work)
        if root is None:
            print(f"left out: a root of {suite}: {reason}", flush=True)
            continue
        for device in ("null", "zero", "random", "urandom"):
            node = root / "dev" / device
            if not node.exists():
                run("cp", "-a", f"/dev/{device}", str(node))
        libraries = [path.name for path in root.rglob("*.so*") if re.match(r"lib(sqlite|swift|stdc|ssl|hiredis|sodium)", path.name)]
        (root / "made").mkdir()
        for path in folder.iterdir():
            shutil.copy(path, root / "made")
        done = in_root(root, f"sh /made/install.sh --prefix /usr/local /made/{archive.name}")
        checks.check(done.returncode == 0, f"install.sh works in a bare {suite}", done.stderr)
        first = in_root(root, FIRST_MINUTES)
        checks.check('"state":"completed"' in first.stdout and '"result":"by a script"' in first.stdout,
                     f"an agent does a task in a bare {suite}", first.stdout[-500:] + first.stderr[-500:])
        checks.check("shop" in first.stdout and first.returncode == 0, f"tt status works in a bare {suite}", first.stderr[-300:])
        in_root(root, "rm -rf /usr/local/bin/tt /home/you")
        packaged = in_root(root, "dpkg --force-depends --force-script-chrootless -i /made/tinytown_*.deb && tt --version && "
                                 "dpkg -L tinytown | grep -c man1")
        checks.check(version in packaged.stdout, f"the package installs in a bare {suite}", packaged.stderr[-500:])
        print(f"bare {suite}: {'without' if not libraries else 'with ' + ', '.join(sorted(set(libraries)))} the libraries that are inside")
        shutil.rmtree(root, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tt", required=True, type=pathlib.Path, help="a release build")
    parser.add_argument("--suite", action="append", help="a release of Debian (default: bookworm and trixie)")
    parser.add_argument("--no-roots", action="store_true", help="leave out what runs in other roots")
    options = parser.parse_args()
    tt, checks = options.tt.resolve(), Checks()
    version = run(str(tt), "--version").stdout.strip()
    with tempfile.TemporaryDirectory(prefix="tt-dist-") as name:
        work = pathlib.Path(name)
        folder = made_twice(checks, tt, work)
        archive = contents(checks, folder, work, version)
        installs(checks, folder, archive, work, version)
        updates(checks, tt, folder, work, version)
        if not options.no_roots:
            bare_roots(checks, options.suite or ["bookworm", "trixie"], folder, archive, work, version)
    print(f"{checks.passed} checks passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
