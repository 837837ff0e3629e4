public import Secrets

extension TownConfiguration {
    /// The secrets that the town's configuration names: the password of its store, and what it gives to agents.
    public var secrets: [Secret] {
        var secrets = agentCLIs.sorted { $0.key < $1.key }.flatMap { Secret.among($0.value.env) }
        if let password = redis.password { secrets.append(Secret(name: "redis.password", value: password)) }
        if let password = redis.url.flatMap({ Secret.password(inAddress: $0) }) {
            secrets.append(Secret(name: "redis.url", value: password))
        }
        return secrets
    }
}

extension GlobalConfiguration {
    /// The secrets that the user's configuration names.
    public var secrets: [Secret] {
        agentCLIs.sorted { $0.key < $1.key }.flatMap { Secret.among($0.value.env) }
            + values.filter { $0.key == "redis.password" }.map { Secret(name: $0.key, value: $0.value) }
    }
}
