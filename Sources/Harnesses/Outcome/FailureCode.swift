import Model
import Text

/// The classes of what services and CLIs say in fields of their own: codes, names of errors, and HTTP statuses.
enum FailureCode {
    /// The class of a code or of an error's name; nil for one that says nothing about the cause.
    static func kind(of code: String?) -> FailureClass? {
        guard let code, !code.isEmpty else { return nil }
        // `RateLimitError`, `rate_limit_error` and `rate-limit` are one name.
        let plain = code.lowercased().filter { $0.isLetter || $0.isNumber }
        let base = plain.hasSuffix("error") ? String(plain.dropLast(5)) : plain
        return names[base] ?? names[plain]
    }

    /// The class of an HTTP status; nil for one that says nothing about the cause.
    static func kind(ofStatus status: Int?) -> FailureClass? {
        switch status {
        case 401, 403: .authentication
        case 402: .quota
        case 404: .configuration
        case 408: .network
        case 413: .contextOverflow
        case 429: .rateLimit
        case .some(500...599): .rateLimit
        default: nil
        }
    }

    /// What the body of an answer says, wherever it stands in `text`.
    static func body(in text: String) -> Body? {
        // An error's body stands near its beginning.
        let text = Substring(text).utf8.prefix(32_768)
        for start in text.indices.lazy.filter({ text[$0] == UInt8(ascii: "{") }).prefix(4) {
            guard let json = JSON(text[start...].droppingAfterLastBrace) else { continue }
            let body = Body(json)
            return body.isEmpty ? nil : body
        }
        return nil
    }

    /// The fields of an error as services send it, some of them within the message of another.
    struct Body {
        var codes: [String] = []
        var status: Int?
        var message: String?
        private var error: JSON?
        private var whole: JSON

        init(_ json: JSON) {
            whole = json
            let error = json["error"] ?? (json["type"]?.string == "error" || json["code"] != nil ? json : nil)
            self.error = error
            let fields = [json["input_error_code"], error?["code"], error?["type"], error?["status"], error?["name"]]
            codes = fields.compactMap { $0?.string } + (error?.string.map { [$0] } ?? [])
            status = error?["code"]?.int ?? error?["status"]?.int ?? json["status"]?.int ?? json["statusCode"]?.int
            message = error?["message"]?.string ?? json["message"]?.string
            // A service behind another one sends its own body as the message.
            if let message, message.utf8.first == UInt8(ascii: "{"), let inner = JSON(Array(message.utf8)) {
                let body = Body(inner)
                codes = body.codes + codes
                status = body.status ?? status
            }
        }

        var isEmpty: Bool { codes.isEmpty && status == nil && message == nil }

        var kind: FailureClass? {
            codes.lazy.compactMap(FailureCode.kind(of:)).first ?? FailureCode.kind(ofStatus: status)
        }

        /// When the service will answer again.
        func resetAt(now: Timestamp) -> Timestamp? {
            for fields in [error, whole].compactMap({ $0 }) {
                if let time = ResetTime.time(
                    in: fields["resets_at"] ?? fields["resetsAt"] ?? fields["reset_at"], now: now)
                    ?? ResetTime.delay(in: fields["resets_in_seconds"] ?? fields["retry_after"], now: now)
                {
                    return time
                }
                for detail in fields["details"]?.array ?? [] {
                    if let time = ResetTime.delay(in: detail["retryDelay"], now: now) { return time }
                }
            }
            return nil
        }
    }

    private static let names: [String: FailureClass] = [
        "authentication": .authentication, "authenticationfailed": .authentication, "auth": .authentication,
        "unauthenticated": .authentication, "unauthorized": .authentication, "invalidapikey": .authentication,
        "providerauth": .authentication, "permission": .authentication, "permissiondenied": .authentication,
        "fatalauthentication": .authentication, "tokenexpired": .authentication, "oauth": .authentication,
        "billing": .quota, "insufficientquota": .quota, "usagelimitreached": .quota, "quotaexceeded": .quota,
        "billinghardlimitreached": .quota, "quota": .quota, "paymentrequired": .quota, "usagenotincluded": .quota,
        "creditsexhausted": .quota, "terminalquota": .quota,
        "ratelimit": .rateLimit, "ratelimited": .rateLimit, "ratelimitexceeded": .rateLimit,
        "resourceexhausted": .rateLimit, "toomanyrequests": .rateLimit, "overloaded": .rateLimit,
        "serverisoverloaded": .rateLimit, "server": .rateLimit, "api": .rateLimit, "internalserver": .rateLimit,
        "serviceunavailable": .rateLimit, "unavailable": .rateLimit, "retryablequota": .rateLimit,
        "contextlengthexceeded": .contextOverflow, "exceedcontextsize": .contextOverflow,
        "requesttoolarge": .contextOverflow, "contextwindowexceeded": .contextOverflow,
        "contextoverflow": .contextOverflow, "inputtoolarge": .contextOverflow,
        "modelnotfound": .configuration, "notfound": .configuration, "providermodelnotfound": .configuration,
        "fatalinput": .configuration, "fatalconfig": .configuration, "fatalsandbox": .configuration,
        "providerinit": .configuration,
        "connectionfailed": .network, "apiconnection": .network, "connection": .network, "timeout": .network,
        "apitimeout": .network,
        "contentfilter": .refusal, "contentpolicyviolation": .refusal, "refusal": .refusal,
        "messageoutputlength": .unusableOutput, "maxoutputtokens": .unusableOutput, "fatalturnlimited": .unusableOutput,
        "messageaborted": .crash,
    ]
}

extension Substring.UTF8View {
    /// The same up to the last closing brace: what follows does not belong to an object.
    fileprivate var droppingAfterLastBrace: Self {
        guard let last = lastIndex(of: UInt8(ascii: "}")) else { return self[startIndex..<startIndex] }
        return self[...last]
    }
}
