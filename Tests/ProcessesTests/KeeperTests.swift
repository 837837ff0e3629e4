import Concurrency
import FoundationEssentials
import TestOrder
import TestSupport
import Testing

@testable import Processes

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

#if os(Linux)
    @Suite(.timeLimit(.minutes(2)), .serialized, .alone) struct KeeperTests {
        /// Starts `count` processes that share nothing with who started them: no environment, a session of their own,
        /// no parent left. Their numbers come one a line.
        static func detached(_ count: Int) -> String {
            """
            i=0; while [ $i -lt \(count) ]; do
              (env -i setsid sh -c 'sh -c "echo \\$\\$; exec sleep 600" & exit' &)
              i=$((i+1)); done
            """
        }

        private func kept(_ script: String, _ keeper: Keeper, expecting count: Int) async throws
            -> (child: ChildProcess, others: [ProcessIdentity])
        {
            var launch = shell(script)
            launch.keeper = keeper
            let child = try await ChildProcess.spawn(launch)
            do {
                var lines = Lines(try #require(child.output))
                var others: [ProcessIdentity] = []
                for _ in 0..<count { others.append(try #require(await lines.nextProcess())) }
                return (child, others)
            } catch {
                // Nobody else knows of what was started.
                _ = await ProcessTree.terminate(child.identity, keeper: keeper, grace: .zero)
                throw error
            }
        }

        private func fresh(limit: Int? = nil, usesControlGroup: Bool = false) -> Keeper {
            Keeper("test-\(UInt64.random(in: 0 ... .max))", processLimit: limit, usesControlGroup: usesControlGroup)
        }

        private func keepers(_ keeper: Keeper) -> [ProcessIdentity] { keeper.processes(in: ProcessRow.all()) }

        @Test func `a kept child has its own exit status, output and identity`() async throws {
            for code in [0, 3, 255] {
                let (child, _) = try await kept("echo $$; exit \(code)", fresh(), expecting: 0)
                var lines = Lines(try #require(child.output))
                #expect(await lines.next() == "\(child.pid)")
                #expect(await child.exit == .exited(Int32(code)))
            }
            let (child, _) = try await kept("kill -USR1 $$; sleep 600", fresh(), expecting: 0)
            #expect(await child.exit == .signalled(.user1))
            let (asked, _) = try await kept("echo $$; exec sleep 600", fresh(), expecting: 1)
            #expect(asked.identity.isAlive && asked.signal(.terminate))
            #expect(await asked.exit == .signalled(.terminate))
        }

        @Test func `a program that cannot start is told, and leaves no keeper`() async throws {
            let folder = try ScratchFolder()
            let program = try folder.write("#!/no/such/interpreter\n", to: "program", mode: 0o700)
            let keeper = fresh()
            let before = openDescriptors()
            for _ in 0..<100 {
                await #expect(throws: ProcessError.self) {
                    _ = try await ChildProcess.spawn(Launch(program, environment: plainEnvironment, keeper: keeper))
                }
            }
            #expect(keepers(keeper).isEmpty)
            // Tests that run beside this one open some dozens; one that is left by each attempt would make a hundred.
            #expect(openDescriptors() < before + 80)
        }

        @Test func `what detaches itself wholly stays with the keeper, and ends with the tree`() async throws {
            for usesControlGroup in [false, true] {
                let keeper = fresh(usesControlGroup: usesControlGroup)
                let (child, others) = try await kept(Self.detached(30) + "\nwait", keeper, expecting: 30)
                #expect(await child.exit == .exited(0))
                let found = keepers(keeper)
                #expect(found.count == 1)
                for other in others { #expect(other.isAlive && ProcessRow.read(other.pid)?.parent == found.first?.pid) }
                let report = await ProcessTree.terminate(child.identity, keeper: keeper, grace: .zero)
                #expect(report.survivors.isEmpty)
                #expect(others.allSatisfy { !$0.isAlive })
                #expect(found.allSatisfy { !$0.isAlive })
            }
        }

        @Test func `a keeper that was stopped lets nobody survive`() async throws {
            let keeper = fresh()
            let (child, others) = try await kept(Self.detached(3) + "\nsleep 600", keeper, expecting: 3)
            keepers(keeper).first?.send(.stop)
            let report = await ProcessTree.terminate(child.identity, keeper: keeper, grace: .zero)
            #expect(report.survivors.isEmpty && others.allSatisfy { !$0.isAlive } && keepers(keeper).isEmpty)
            #expect(await child.exit == .signalled(.kill))
        }

        @Test func `a keeper that was killed leaves its processes to us, and they end with the tree`() async throws {
            // In a process of its own: see `SubreaperTests`.
            await #expect(processExitsWith: .success) {
                Subreaper.enable()
                let tests = KeeperTests()
                let keeper = tests.fresh()
                let (child, others) = try await tests.kept(Self.detached(3) + "\nsleep 600", keeper, expecting: 3)
                tests.keepers(keeper).first?.send(.kill)
                #expect(await child.exit == .unknown)
                let report = await ProcessTree.terminate(child.identity, keeper: keeper, grace: .zero)
                #expect(report.survivors.isEmpty && others.allSatisfy { !$0.isAlive } && !child.identity.isAlive)
            }
        }

        @Test func `a later program finds a keeper by its purpose alone`() async throws {
            let keeper = fresh()
            let (_, others) = try await kept(Self.detached(3) + "\nsleep 600", keeper, expecting: 3)
            let later = Keeper(keeper.purpose)
            #expect(await ProcessTree.terminate(marker: "NOBODY=HAS-THIS", keeper: later).survivors.isEmpty)
            #expect(others.allSatisfy { !$0.isAlive } && keepers(keeper).isEmpty)
        }

        @Test func `a fork bomb is ended, and its control group holds its number`() async throws {
            let keeper = fresh(limit: 100, usesControlGroup: true)
            let groups = ControlGroups.make(for: keeper)
            defer { ControlGroups.remove(of: keeper) }
            // Only where this user may make one that counts.
            guard groups.holdLimit else { return }
            // The shell itself may end at the first fork that fails.
            let bomb = "b() { b | b & }; b 2>/dev/null; while :; do (sleep 600 &) 2>/dev/null; done"
            let (child, _) = try await kept(bomb, keeper, expecting: 0)
            // Until the first fork has failed.
            while !Task.isCancelled,
                !groups.folders.contains(where: {
                    (FileLock.text(of: $0 + "/pids.events") ?? "").split(whereSeparator: \.isWhitespace).dropFirst()
                        .first.map { $0 != "0" } ?? false
                })
            { await Task.yield() }
            #expect(!Task.isCancelled, "no fork failed in time")
            #expect(ControlGroups.members(of: keeper).count <= 100)
            let report = await ProcessTree.terminate(child.identity, keeper: keeper, grace: .zero)
            #expect(report.survivors.isEmpty && keepers(keeper).isEmpty)
            #expect(groups.folders.allSatisfy { !FileManager.default.fileExists(atPath: $0) })
        }

        @Test func `the limit of a user's processes leaves room for what is there`() {
            #expect(ProcessRow.threads(of: getuid()) > 1)
            // Root has no limit. Of others, some may end between the two looks, but not a thousand.
            #expect(getuid() == 0 ? fresh(limit: 10).userLimit == 0 : fresh(limit: 10).userLimit > 1034)
            #expect(fresh().userLimit == 0)
        }
    }
#endif
