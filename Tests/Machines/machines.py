"""Machines of their own on one: namespaces for processes, network, name and mounts, joined by virtual cables.

Everything is inside namespaces that `isolated` makes first, so nothing of the real machine's network is touched, and
all of it, processes included, is gone when this process ends, however it ends. Needs Linux, iproute2, util-linux, and
root or user namespaces.
"""
import os, shutil, signal, socket, subprocess, sys, tempfile

INSIDE = "TT_MACHINES_INSIDE"
OWN = ["--fork", "--pid", "--mount-proc", "--net", "--uts", "--ipc", "--mount", "--kill-child"]
SERVER = "10.77.0.1"
SERVER6 = "fd77::1"


def isolated(keeps):
    """Runs this program again, with the same arguments, in namespaces; returns in that second process only: its scratch
    folder, which is removed when it has ended, however it did, unless `keeps`.

    Says why and ends where that is not possible: as a failure where CI is set, as a skip elsewhere.
    """
    if os.environ.get(INSIDE): return os.environ[INSIDE]
    ways = [["unshare", *OWN]] if os.geteuid() == 0 else []
    ways.append(["unshare", "--user", "--map-root-user", *OWN])
    reason = ""
    for way in ways:
        try:
            # A cable is tried as well: a container may permit namespaces and no devices in them.
            tried = subprocess.run([*way, "ip", "link", "add", "one", "type", "veth", "peer", "name", "two"],
                                   stdin=subprocess.DEVNULL, capture_output=True, text=True)
        except FileNotFoundError as error:
            reason = str(error)
            continue
        if tried.returncode == 0: sys.exit(run_inside(way, keeps))
        reason = tried.stderr.strip()
    if os.environ.get("CI"):
        print(f"  FAIL  no network namespaces can be made here: {reason}")
        sys.exit(1)
    print(f"  skip  no network namespaces can be made here: {reason}")
    sys.exit(0)


def run_inside(way, keeps):
    scratch = tempfile.mkdtemp(prefix="tt-machines-")
    child = None
    def end(number, _): raise SystemExit(128 + number)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, end)
    try:
        # In a group of its own, so that Ctrl-C reaches it by way of this process only.
        child = subprocess.Popen([*way, sys.executable, *sys.argv], stdin=subprocess.DEVNULL, start_new_session=True,
                                 env={**os.environ, INSIDE: scratch})
        return child.wait()
    finally:
        # All its processes go with the first one inside, and all its networks with them.
        if child:
            child.kill()
            child.wait()
        if keeps: print(f"kept: {scratch}")
        else: shutil.rmtree(scratch, ignore_errors=True)


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL)


def server_address():
    """Makes the address that every machine reaches the server at."""
    ip("link", "set", "lo", "up")
    ip("address", "add", f"{SERVER}/32", "dev", "lo")
    ip("-6", "address", "add", f"{SERVER6}/128", "dev", "lo", "nodad")


class Machine:
    """A machine: its own process numbers, name and cable to the server."""

    def __init__(self, number, name):
        self.number, self.name, self.cable = number, name, f"cable{number}"
        # The first process there waits for whatever loses its parent, as on a real machine.
        self.init = subprocess.Popen(
            ["unshare", *OWN, sys.executable, os.path.abspath(__file__), name], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True)
        if self.init.stdout.readline() != "up\n": raise SystemExit(f"the machine {name} does not come up")
        with open(f"/proc/{self.init.pid}/task/{self.init.pid}/children") as children:
            self.first = children.read().split()[0]
        net = f"10.77.{number}."
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.first)
        ip("address", "add", f"{net}1/24", "dev", self.cable)
        ip("-6", "address", "add", f"fd77:{number}::1/64", "dev", self.cable, "nodad")
        ip("link", "set", self.cable, "up")
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "address", "add", f"{net}2/24", "dev", "eth0")
        self.inside("ip", "-6", "address", "add", f"fd77:{number}::2/64", "dev", "eth0", "nodad")
        self.inside("ip", "link", "set", "eth0", "up")
        self.inside("ip", "route", "add", "default", "via", f"{net}1")
        self.inside("ip", "-6", "route", "add", "default", "via", f"fd77:{number}::1")

    def command(self, *words):
        return ["nsenter", "--target", self.first, "--mount", "--uts", "--ipc", "--net", "--pid", *words]

    def inside(self, *words):
        subprocess.run(self.command(*words), check=True, stdin=subprocess.DEVNULL)

    def pull_cable(self): ip("link", "set", self.cable, "down")

    def plug_cable(self):
        ip("link", "set", self.cable, "up")
        # Taking a device down takes its addresses of the newer kind away.
        subprocess.run(["ip", "-6", "address", "add", f"fd77:{self.number}::1/64", "dev", self.cable, "nodad"],
                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def first_process(name):
    """The first process of a machine: waits for all others, until it is killed."""
    socket.sethostname(name)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    print("up", flush=True)
    while True:
        signal.sigwait({signal.SIGCHLD})
        try:
            while os.waitpid(-1, os.WNOHANG)[0]: pass
        except ChildProcessError: pass


if __name__ == "__main__": first_process(sys.argv[1])
