// Receives a message as an agent and then does nothing, so that a test can kill it: receiver FOLDER AGENT
import Tinytown

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

let town = try await Town.connect(to: CommandLine.arguments[1], hosting: .none)
let agent = try await town.join(CommandLine.arguments[2])
let received = try await agent.inbox.receive()
// Not through a buffer: who waits for this line must have it.
let line = Array("received \(received.message.text)\n".utf8)
_ = write(1, line, line.count)
// Returns when there is nothing to read any more; the test kills this process instead.
while readLine() != nil {}
