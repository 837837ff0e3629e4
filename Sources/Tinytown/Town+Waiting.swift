import Model
import Operations

extension Town {
    /// Returns what `look` finds, as soon as it finds something: it looks at once, and whenever the town changes.
    ///
    /// A background host that dies meanwhile is followed by another one.
    func waiting<Found: Sendable>(
        _ problem: String, _ timeout: Duration?, _ look: @escaping @Sendable () async throws -> Found?
    ) async throws(TownError) -> Found {
        try await reporting {
            // Subscribed first, so that no change is missed between looking and waiting.
            let changes = try await opened.store.changes()
            if let found = try await look() { return found }
            return try await withThrowingTaskGroup(of: Waited<Found>.self) { group in
                group.addTask {
                    for await _ in changes { if let found = try await look() { return .found(found) } }
                    try Task.checkCancellation()
                    throw TownError(.closed, "the town was closed")
                }
                if let timeout {
                    let time = opened.time
                    group.addTask {
                        try await time.sleep(for: timeout)
                        return .late
                    }
                }
                if hosting != .none {
                    group.addTask {
                        try await self.keepServed()
                        return .served
                    }
                }
                defer { group.cancelAll() }
                while let next = try await group.next() {
                    switch next {
                    case .found(let found): return found
                    case .late: throw TownError(.timedOut, "\(problem) after \(timeout ?? .zero)")
                    case .served: continue
                    }
                }
                throw CancellationError()
            }
        }
    }

    // Returns where no live agent needs a host, and where this process is the host.
    private func keepServed() async throws {
        while true {
            try await keeper.ensureHost(for: opened)
            guard case .background = hosting else { return }
            let hosts = try await opened.store.hosts()
            guard let host = hosts.first(where: { !$0.isForeground && opened.isAlive($0) == true }) else {
                return
            }
            try await opened.janitor.waitForEnd(of: host)
        }
    }
}

private enum Waited<Found: Sendable>: Sendable {
    case found(Found)
    case late
    case served
}
