import Engine
import Model
import Testing

private let now = Timestamp(microseconds: 1_800_000_000_000_000)
private let me = HostID(high: 1, low: 1)

private func agent(_ number: UInt64, _ change: (inout Agent) -> Void = { _ in }) -> Agent {
    var agent = Agent(id: AgentID(high: number, low: number), name: "a\(number)", cli: "x", createdAt: now)
    agent.state = .idle
    change(&agent)
    return agent
}

private func host(_ number: UInt64, expires: Timestamp = now + .seconds(60)) -> Host {
    Host(
        id: HostID(high: number, low: number), machine: "m", process: "\(number):1", startedAt: now, expiresAt: expires,
        isForeground: false)
}

/// One of another machine, or this one, that has not everything.
private func host(_ number: UInt64, without cli: String..., isForeground: Bool = false) -> Host {
    var host = host(number)
    (host.lacks, host.isForeground) = (Set(cli), isForeground)
    return host
}

private func lease(_ agent: AgentID, _ host: HostID, expires: Timestamp = now + .seconds(30)) -> LeaseRecord {
    LeaseRecord(
        token: LeaseToken(agent: agent, epoch: 1, turn: TurnID(high: agent.high, low: 9), host: host), startedAt: now,
        expiresAt: expires)
}

private func decide(
    _ pulses: [AgentPulse], hosts: [Host] = [host(1)], leases: [LeaseRecord] = [], alive: [HostID: Bool?] = [:],
    running: Set<AgentID> = [], isStopping: Bool = false, reachedSince: Timestamp? = nil,
    _ change: (inout HostSettings) -> Void = { _ in }
) -> Schedule.Decision {
    var settings = HostSettings()
    settings.maxConcurrentTurns = 2
    change(&settings)
    return Schedule.decide(
        Schedule.View(
            now: now, host: me, pulses: pulses, hosts: hosts, leases: leases,
            isAlive: { host in if let known = alive[host.id] { known } else { true } }, running: running,
            recovering: [], settings: settings,
            isStopping: isStopping, reachedSince: reachedSince))
}

private func pulse(_ agent: Agent, work: Bool = true, lease: LeaseRecord? = nil) -> AgentPulse {
    AgentPulse(agent: agent, hasWork: work, lease: lease)
}

@Suite struct ScheduleTests {
    @Test func `who has waited longest goes first, up to the limit of turns at once`() {
        let decision = decide([
            pulse(agent(1) { $0.lastActiveAt = now - .seconds(1) }),
            pulse(agent(2) { $0.lastActiveAt = now - .seconds(9) }),
            pulse(agent(3) { $0.lastActiveAt = now - .seconds(5) }),
        ])
        #expect(decision.actions == [.startTurn(agent(2).id), .startTurn(agent(3).id)])
    }

    @Test func `a turn that took its host down three times runs alone, and in its turn`() {
        let suspect = agent(1) { ($0.hostDeaths, $0.lastActiveAt) = (3, now - .seconds(5)) }
        let early = agent(2) { $0.lastActiveAt = now - .seconds(9) }
        let late = agent(3) { $0.lastActiveAt = now - .seconds(1) }
        let all = [pulse(suspect), pulse(early), pulse(late)]
        #expect(decide(all).actions == [.startTurn(early.id)], "nothing begins beside it, and it waits")
        #expect(decide([pulse(suspect), pulse(late)]).actions == [.startTurn(suspect.id)])
        let busy = [pulse(suspect), pulse(early, lease: lease(early.id, me)), pulse(late)]
        #expect(decide(busy, running: [early.id]).actions == [], "what comes after it lets it go first")
        let alone = [pulse(suspect, lease: lease(suspect.id, me)), pulse(early), pulse(late)]
        #expect(decide(alone, running: [suspect.id]).actions == [])
        #expect(decide(alone, running: []).actions.count == 2)
        #expect(decide(all) { $0.maxHostDeaths = 1_000_000 }.actions.count == 2, "the town's setting counts")
        #expect([1, 2, 3, 5, 1000, .max].map(HostDeaths.alone) == [1, 1, 1, 3, 600, .max / 5 * 3 + 1])
    }

