/// A secret that this process knows.
public struct Secret: Sendable, Hashable {
    /// What people call it, such as the name of its variable; shown in its place.
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// The shortest value that is looked for: shorter ones stand in innocent text by chance.
    public static let shortest = 8

    /// The secrets among variables: values of those that are named like one, and passwords in addresses.
    public static func among(_ variables: [String: String]) -> [Secret] {
        variables.sorted { $0.key < $1.key }.flatMap { name, value -> [Secret] in
            let password = self.password(inAddress: value).map { [Secret(name: name, value: $0)] } ?? []
            return isSecret(name) ? [Secret(name: name, value: value)] + password : password
        }
    }

    /// Whether a variable, an option or a field of this name holds a secret.
    public static func isSecret(_ name: String) -> Bool {
        let words = name.lowercased().split { !$0.isLetter && !$0.isNumber }
        guard let last = words.last, !places.contains(last) else { return false }
        if words.contains(where: { $0 == "key" || $0 == "keys" || $0 == "pat" || $0 == "pass" || $0 == "auth" }) {
            return true
        }
        let whole = words.joined()
        return marks.contains { whole.contains($0) }
    }

    /// The password in `scheme://user:password@host`.
    public static func password(inAddress text: String) -> String? {
        var text = text
        return text.withUTF8 { bytes -> String? in
            // Of each command's environment every value comes through here.
            guard bytes.count > 6,
                let slashes = (1..<bytes.count - 1).first(where: {
                    bytes[$0] == UInt8(ascii: "/") && bytes[$0 + 1] == UInt8(ascii: "/")
                        && bytes[$0 - 1] == UInt8(ascii: ":")
                })
            else { return nil }
            let authority = bytes[(slashes + 2)...].prefix {
                $0 > 32 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?")
            }
            guard let at = authority.lastIndex(of: UInt8(ascii: "@")),
                let colon = authority[..<at].firstIndex(of: UInt8(ascii: ":"))
            else { return nil }
            return String(decoding: authority[(colon + 1)..<at], as: UTF8.self)
        }
    }

    // Names that end like this say where a secret is, or something else about it.
    private static let places: Set<Substring> = [
        "file", "files", "path", "dir", "folder", "socket", "sock", "home", "id", "name", "url", "host", "port", "type",
        "limit", "count", "timeout",
    ]
    private static let marks = [
        "apikey", "accesskey", "secretkey", "privatekey", "token", "secret", "password", "passwd", "passphrase",
        "credential",
    ]
}
