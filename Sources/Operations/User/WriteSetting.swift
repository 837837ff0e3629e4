import Configuration

/// Changes one setting of the user, or takes it away.
public struct WriteSetting: UserOperation {
    public static let spec = OperationSpec(
        "config.set", "Change one of your settings", .admin, route: .put("/v1/config/{key}"), isIdempotent: true)

    public struct Input: Codable, Sendable, Equatable {
        public var key: String
        public var value: String?

        public init(key: String, value: String? = nil) {
            self.key = key
            self.value = value
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var key: String
        /// Null if it was taken away; a secret is masked.
        @OrNull public var value: String?
        /// In whole sentences without a full stop.
        public var warnings: [String]
    }

    public static func run(_ input: Input, for user: UserHome) async throws -> Output {
        try GlobalConfiguration.set(input.key, to: input.value, home: user.path)
        var warnings: [String] = []
        // A town may know it; so this is a warning and not an error.
        if let cli = input.value, ["default_cli", "conductor_cli"].contains(input.key),
            let problem = try user.problemWithCLI(cli)
        {
            warnings.append(problem)
        }
        return Output(
            key: input.key, value: SettingView.isSecret(input.key) ? input.value.map { _ in "***" } : input.value,
            warnings: warnings)
    }
}

extension WriteSetting.Input: Described {
    public static let fields =
        [
            Field("key", "such as default_cli"),
            Field("value", "its new value; the setting is taken away if omitted"),
        ] as [Field<Self>]
}