    @Test func `what cannot be run here is left to a host that can, and to no other`() {
        func starts(_ hosts: [Host], alive: [HostID: Bool?] = [:], _ change: (inout Agent) -> Void = { _ in }) -> Bool {
            let here = agent(1, change)
            let decision = decide([pulse(here)], hosts: hosts, alive: alive)
            #expect(!decision.isDone)
            return decision.actions.contains(.startTurn(here.id))
        }
        #expect(!starts([host(1, without: "x"), host(2)]))
        #expect(!starts([host(1, without: "x"), host(2, without: "y")]))
        #expect(starts([host(1, without: "y"), host(2)]), "it is installed here")
        #expect(starts([host(1, without: "x")]), "nobody else is there: the failure tells what is missing")
        #expect(starts([host(1, without: "x"), host(2, without: "x", "y")]), "nobody has it")
        #expect(starts([host(1, without: "x"), host(2, isForeground: true)]), "that one runs its own agent alone")
        #expect(starts([host(1, without: "x"), host(2)], alive: [host(2).id: false]), "the other one is dead")
        #expect(!starts([host(1, without: "x"), host(2)], alive: [host(2).id: Bool?.none]), "only its expiry can tell")
        #expect(starts([host(1, without: "x"), host(2)]) { $0.pinnedTo = me }, "it is run here or nowhere")
    }

    @Test func `running turns count against the limit`() {
        let decision = decide([pulse(agent(1)), pulse(agent(2))], running: [agent(7).id, agent(8).id])
        #expect(decision.actions.isEmpty)
    }

    @Test func `an idle agent without work costs one timer and no turn`() {
        let decision = decide([pulse(agent(1), work: false)]) { $0.idleTimeout = .seconds(300) }
        #expect(decision.actions.isEmpty && decision.wakeAt == now + .seconds(300) && !decision.isDone)
    }

    @Test func `without an idle timeout nothing ever wakes the host`() {
        #expect(decide([pulse(agent(1), work: false)]) { $0.idleTimeout = .zero }.wakeAt == nil)
    }

    @Test func `an agent that was idle too long ends`() {
        let old = agent(1) { $0.lastActiveAt = now - .seconds(301) }
        #expect(decide([pulse(old, work: false)]).actions == [.retire(old.id, reason: "idle for 300 s")])
    }

    @Test func `an agent whose task waits for others is not idle`() {
        let old = agent(1) { $0.lastActiveAt = now - .seconds(301) }
        let decision = decide([AgentPulse(agent: old, hasWork: false, lease: nil, expectsWork: true)])
        #expect(decision.actions.isEmpty && decision.wakeAt == nil && !decision.isDone)
    }

    @Test func `W20 - idle agents with a role are named for the backlog, the longest idle first`() {
        let idle = [
            agent(1) { $0.role = "backend" },
            agent(2) {
                $0.role = "docs"; $0.lastActiveAt = now - .seconds(9)
            },
        ]
        #expect(decide(idle.map { pulse($0, work: false) }).idle.map(\.id) == [idle[1].id, idle[0].id])
        #expect(decide(idle.map { pulse($0, work: false) }) { $0.offersBacklog = false }.idle.isEmpty)
    }

    @Test func `an idle agent that backs off is looked at again for the backlog when that is over`() {
        let waiting = agent(1) {
            $0.role = "docs"; $0.retryAt = now + .seconds(20)
        }
        let decision = decide([pulse(waiting, work: false)]) { $0.idleTimeout = .zero }
        #expect(decision.idle.isEmpty && decision.wakeAt == now + .seconds(20))
    }

