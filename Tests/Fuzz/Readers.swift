import Configuration
import FoundationEssentials
import Harnesses
import Model
import Operations
import Plans
import Redis
import RedisStore
import TOML
import Text

/// Something that reads what others wrote.
struct Reader: Sendable {
    var name: String
    var samples: [[UInt8]]
    var read: @Sendable ([UInt8], inout Mutator) -> Void

    /// All of them but the one for databases.
    static let all: [Reader] = [
        Reader(name: "configuration", samples: Samples.toml) { bytes, _ in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try? TownConfiguration.parse(text, file: "f")
            _ = try? TOMLDocument(text, file: "f")
        },
        Reader(name: "plan", samples: Samples.toml) { bytes, _ in
            _ = try? Plan(String(decoding: bytes, as: UTF8.self), file: "f")
        },
        Reader(name: "snapshot", samples: Samples.snapshot) { bytes, mutator in
            let more = (0..<mutator.below(4)).map { _ in mutator.one(of: Samples.snapshot) }
            _ = TownSnapshot.fault(inLines: [bytes] + more)
        },
        Reader(name: "transcript", samples: Samples.transcripts) { bytes, mutator in
            var lines = [bytes]
            for _ in 0..<mutator.below(4) { lines.append(mutator.input(Samples.transcripts)) }
            let session = mutator.below(2) == 0 ? nil : HarnessSession(id: "s", harness: "h")
            let program = mutator.one(of: Recording.programs)
            let result = Recording.read(
                lines, of: program, session: session, status: mutator.one(of: [0, 1, 41, 127, 137]),
                errors: String(decoding: bytes, as: UTF8.self))
            if let failure = result.failure {
                let verdict = FailurePolicy().verdict(
                    on: failure, failures: mutator.below(60), now: .latest, jitter: 0.5)
                _ = verdict.retryAt?.description
            }
            if let usage = result.usage { _ = usage + usage }
        },
        Reader(name: "reply", samples: Samples.replies) { bytes, mutator in
            let piece = mutator.one(of: [1, 7, 64, 100_000])
            for value in (try? Replies.read(bytes, piece: piece)) ?? [] {
                for record in AnyRecord.records(in: value) { _ = try? record.validated() }
            }
        },
        Reader(name: "message", samples: Samples.snapshot + Samples.replies) { bytes, _ in
            _ = try? JSONDecoder().decode(Message.self, from: Data(bytes))
            for record in AnyRecord.records(in: .bytes(bytes)) { _ = try? record.validated() }
        },
        Reader(name: "text", samples: Samples.texts) { bytes, _ in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = Timestamp(text).map { ($0 + .seconds(1)).description }
            _ = TaskID(text)
            _ = DurationText.parse(text)
            _ = try? RedisEndpoint(url: text)
            _ = RedisVersion(info: text)
            _ = RedisVersion(programOutput: text)
            _ = Figure.int(text, in: Figure.counts)
            _ = AgentName.problem(withStored: text)
            _ = AgentName.fileName(text)
            _ = MessageBody.Acknowledgement(text: text)
        },
    ]
}
