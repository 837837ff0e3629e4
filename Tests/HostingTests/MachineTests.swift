import Model
import Processes
import TestOrder
import Testing

@testable import Hosting

/// Which processes are looked for on this machine, and which never are.
@Suite(.serialized, .queued) struct MachineTests {
    private let now = SystemTime().now()
    private let here = "anna/boot-1/4026531836"

    private func host(
        _ machine: String, process: String = ProcessIdentity.current.description, renewed: Bool = true
    ) -> Host {
        Host(
            id: HostID(high: 1, low: 1), machine: machine, process: process, startedAt: now - .seconds(5),
            expiresAt: now + (renewed ? .seconds(60) : Host.unrenewed), isForeground: false)
    }

    private func isAlive(_ host: Host) -> Bool? { Machine.isAlive(host, here: here, now: now) }

    @Test func `a process of this machine is looked up`() {
        #expect(isAlive(host(here)) == true)
        #expect(isAlive(host(here, process: "\(ProcessIdentity.current.pid):1")) == false, "the number of another one")
        #expect(isAlive(host("anna/boot-1")) == true, "as an earlier version wrote it")
        #expect(Machine.isAlive(host(Machine.identity)) == true)
    }

    @Test(arguments: [
        "bert/boot-2/4026531836", "anna/boot-2/4026531836", "anna/boot-1/4026539999", "bert/boot-1/4026531836",
    ])
    func `a process of another machine, container or boot is never looked for here, though this one has its number`(
        _ machine: String
    ) {
        #expect(isAlive(host(machine)) == nil)
    }

    @Test func `what nobody renews is of one machine, and dead once that has started anew or goes by another table`() {
        #expect(isAlive(host("anna/boot-0/4026531836", renewed: false)) == false)
        #expect(isAlive(host("anna/boot-1/4026539999", renewed: false)) == false)
        #expect(isAlive(host("renamed/boot-1/4026531836", renewed: false)) == true)
    }

    @Test func `the end of a process of another machine is not waited for by its number`() async {
        let waiting = Task { try await TownJanitor().waitForEnd(of: host("bert/boot-2/1", process: "1:1")) }
        await Task.yield()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }

    @Test func `a machine's name is the first part of its identity`() {
        #expect(host(here).machineName == "anna")
        #expect(Machine.identity.hasPrefix(Machine.name + "/"))
        #expect(Machine.identity.split(separator: "/").count == 3)
    }
}
