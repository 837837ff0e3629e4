import Model

/// Documents, and several verbs in one step.
extension Walker {
    private mutating func change() -> DocumentChange {
        let place = one([
            Place.text("budget:a"), .text("schedule:a"), .field("schedule:b", "one"), .field("schedule:b", "two"),
            .field("mission:a:work", "ä"), .member("mission:active", "a"), .member("rooms:a", "m"),
            .field("budget:a", "of another kind"),
        ])
        let content: [UInt8] = place.kind == .member ? [] : one([[], [0, 255], Array("x".utf8), Array("é".utf8)])
        return DocumentChange(
            place, expects: one([.anything, .anything, .anything, .anything, .absent, .content(content)]),
            becomes: one([
                .content(content), .content(content), .content(content, dueAt: now + .seconds(below(9000) - 3000)),
                .absent,
                .unchanged,
            ]))
    }

    /// Some of what a batch may do: those that were refused are seen to undo all the others.
    mutating func batch(_ agent: AgentID) -> WalkVerb {
        let (now, changes) = (now, (0..<below(3)).map { _ in change() })
        var steps: [Step] = changes.isEmpty ? [] : [.documents(changes)]
        var ends = false
        for _ in 0..<1 + below(3) {
            switch below(6) {
            case 0 where !ends: ends = true
            case 1: steps.append(.send([message(to: one(agents))], limits))
            case 2: steps.append(.documents([change()]))
            case 3:
                var task = AgentTask(id: id(), description: text, createdBy: .supervisor, createdAt: now)
                task.inBacklog = true
                let assignment = chance(2) ? Assignment(agent: one(agents), announcement: id()) : nil
                steps.append(.create([NewTask(task, assignee: assignment)]))
            case 4:
                steps.append(
                    .change(one(agents), one([.attention(text), .pin(nil), .resume, .cli("codex")]), now: now))
            default: steps.append(.append([Event(.agentAttention, text, at: now)]))
            }
        }
        let (isEnd, host, turn, made) = (ends, one(hosts), id() as TurnID, steps)
        return WalkVerb(name: "batch \(isEnd ? "ends or begins a turn of \(agent)" : "") \(made)") { side in
            var steps = made
            if isEnd, let token = side.leases[agent] {
                let commit = TurnCommit(token: token, outcome: .finished(reply: "ok"), duration: .seconds(3), now: now)
                steps.append(.commit(commit))
            } else if isEnd {
                let request = LeaseRequest(agent: agent, host: host, turn: turn, now: now)
                steps.insert(.lease(request), at: changes.isEmpty ? 0 : 1)
            }
            var lines: [String] = []
            for result in try await side.store.perform(steps) {
                switch result {
                case .lease(var lease?):
                    side.leases[agent] = lease.token
                    lease.deliveries = lease.deliveries.map(WalkSide.plain)
                    lines.append("\(lease)")
                case .committed:
                    side.leases[agent] = nil
                    lines.append("\(result)")
                default: lines.append("\(result)")
                }
            }
            return lines.joined(separator: "\n")
        }
    }

    /// Reads all of them, in pages and by their times.
    mutating func documents() -> WalkVerb {
        let (now, limit) = (now, 1 + below(3))
        return WalkVerb(name: "read documents, \(limit) at once") { side in
            var lines: [String] = []
            for key in ["budget:a", "schedule:a", "schedule:b", "mission:a:work", "mission:active", "rooms:a"] {
                var last: [UInt8]?
                while true {
                    let page = try await side.store.documents(key, after: last, limit: limit)
                    lines += page.map { "\($0)" }
                    guard let next = page.last?.place.name else { break }
                    last = next
                }
            }
            for feature in ["budget", "schedule", "mission"] {
                lines.append("\(try await side.store.due(feature, by: now, limit: limit))")
            }
            return lines.joined(separator: "\n")
        }
    }
}