    @Test func `nothing of the backlog is for agents without a role, rounds, time or leave`() {
        let others = [
            agent(1),
            agent(2) {
                $0.role = "r"; $0.kind = .lead
            },
            agent(3) {
                $0.role = "r"; $0.state = .paused
            },
            agent(4) {
                $0.role = "r"; $0.retryAt = now + .seconds(9)
            },
            agent(5) {
                $0.role = "r"; $0.maxTurns = 1; $0.turnsSinceStart = 1
            },
            agent(6) {
                $0.role = "r"; $0.stopRequest = .whenEmpty; $0.state = .draining
            },
            agent(7) {
                $0.role = "r"; $0.lastActiveAt = now - .seconds(301)
            },
        ]
        #expect(decide(others.map { pulse($0, work: false) }).idle.isEmpty)
        #expect(decide([pulse(agent(8) { $0.role = "r" })]).idle.isEmpty, "it has work")
    }

    @Test func `W20 - work that waits keeps an agent from ending`() {
        let old = agent(1) { $0.lastActiveAt = now - .seconds(301) }
        #expect(decide([pulse(old)]).actions == [.startTurn(old.id)])
    }

    @Test func `an agent that backs off is left alone until its time`() {
        let waiting = agent(1) { $0.retryAt = now + .seconds(20) }
        let decision = decide([pulse(waiting)])
        #expect(decision.actions.isEmpty && decision.wakeAt == now + .seconds(20))
    }

    @Test func `a clock that went back does not prolong a back-off`() {
        let waiting = agent(1) {
            $0.lastActiveAt = now + .seconds(86_400); $0.retryAt = now + .seconds(86_410)
        }
        #expect(decide([pulse(waiting)]).actions == [.startTurn(waiting.id)])
    }

    @Test func `used up rounds end an agent although work waits`() {
        let spent = agent(1) {
            $0.maxTurns = 3; $0.turnsSinceStart = 3
        }
        #expect(decide([pulse(spent)]).actions == [.retire(spent.id, reason: "its 3 turns are used up")])
    }

    @Test(arguments: [AgentState.paused, .stopped, .error]) func `nothing is started for`(state: AgentState) {
        #expect(decide([pulse(agent(1) { $0.state = state })]).actions.isEmpty)
    }

    @Test func `mail wakes an agent that sleeps, and without any it keeps no host`() {
        let asleep = agent(1) { ($0.state, $0.lastActiveAt) = (.cold, now - .seconds(86_400)) }
        #expect(decide([pulse(asleep)]).actions == [.startTurn(asleep.id)])
        let quiet = decide([pulse(asleep, work: false)])
        #expect(quiet.actions.isEmpty && quiet.wakeAt == nil && quiet.isDone)
        #expect(!decide([pulse(asleep)]).isDone)
        let reviewer = agent(2) { ($0.state, $0.role) = (.cold, "reviewer") }
        #expect(decide([pulse(reviewer, work: false)]).idle.map(\.id) == [reviewer.id], "it may be offered something")
    }

    @Test func `W19 - kill now reaches a running turn`() {
        let killed = agent(1) {
            $0.stopRequest = .now; $0.state = .draining
        }
        let held = pulse(killed, lease: lease(killed.id, me))
        #expect(decide([held], running: [killed.id]).actions == [.endTurn(killed.id, .killed)])
    }

    @Test func `W15 - a pause reaches a running turn, and leaves one that has just ended alone`() {
        let paused = agent(1) { $0.state = .paused }
        let held = pulse(paused, lease: lease(paused.id, me))
        #expect(decide([held], running: [paused.id]).actions == [.endTurn(paused.id, .interrupted)])
        #expect(decide([pulse(paused)], running: [paused.id]).actions.isEmpty)
    }

    @Test func `close finishes the inbox before it ends an agent`() {
        let closing = agent(1) {
            $0.stopRequest = .whenEmpty; $0.state = .draining
        }
        #expect(decide([pulse(closing)]).actions == [.startTurn(closing.id)])
        #expect(decide([pulse(closing, work: false)]).actions == [.retire(closing.id, reason: "asked to stop")])
    }

