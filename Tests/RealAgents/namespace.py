"""What the driver and the recorder share: a network namespace, the stand-in as a process, and a search for leftovers."""
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000


def enter():
    """Moves this process, and with it all later children, into a network namespace where only loopback exists."""
    if os.geteuid() != 0:
        sys.exit("a network namespace needs root: run this with sudo")
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(CLONE_NEWNET) != 0:
        sys.exit(f"cannot make a network namespace: {os.strerror(ctypes.get_errno())}")
    loopback_up()


def loopback_up():
    """Sets IFF_UP on `lo` by ioctl, so that no `ip` program is needed."""
    import fcntl
    import socket
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(handle, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


class StandIn:
    """The stand-in in a process of its own, with rules that can be changed while it runs."""

    def __init__(self, folder, rules=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file, self.log = self.folder / "rules.json", self.folder / "requests.jsonl"
        self.log.touch()
        self.set(rules)

    def __enter__(self):
        command = [sys.executable, str(pathlib.Path(__file__).with_name("standin.py")),
                   "--rules", str(self.file), "--log", str(self.log)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.base = self.process.stdout.readline().strip()
        if not self.base:
            sys.exit("the stand-in did not start")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def set(self, rules):
        """Replaces the rules at once: a reader sees the old or the new file, never a part."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(list(rules), indent=1))
        fresh.rename(self.file)

    def requests(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def forget(self):
        self.log.write_text("")


def marked(town):
    """Processes whose environment names this town: [(pid, command line)]. Our own process is not among them."""
    needle, found = f"TINYTOWN_TOWN={town}".encode(), []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            variables = pathlib.Path("/proc", entry, "environ").read_bytes().split(b"\0")
            words = pathlib.Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if needle in variables:
            found.append((int(entry), b" ".join(words).decode("utf-8", "replace").strip()))
    return found


def end_marked(town, settle=0.0):
    """Ends what is left of a town and returns the command lines of what had to be ended, shortened."""
    time.sleep(settle)
    left = marked(town)
    for pid, _ in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return [words[:100] for _, words in left]
