import Configuration
import Secrets

/// One setting of the user, as it is: also a secret, because somebody asks for exactly this one.
public struct ReadSetting: UserOperation {
    public static let spec = OperationSpec(
        "config.get", "Read one of your settings", .admin, route: .get("/v1/config/{key}"), errors: [.notSet])

    public struct Input: Codable, Sendable, Equatable {
        public var key: String

        public init(key: String) { self.key = key }
    }

    public typealias Output = SettingView

    public static func run(_ input: Input, for user: UserHome) async throws -> SettingView {
        try GlobalConfiguration.check(input.key)
        let configuration = try GlobalConfiguration.load(home: user.path)
        let value =
            configuration.values.first { $0.key == input.key }?.value ?? (input.key == "default_cli" ? "claude" : nil)
        guard let value else {
            throw OperationError(
                .notSet, "\(input.key) is not set",
                .operation("config.set", ["key": input.key, "value": "VALUE"], why: "set it with"))
        }
        return SettingView(key: input.key, value: value)
    }
}

/// A setting of the user.
public struct SettingView: Codable, Sendable, Equatable {
    public var key: String
    @OrNull public var value: String?

    public init(key: String, value: String?) {
        self.key = key
        _value = OrNull(wrappedValue: value)
    }

    /// Whether a value is a secret, by the name of its key.
    public static func isSecret(_ key: String) -> Bool {
        Secret.isSecret(key.split(separator: ".").last.map(String.init) ?? key)
    }
}

extension OperationError.Code {
    /// A setting has no value.
    public static let notSet = Self("not_set", .notFound)
}

extension ReadSetting.Input: Described {
    public static let fields =
        [
            Field("key", "such as default_cli")
        ] as [Field<Self>]
}
