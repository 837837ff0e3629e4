import CShims
import Concurrency

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A child that has a keeper, just started.
struct KeptChild: Sendable {
    var identity: ProcessIdentity
    /// The keeper, which is the child of this process.
    var keeper: Int32
    /// Where the keeper reports how the child ends.
    var reports: Int32

    /// Starts both; nil if the system has no keepers. Blocks until the child runs its program.
    static func start(_ launch: Launch, _ keeper: Keeper, descriptors: [Int32]) throws(ProcessError) -> KeptChild? {
        var ends: [Int32] = [-1, -1]
        let error = shim_pipe(&ends)
        guard error == 0 else { throw ProcessError(.exhausted, "cannot make a pipe", system: error) }
        let groups = ControlGroups.make(for: keeper)
        do throws(ProcessError) {
            guard
                let number = try startKeeper(launch, keeper, groups, descriptors: descriptors, reports: ends[1])
            else {
                for end in ends { close(end) }
                return nil
            }
            close(ends[1])
            ends[1] = -1
            let first = report(from: ends[0])
            if let first, first.kind == Int32(shim_kept_started) {
                let identity = ProcessIdentity(pid: first.number, startTime: first.start)
                return KeptChild(identity: identity, keeper: number, reports: ends[0])
            }
            // It ends as soon as it has reported that, if nobody has ended it before.
            while ProcessTable.reap(number) == nil { _ = shim_wait_until_ended(number) }
            throw spawnError(first?.number ?? ECHILD, launch)
        } catch {
            for end in ends where end >= 0 { close(end) }
            ControlGroups.remove(of: keeper)
            throw error
        }
    }

    private static func startKeeper(
        _ launch: Launch, _ keeper: Keeper, _ groups: ControlGroups, descriptors: [Int32], reports: Int32
    ) throws(ProcessError) -> Int32? {
        let userLimit = groups.holdLimit ? 0 : keeper.userLimit
        let number = try ProcessTable.add { () throws(ProcessError) in
            var made: pid_t = 0
            let error = try withRequest(of: launch, descriptors: descriptors) { request in
                withCStrings(groups.joining) { files in
                    keeper.name.withCString { name in
                        var keep = shim_keep(spawn: request, name: name, groups: files, processes: userLimit)
                        return shim_keep(&made, &keep, reports)
                    }
                }
            }
            if error == ENOSYS { return 0 }
            guard error == 0 else { throw spawnError(error, launch) }
            return made
        }
        return number > 0 ? number : nil
    }

    /// The next report; nil if the keeper is gone. Blocks.
    static func report(from reports: Int32) -> shim_kept? {
        var record = shim_kept()
        let size = MemoryLayout<shim_kept>.size
        let count = withUnsafeMutableBytes(of: &record) { bytes in
            retryingInterrupts { read(reports, bytes.baseAddress!, size) }
        }
        return count == size ? record : nil
    }

    /// Calls `onEnd` once, with how the child ended: unknown if its keeper was ended before it. Not to be used again.
    func watch(onEnd: @escaping @Sendable (ExitStatus) -> Void) {
        let reports = reports
        // The registration does not exist yet where its handler is made.
        let own = OneShot<Reactor.Registration>()
        let registration = Reactor.shared.register(
            reports, for: .reading, isPaused: true, onCancel: { close(reports) },
            handler: {
                let status = Self.report(from: reports).map(Self.status) ?? .unknown
                own.current?.cancel()
                onEnd(status)
            })
        own.set(registration)
        registration.resume()
    }

    private static func status(_ report: shim_kept) -> ExitStatus {
        report.kind == Int32(shim_kept_signalled)
            ? .signalled(Signal(rawValue: report.number)) : .exited(report.number)
    }
}
