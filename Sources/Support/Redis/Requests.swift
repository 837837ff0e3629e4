/// What a request came to: one value for each reply that it asked for.
typealias RequestOutcome = Result<[RedisValue], RedisError>

/// A request from the call until its last reply.
struct Request: Sendable {
    let id: Int
    /// The commands as they go over the wire; emptied when they were handed to the socket.
    var bytes: [UInt8]
    /// How many replies it asks for.
    let replies: Int
    /// When the caller stops waiting.
    let deadline: ContinuousClock.Instant?
    /// Who waits; nil once the caller has given up, after which the replies are dropped.
    var continuation: CheckedContinuation<RequestOutcome, Never>?
    /// When it was handed to the socket.
    var sentAt: ContinuousClock.Instant?
    var values: [RedisValue] = []
    /// What it counts for in the limit of bytes.
    let size: Int
}

/// A first-in-first-out queue of requests, found by id.
struct RequestQueue: Sendable {
    private var items: [Request?] = []
    private var head = 0

    var isEmpty: Bool { head == items.count }
    var count: Int { items.count - head }
    var first: Request? { isEmpty ? nil : items[head] }

    mutating func append(_ request: Request) { items.append(request) }

    mutating func popFirst() -> Request? {
        guard !isEmpty else { return nil }
        defer {
            items[head] = nil
            head += 1
            // Moves what is left once half of the room is unused, so that a step costs the same on average.
            if head > 64, head * 2 > items.count {
                items.removeFirst(head)
                head = 0
            }
        }
        return items[head]
    }

    /// Changes the first request in place.
    mutating func updateFirst<Value>(_ body: (inout Request) -> Value) -> Value? {
        guard !isEmpty, var request = items[head] else { return nil }
        items[head] = nil  // so that the change copies no array
        defer { items[head] = request }
        return body(&request)
    }

    /// Changes the request with this id in place; nil when it is not here.
    mutating func update<Value>(_ id: Int, _ body: (inout Request) -> Value) -> Value? {
        guard let index = index(of: id), var request = items[index] else { return nil }
        items[index] = nil
        defer { items[index] = request }
        return body(&request)
    }

    /// Takes the request with this id out.
    mutating func remove(_ id: Int) -> Request? {
        guard let index = index(of: id) else { return nil }
        return items.remove(at: index)
    }

    /// Takes everything out.
    mutating func removeAll() -> [Request] {
        defer { (items, head) = ([], 0) }
        return items[head...].compactMap { $0 }
    }

    /// Ids of requests whose caller stops waiting by `now`.
    func expired(by now: ContinuousClock.Instant) -> [Int] {
        items[head...].compactMap { request in
            guard let request, request.continuation != nil, let deadline = request.deadline, deadline <= now else {
                return nil
            }
            return request.id
        }
    }

    /// The earliest moment that a caller stops waiting.
    var nextDeadline: ContinuousClock.Instant? {
        items[head...].lazy.compactMap { $0?.continuation == nil ? nil : $0?.deadline }.min()
    }

    /// Ids grow, but two that were given at the same moment may be filed the other way round.
    private func index(of id: Int) -> Int? {
        var (low, high) = (head, items.count)
        while low < high {
            let middle = (low + high) / 2
            if (items[middle]?.id ?? 0) < id { low = middle + 1 } else { high = middle }
        }
        if low < items.count, items[low]?.id == id { return low }
        return items[head...].firstIndex { $0?.id == id }
    }
}
