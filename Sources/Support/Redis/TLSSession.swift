import COpenSSL
import Synchronization

/// The encryption of one connection, between two buffers: it touches no socket. Safe from any thread.
final class TLSSession: Sendable {
    /// OpenSSL's objects; used under the lock only.
    private struct State: @unchecked Sendable {
        var ssl: OpaquePointer
        /// What came from the server and what goes to it, owned by `ssl`.
        var incoming: OpaquePointer
        var outgoing: OpaquePointer
    }

    private let state: Mutex<State>
    private let host: String

    /// Loads the files that `settings` names; reads the disk.
    /// - Throws: `tls`.
    init(_ settings: RedisTLS, host: String) throws(RedisError) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw Self.failure("cannot encrypt") }
        defer { SSL_CTX_free(context) }  // the session keeps its own reference
        _ = copenssl_require_tls12(context)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        if let authority = settings.authority {
            guard SSL_CTX_load_verify_locations(context, authority, nil) == 1 else {
                throw Self.failure("cannot use the certificate authority \(authority)")
            }
        } else {
            SSL_CTX_set_default_verify_paths(context)
        }
        switch (settings.certificate, settings.key) {
        case (let certificate?, let key?):
            guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
                throw Self.failure("cannot use the certificate \(certificate)")
            }
            guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else {
                throw Self.failure("cannot use the key \(key) with the certificate \(certificate)")
            }
        case (nil, nil): break
        default: throw RedisError(.tls, "a client certificate needs both a certificate and a key file")
        }
        let name = settings.serverName ?? host
        guard let ssl = SSL_new(context), let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem())
        else {
            throw Self.failure("cannot encrypt")
        }
        copenssl_retry_when_empty(incoming)
        SSL_set_bio(ssl, incoming, outgoing)
        SSL_set_connect_state(ssl)
        // An address is looked for among the certificate's addresses, and is never sent as a name.
        if X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) != 1 {
            ERR_clear_error()
            SSL_set1_host(ssl, name)
            _ = copenssl_set_server_name(ssl, name)
        }
        self.host = name
        state = Mutex(State(ssl: ssl, incoming: incoming, outgoing: outgoing))
    }

    deinit { state.withLock { SSL_free($0.ssl) } }

    /// Goes on with the handshake; true once it is done. What `takeOutput` then has must be sent in either case.
    /// - Throws: `tls`.
    func handshake() throws(RedisError) -> Bool {
        try state.withLock { state throws(RedisError) in
            ERR_clear_error()
            let result = SSL_do_handshake(state.ssl)
            if result == 1 { return true }
            guard SSL_get_error(state.ssl, result) == SSL_ERROR_WANT_READ else {
                let verified = SSL_get_verify_result(state.ssl)
                if verified != Int(X509_V_OK) {
                    let reason = String(cString: X509_verify_cert_error_string(verified))
                    throw RedisError(.tls, "the certificate of \(host) is not trusted: \(reason)")
                }
                throw Self.failure("\(host) does not make an encrypted connection")
            }
            return false
        }
    }

    /// Takes bytes from the server.
    func feed(_ bytes: UnsafeRawBufferPointer) {
        state.withLock { _ = BIO_write($0.incoming, bytes.baseAddress, Int32(bytes.count)) }
    }

    /// Encrypts `bytes`; `takeOutput` has them then.
    func encrypt(_ bytes: [UInt8]) throws(RedisError) {
        let isDone = state.withLock { state in
            ERR_clear_error()
            return bytes.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 20))
                    let count = SSL_write(state.ssl, part.baseAddress, Int32(part.count))
                    guard count > 0 else { return false }
                    rest = rest.dropFirst(Int(count))
                }
                return true
            }
        }
        guard isDone else { throw Self.failure("\(host) ended the encrypted connection") }
    }

    /// Decrypts what was fed.
    /// - Throws: `tls` where the server refused or ended the encrypted connection.
    func decrypt() throws(RedisError) -> [UInt8] {
        try state.withLock { state throws(RedisError) in
            ERR_clear_error()
            var output: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 16 << 10)
            while true {
                let count = SSL_read(state.ssl, &buffer, Int32(buffer.count))
                if count > 0 {
                    output.append(contentsOf: buffer[..<Int(count)])
                    continue
                }
                switch SSL_get_error(state.ssl, count) {
                case SSL_ERROR_WANT_READ, SSL_ERROR_ZERO_RETURN: return output
                default: throw Self.failure("\(host) refused the encrypted connection")
                }
            }
        }
    }

    /// What is to be sent to the server now.
    func takeOutput() -> [UInt8] {
        state.withLock { state in
            let count = copenssl_pending(state.outgoing)
            guard count > 0 else { return [] }
            return [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
                length = max(0, Int(BIO_read(state.outgoing, buffer.baseAddress, Int32(count))))
            }
        }
    }

    private static func failure(_ what: String) -> RedisError {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return RedisError(.tls, what) }
        return RedisError(.tls, "\(what): \(String(cString: reason))")
    }
}