    @Test func `a lease of a dead host is recovered before the host is buried`() {
        let busy = agent(1)
        let left = lease(busy.id, host(2).id)
        let first = decide(
            [pulse(busy, lease: left)], hosts: [host(1), host(2)], leases: [left], alive: [host(2).id: false])
        #expect(first.actions == [.recover(left, .hostDied)])
        let then = decide([pulse(busy)], hosts: [host(1), host(2)], alive: [host(2).id: false])
        #expect(then.actions == [.bury(host(2)), .startTurn(busy.id)])
    }

    @Test func `W10 - slow is not dead: an expired lease of a living host of this machine stays`() {
        let busy = agent(1)
        let old = lease(busy.id, host(2).id, expires: now - .seconds(500))
        let decision = decide([pulse(busy, lease: old)], hosts: [host(1), host(2)], leases: [old])
        #expect(decision.actions.isEmpty)
    }

    @Test func `after an outage a host of another machine gets the time of a lease to renew what it holds`() {
        let busy = agent(1)
        let held = lease(busy.id, host(2).id, expires: now - .seconds(5))
        let hosts = [host(1), host(2, expires: now - .seconds(1))]
        func after(_ time: Duration) -> Schedule.Decision {
            decide(
                [pulse(busy, lease: held)], hosts: hosts, leases: [held], alive: [host(2).id: nil],
                reachedSince: now - time)
        }
        let early = after(.seconds(10))
        #expect(early.actions.isEmpty && early.wakeAt == now + .seconds(20), "\(early)")
        #expect(after(.seconds(30)).actions == [.recover(held, .hostDied)])
        #expect(decide([], hosts: hosts, alive: [host(2).id: nil], reachedSince: now).actions.isEmpty)
    }

    @Test func `a host of another machine is judged by its lease alone`() {
        let busy = agent(1)
        let (held, run) = (lease(busy.id, host(2).id), lease(busy.id, host(2).id, expires: now))
        let far: [HostID: Bool?] = [host(2).id: Bool?.none]
        let waiting = decide([pulse(busy, lease: held)], hosts: [host(1), host(2)], leases: [held], alive: far)
        #expect(waiting.actions.isEmpty && waiting.wakeAt == now + .seconds(30))
        let out = decide([pulse(busy, lease: run)], hosts: [host(1), host(2)], leases: [run], alive: far)
        #expect(out.actions == [.recover(run, .expired)])
    }

    @Test func `an own lease that nothing works on is put back`() {
        let left = lease(agent(1).id, me)
        #expect(decide([pulse(agent(1), lease: left)], leases: [left]).actions == [.recover(left, .drained)])
        #expect(decide([pulse(agent(1), lease: left)], leases: [left], running: [agent(1).id]).actions.isEmpty)
    }

    @Test func `an agent pinned to another host is left to it, and the host stays while that one is dead`() {
        let pinned = agent(1) { $0.pinnedTo = host(2).id }
        #expect(decide([pulse(pinned)], hosts: [host(1), host(2)]).actions.isEmpty)
        #expect(decide([pulse(pinned)], hosts: [host(1), host(2)]).isDone)
        #expect(!decide([pulse(pinned)], hosts: [host(1), host(2)], alive: [host(2).id: false]).isDone)
    }

    @Test func `a foreground host runs its agent alone and is done with it`() {
        let (mine, other) = (agent(1), agent(2))
        #expect(decide([pulse(mine), pulse(other)]) { $0.only = mine.id }.actions == [.startTurn(mine.id)])
        #expect(decide([pulse(other)]) { $0.only = mine.id }.isDone)
    }

    @Test func `a stopping host starts nothing`() {
        #expect(decide([pulse(agent(1))], isStopping: true).actions.isEmpty)
    }

    @Test func `no live agent means done`() { #expect(decide([]).isDone) }
}
