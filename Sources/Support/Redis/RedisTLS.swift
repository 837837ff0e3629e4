/// How a connection is encrypted. The server's certificate and name are always checked.
public struct RedisTLS: Sendable, Hashable {
    /// A PEM file of certificate authorities to trust; nil trusts those of the system.
    public var authority: String?
    /// PEM files of the certificate and key that prove who the client is; both or none.
    public var certificate: String?
    public var key: String?
    /// The name that the server's certificate must hold; nil: the host of the address.
    public var serverName: String?

    public init(
        authority: String? = nil, certificate: String? = nil, key: String? = nil, serverName: String? = nil
    ) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.serverName = serverName
    }
}
