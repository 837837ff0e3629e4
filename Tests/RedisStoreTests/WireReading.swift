import FoundationEssentials
import Model
import TestOrder
import Testing

@testable import RedisStore

/// The quick reader of messages reads what the decoder for everything reads, and nothing else.
@Suite(.serialized, .queued) struct WireReading {
    private static let head = """
        "id":"0a1b2c3d-0000-4000-8000-00000000abcd","from":"00000000-0000-0000-0000-000000000001",\
        "to":"11111111-1111-4111-8111-111111111111","created_at":"2026-01-02T03:04:05.678901Z"
        """

    @Test(arguments: [
        #"{HEAD,"type":"task","description":"do it"}"#,
        #" { HEAD , "type" : "query" , "question" : "why\n\"this\"? \u00e9\ud83d\udee0 \/ \\ \t" } "#,
        #"{HEAD,"type":"informational","summary":"é🛠️","priority":"urgent","correlation_id":null}"#,
        #"{HEAD,"type":"task_assign","task_id":"urn:uuid:0A1B2C3D00004000800000000000ABCD","hops":3}"#,
        #"{HEAD,"type":"task_done","task_id":"{0a1b2c3d-0000-4000-8000-00000000abcd}","result":""}"#,
        #"{HEAD,"type":"task_failed","task_id":"0a1b2c3d-0000-4000-8000-00000000abcd","error":"e"}"#,
        #"{HEAD,"type":"custom","kind":"k","payload":"p","idempotency_key":"key","unknown":"x"}"#,
        #"{HEAD,"type":"custom","kind":"k","payload":"p","unknown":{"a":[1,"}"]}}"#,
        #"{HEAD,"type":"ping","conversation_id":"0a1b2c3d-0000-4000-8000-00000000abcd"}"#,
        #"{HEAD,"type":"confirmation","ack_type":{"type":"rejected","reason":"no"}}"#,
        #"{HEAD,"type":"task","description":"d","author":{"channel":"c","id":"i","name":"n"},"attachments":["a"]}"#,
        #"{HEAD,"type":"task","description":"d","attachments":"a"}"#,
        #"{HEAD,"type":"task","description":5}"#, #"{HEAD,"type":"task","description":null}"#,
        #"{HEAD,"type":"task"}"#, #"{HEAD,"type":"other","description":"d"}"#,
        #"{HEAD,"type":"task","description":"d","priority":"soon"}"#,
        #"{HEAD,"type":"task","description":"d","correlation_id":"x"}"#,
        #"{HEAD,"type":"task","description":"d","hops":1.5}"#,
        #"{HEAD,"type":"task","description":"d"} x"#, #"{HEAD,"type":"task","description":"d"#,
        #"{HEAD,"type":"task","description":"\ud83d"}"#, #"{HEAD,"type":"task","description":"\x"}"#,
        "{HEAD,\"type\":\"task\",\"description\":\"a\u{1}b\"}", "", "[]", "{}", "null",
    ]) func `a text is read as by the decoder, or not at all`(_ text: String) {
        let bytes = Array(text.replacing("HEAD", with: Self.head).utf8)
        let decoded = try? JSONDecoder().decode(Message.self, from: Data(bytes))
        #expect(Message(wire: bytes) == decoded)
        // Cut anywhere, it is no message.
        for end in bytes.indices where decoded != nil && bytes[end] != 0x20 && bytes[end] != UInt8(ascii: "}") {
            #expect(Message(wire: Array(bytes[..<end])) == nil)
        }
    }

    @Test func `bytes that are no UTF-8 are no message, and in a record they are repaired`() {
        let bytes = Array("{\(Self.head),\"type\":\"task\",\"description\":\"".utf8) + [0xFF] + Array("\"}".utf8)
        #expect(Message(wire: bytes) == nil)
        #expect(FlatJSON.fields(bytes)?["description"] == "\u{FFFD}")
    }
}
