import FoundationEssentials
import Secrets
import Testing

@Suite struct RedactorTests {
    @Test(arguments: [
        ("sk-ant-api03-AbCdEf0123456789-_xyz0123", "API key"), ("sk-proj-abcdefghij0123456789", "API key"),
        ("sk_live_abcdefgh12345678", "API key"), ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "GitHub token"),
        ("github_pat_11AAAAAAA0abcdefghijkl_mnopqr", "GitHub token"), ("glpat-abcdefghij1234567890", "GitLab token"),
        ("AKIAIOSFODNN7EXAMPLE", "AWS key"), ("xoxb-123456789012-abcdef", "Slack token"),
        ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "Google key"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P", "web token"),
    ])
    func `known forms are masked wherever they begin`(key: String, kind: String) {
        for (before, after) in [
            ("", ""), ("key is ", " here"), ("\"", "\""), ("error:\\n", "\\nnext"), ("\u{1B}[31m", "\u{1B}[0m"),
            ("x=", "&y"),
            ("%3D", "%26"), ("(", ")"),
        ] {
            let masked = Redactor.forms.redacted(before + key + after)
            #expect(masked == before + "[secret \(kind)]" + after)
            #expect(Redactor.forms.redacted(masked) == masked)
        }
    }

    @Test(arguments: [
        ("Authorization: Bearer abcdefgh", "Authorization: Bearer [secret credentials]"),
        ("\"authorization\": \"Basic dXNlcjpwYXNz\"", "\"authorization\": \"Basic [secret credentials]\""),
        ("curl -H 'authorization: bearer a1b2c3d4e5'", "curl -H 'authorization: bearer [secret credentials]'"),
        ("https://user:hunter2@host/x", "https://user:[secret password]@host/x"),
        ("redis://:p@ss@127.0.0.1:6379", "redis://:[secret password]@127.0.0.1:6379"),
        ("OPENAI_API_KEY=abc123def456", "OPENAI_API_KEY=[secret value]"),
        ("{\"password\": \"hunter2hunter2\"}", "{\"password\": \"[secret value]\"}"),
        ("{\\\"apiKey\\\":\\\"abc123def456\\\"}", "{\\\"apiKey\\\":\\\"[secret value]\\\"}"),
        ("my-agent --api-key abc123def456 --fast", "my-agent --api-key [secret value] --fast"),
        ("x --token=plain-canary --password correcthorse", "x --token=[secret value] --password [secret value]"),
        ("clientSecret: a1b2c3d4e5f6", "clientSecret: [secret value]"),
        (
            "x\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIE+/=\n-----END RSA PRIVATE KEY-----\ny",
            "x\n[secret private key]\ny"
        ),
        (
            "{\"k\":\"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n\",\"n\":1}",
            "{\"k\":\"[secret private key]\\n\",\"n\":1}"
        ),
    ])
    func `values that their surroundings give away are masked`(text: String, masked: String) {
        #expect(Redactor.forms.redacted(text) == masked)
        #expect(Redactor.forms.redacted(masked) == masked)
    }

    @Test(arguments: [
        "a task-oriented-approach-with-many-words-0123", "sk-estimator-configuration-long", "Bearer certificates",
        "Basic understanding is needed", "the key is under the mat", "\"input_tokens\":123456789", "password: required",
        "primary key: abc123def456", "https://example.com/a:b@c", "token: invalid_grant", "let token = next()",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", "--max-tokens 4096", "$API_KEY and ${API_KEY}",
        "eyJ alone", "-------------------------------------------", "key=$MY_KEY12345", "日本語 sk- ghp_ AKIA",
    ])
    func `ordinary text is left alone`(text: String) { #expect(Redactor.forms.redacted(text) == text) }

    private static let canary = "Zq7/plant+\"ed\" canary=42"

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// Everything that a value looks like on its way out.
    private static let planted: [String] = [
        canary, "before \(canary) after", base64("x" + canary), base64("xy" + canary + "z"), base64(canary),
        base64("user:" + canary).replacing("+", with: "-").replacing("/", with: "_"),
        "Zq7%2Fplant%2B%22ed%22%20canary%3D42", "Zq7%2fplant%2b%22ed%22%20canary%3d42",
        "{\"t\":\"Zq7/plant+\\\"ed\\\" canary=42\"}", "{\"t\":\"Zq7\\/plant+\\\"ed\\\" canary=42\"}",
        canary.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(),
    ]

    /// Pieces that would betray it.
    private static func isBetrayed(by text: String) -> Bool {
        let inner = [base64(canary), base64("x" + canary), base64("xy" + canary)].map { $0.dropFirst(4).dropLast(8) }
        return ["plant", "706c616e74"].contains { text.contains($0) } || inner.contains { text.contains($0) }
    }

    @Test func `a planted value never comes out, in whatever form and wherever it is cut`() {
        let redactor = Redactor([Secret(name: "CANARY", value: Self.canary)])
        for text in Self.planted {
            let bytes = Array(text.utf8)
            let whole = redactor.redacted(text)
            #expect(!Self.isBetrayed(by: whole), "\(text) → \(whole)")
            #expect(whole.contains("[secret CANARY]"), "\(text) → \(whole)")
            for cut in 0...bytes.count {
                var stream = RedactingStream(redactor)
                let parts = stream.append(Array(bytes[..<cut])) + stream.append(Array(bytes[cut...])) + stream.finish()
                #expect(String(decoding: parts, as: UTF8.self) == whole, "cut at \(cut)")
            }
            var stream = RedactingStream(redactor)
            let single = bytes.flatMap { stream.append([$0]) } + stream.finish()
            #expect(String(decoding: single, as: UTF8.self) == whole)
        }
    }

    @Test func `pieces of any length give what the whole gives`() {
        let forms = [
            "x sk-ant-REDACTED y", "Authorization: Bearer abcdefgh0 z", "https://u:hunter2@h/ and //x",
            "-----BEGIN PRIVATE KEY-----\nMIIE\nabc\n-----END PRIVATE KEY-----\nrest", "API_KEY = 'abc123def456'",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3 z", "--token a1b2c3d4e5 --x",
            "task- sk- Bear er to ken -----BEGIN CERTIFICATE-----",
        ]
        let text = Array(forms.joined(separator: "\n").utf8)
        let whole = Redactor.forms.redacted(text)
        for size in 1...70 {
            var stream = RedactingStream(.forms)
            var parts: [UInt8] = []
            for start in stride(from: 0, to: text.count, by: size) {
                parts += stream.append(Array(text[start..<min(text.count, start + size)]))
            }
            parts += stream.finish()
            #expect(
                String(decoding: parts, as: UTF8.self) == String(decoding: whole, as: UTF8.self), "pieces of \(size)")
        }
    }

    @Test func `a value of several lines is found line by line, and values that overlap are masked together`() {
        let redactor = Redactor([
            Secret(name: "KEY", value: "-----BEGIN X-----\nline-one-of-it\nline-two-of-it\n-----END X-----"),
            Secret(name: "A", value: "abcdefghij"), Secret(name: "B", value: "ghijklmnop"),
        ])
        #expect(redactor.redacted("at line-two-of-it!") == "at [secret KEY]!")
        #expect(redactor.redacted("abcdefghijklmnop") == "[secret A]")
        #expect(redactor.redacted("-----BEGIN X-----") == "-----BEGIN X-----")
    }

    @Test func `a value that is short, or a part of what stands in its place, is not looked for`() {
        let redactor = Redactor([Secret(name: "PASSWORD", value: "PASSWORD"), Secret(name: "X", value: "short")])
        #expect(redactor.redacted("PASSWORD short") == "PASSWORD short")
    }

    @Test func `bytes that are no text pass`() {
        let bytes: [UInt8] = [0xFF, 0x00, 0x80, UInt8(ascii: "s"), UInt8(ascii: "k"), 0xC3]
        #expect(Redactor.forms.redacted(bytes) == bytes)
    }

    @Test(arguments: [
        ("my-agent --api-key hunter --fast", "my-agent --api-key [secret option] --fast"),
        ("x --token=plain-canary y", "x --token=[secret value] y"),
        ("x --password=abc y", "x --password=[secret option] y"), ("x --token 'a b' y", "x --token [secret option] y"),
        ("x --max-tokens 4096", "x --max-tokens 4096"), ("claude --print", "claude --print"),
        ("x --key-file /etc/key y", "x --key-file /etc/key y"),
        ("env OPENAI_API_KEY=sk-abcdefghij0123456789 x", "env OPENAI_API_KEY=[secret value] x"),
    ])
    func `options of a command line that are named like secrets are masked`(line: String, masked: String) {
        #expect(Redactor.forms.redacted(commandLine: line) == masked)
    }

    @Test(arguments: [
        ("OPENAI_API_KEY", true), ("GITHUB_TOKEN", true), ("DB_PASSWORD", true), ("AWS_SECRET_ACCESS_KEY", true),
        ("GOOGLE_APPLICATION_CREDENTIALS", true), ("--api-key", true), ("SSH_AUTH_SOCK", false), ("PATH", false),
        ("TINYTOWN_TOKEN_FILE", false), ("KEYBOARD", false), ("GNOME_KEYRING_CONTROL", false), ("SSH_KEY_PATH", false),
        ("", false),
    ])
    func `names of secrets are known`(name: String, isSecret: Bool) { #expect(Secret.isSecret(name) == isSecret) }

    @Test func `passwords in addresses are secrets of their variables`() {
        #expect(
            Secret.among([
                "DATABASE_URL": "postgres://me:correct-horse@db/x", "HOME": "/home/me", "MY_TOKEN": "abcdefgh1",
            ])
                == [Secret(name: "DATABASE_URL", value: "correct-horse"), Secret(name: "MY_TOKEN", value: "abcdefgh1")])
    }
}
