import Concurrency
import FoundationEssentials
import Processes
import TestOrder
import TestSupport
import TestTown
import Testing

/// What surrounds a town: limits, paths, folders and terminals that are not as one would like them.
@Suite(.timeLimit(.minutes(4)), .serialized, .queued) struct EnvironmentEndToEnd {
    private func shell(
        _ script: String, in folder: String, _ environment: [String: String] = [:]
    ) async throws -> (status: Processes.ExitStatus, output: String, errors: String) {
        let usual = ["PATH": "/usr/bin:/bin", "HOME": folder, "TT_HOME": folder + "/home", "TT": TownOnDisk.program]
        let done = try await ChildProcess.run(
            Launch(
                "/bin/sh", ["-c", script], environment: usual.merging(environment) { $1 }, directory: folder,
                input: .none))
        return (done.exit, done.outputText, done.errorText)
    }

    @Test func `output that could not be written is a failure of every command`() async throws {
        guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
        let town = try await TownOnDisk()
        for command in ["status", "list", "--help", "--version", "help", "events", "status --json", "config"] {
            let done = try await shell("\"$TT\" \(command) >/dev/full", in: town.root, town.variables)
            #expect(done.status == .exited(1), "\(command)")
            #expect(done.errors.contains("could not be written"), "\(command): \(done.errors)")
        }
        // A reader that went away has seen what it wanted; and what nobody opened is no full disk.
        let closed = try await shell("\"$TT\" status >&-", in: town.root, town.variables)
        #expect(closed.status == .exited(0), "\(closed.errors)")
        try await town.close()
    }

    @Test func `too few open files are said, and nothing is trapped`() async throws {
        try await withScratchFolder { folder in
            for limit in [6, 9, 12, 16] {
                let done = try await shell("ulimit -n \(limit); \"$TT\" towns", in: folder.path)
                #expect(done.status == .exited(5), "\(limit): \(done.status) \(done.errors)")
                #expect(done.errors.contains("open files"), "\(limit): \(done.errors)")
            }
        }
    }

    @Test func `a host without open files waits, and no attempt is burned`() async throws {
        let town = try await TownOnDisk(
            agents: ["good": "cat >/dev/null; tt task complete \"$TINYTOWN_TASK_ID\" --result fine"],
            settings: "[agent]\nfirst_delay_secs = 0.2\nlongest_delay_secs = 0.5")
        try await town.tt("spawn", "worker", "--cli", "good")
        try await town.tt("stop")
        let host = try await ChildProcess.spawn(
            Launch(
                "/bin/sh", ["-c", "ulimit -n 24; exec \"$0\" restart worker --foreground", TownOnDisk.program],
                environment: town.variables, directory: town.root, input: .none, output: .discard, errors: .discard))
        let task = try #require(try await town.json(["assign", "worker", "do it"], "task", "id"))
        try await town.event("turn_failed")
        let failed = try await town.tt("events", "--count", "50")
        #expect(failed.contains("(machine)"), "\(failed)")
        #expect(try await town.json(["task", "show", task], "task", "state") != "failed")
        host.signal(.kill)
        _ = await host.exit
        // The next host has what it takes, and the task is as new.
        try await town.tt("send", "worker", "--info", "go on")
        try await town.event("task_completed")
        try await town.close()
    }

    @Test func `a host with a poor path says so, and a good shell cures it`() async throws {
        let town = try await TownOnDisk(
            settings: "[agent]\nfirst_delay_secs = 0.1\n[agent_clis.far]\ncommand = \"far-away-agent run\"")
        let folder = town.root + "/elsewhere"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try "#!/bin/sh\ncat >/dev/null; tt task complete \"$TINYTOWN_TASK_ID\" --result fine\n".write(
            toFile: folder + "/far-away-agent", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/far-away-agent")
        let good = ["PATH": folder + ":/usr/bin:/bin"]
        _ = try await town.answer(["spawn", "worker", "--cli", "far"], environment: good)
        // The host begins with the poor path of this command.
        try await town.tt("stop")
        try? FileManager.default.removeItem(atPath: town.root + "/.tt/path")
        try await town.tt("restart", "worker")
        let task = try #require(try await town.json(["assign", "worker", "do it"], "task", "id"))
        try await town.event("is paused")
        let status = try await town.tt("status")
        #expect(status.contains("not on the PATH of this host") && status.contains("tt resume"), "\(status)")
        let resumed = try await town.answer(["resume", "worker"], environment: good)
        #expect(resumed.status.isSuccess, "\(resumed.errors)")
        try await town.event("task_completed")
        #expect(try await town.json(["task", "show", task], "task", "result") == "fine")
        try await town.close()
    }

    @Test func `a folder that cannot hold a town is refused before anything is made`() async throws {
        try await withScratchFolder { folder in
            let long = folder.path + String(repeating: "/" + String(repeating: "a", count: 120), count: 4)
            let done = try await shell("\"$TT\" --town \"$LONG\" init", in: folder.path, ["LONG": long])
            #expect(done.status == .exited(1) && done.errors.contains("the store can open at most"), "\(done.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/" + String(repeating: "a", count: 120)))
            for script in [
                "d=$(printf 'a\\377b'); \"$TT\" --town \"$d\" init",
                "d=$(printf 'a\\377b'); mkdir \"$d\"; cd \"$d\"; \"$TT\" init",
            ] {
                let done = try await shell(script, in: folder.path)
                #expect(done.status == .exited(1) && done.errors.contains("not UTF-8"), "\(done.errors)")
            }
            let towns = try await shell("find . -name tinytown.toml -o -name .tt", in: folder.path)
            #expect(towns.output == "")
        }
    }

    @Test func `a program that is missing for a moment costs no attempt and needs no person`() async throws {
        let town = try await TownOnDisk(settings: "[agent]\nmax_attempts = 1")
        let program = town.root + "/agent"
        let configuration = town.root + "/tinytown.toml"
        let text = try String(contentsOfFile: configuration, encoding: .utf8)
        try (text + "\n[agent_clis.own]\ncommand = \"\(program)\"\n").write(
            toFile: configuration, atomically: true, encoding: .utf8)
        try await town.tt("trust", "--yes")
        try await town.tt("spawn", "worker", "--cli", "own")
        let task = try #require(try await town.json(["assign", "worker", "do it"], "task", "id"))
        try await town.event("turn_failed", "missing_program")
        try "#!/bin/sh\ncat >/dev/null; tt task complete \"$TINYTOWN_TASK_ID\" --result fine\n".write(
            toFile: program + ".new", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program + ".new")
        try FileManager.default.moveItem(atPath: program + ".new", toPath: program)
        try await town.event("task_completed")
        #expect(try await town.json(["task", "show", task], "task", "result") == "fine")
        #expect(try await !town.tt("status").contains("needs you"))
        try await town.close()
    }

    @Test func `a file system without locks or without sockets is named, with a way out`() async throws {
        let town = try await TownOnDisk(agents: ["idle": "cat >/dev/null"])
        try await town.tt("spawn", "worker", "--cli", "idle")
        try await town.tt("stop")
        let library = town.root + "/refusing.so"
        let built = try await shell(
            "clang -shared -fPIC -x c -o '\(library)' - <<'END'\n\(refusing)\nEND", in: town.root,
            ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"])
        #expect(built.status == .exited(0), "\(built.errors)")
        for refused in ["LOCKS", "SOCKETS"] {
            let done = try await town.answer(
                ["spawn", "on-" + refused, "--cli", "idle"],
                environment: ["LD_PRELOAD": library, "REFUSE_" + refused: "1"])
            #expect(!done.status.isSuccess, "\(refused)")
            #expect(done.errors.contains("is registered, but nothing runs it"), "\(refused): \(done.errors)")
            #expect(
                done.errors.contains("which a town needs") && done.errors.contains("on a local disk"),
                "\(refused): \(done.errors)")
            #expect(try await town.hostPid == nil)
        }
        // As soon as it can be used, everything is as it was.
        try await town.tt("restart", "worker")
        #expect(try await town.hostPid != nil)
        try await town.close()
    }

    /// What some network file systems answer, as a library that is loaded before libc.
    private let refusing = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <stdarg.h>
        #include <stdlib.h>
        #include <fcntl.h>
        #include <sys/socket.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        static int answer(int descriptor, int command, void *argument) {
            int isLock = command == F_OFD_SETLK || command == F_OFD_GETLK || command == F_OFD_SETLKW;
            if (isLock && getenv("REFUSE_LOCKS")) { errno = ENOLCK; return -1; }
            return (int)syscall(SYS_fcntl, descriptor, command, argument);
        }
        #define TAKE void *argument; va_list all; va_start(all, command); argument = va_arg(all, void *); va_end(all);
        int fcntl(int descriptor, int command, ...) { TAKE return answer(descriptor, command, argument); }
        int fcntl64(int descriptor, int command, ...) { TAKE return answer(descriptor, command, argument); }
        int bind(int socket, const struct sockaddr *address, socklen_t length) {
            if (address->sa_family == AF_UNIX && getenv("REFUSE_SOCKETS")) { errno = EOPNOTSUPP; return -1; }
            return (int)syscall(SYS_bind, socket, address, length);
        }
        """
}
