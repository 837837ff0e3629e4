import Files
import Operations
import Processes

/// Where a release is: a file, or an address. Only looks.
struct ReleaseSource {
    let place: String
    let environment: [String: String]
    /// The working directory, for a path that is not absolute.
    let folder: String

    private static let limit = 64 * 1024

    /// The newest version that is there.
    /// - Throws: `OperationError`: `notFound`, `unavailable`, or `invalid` if it is not a release.
    func newest() async throws -> ReleaseVersion {
        let name = place.split(separator: "/").last.map { $0.prefix { $0 != "?" && $0 != "#" } } ?? ""
        let isAddress = place.hasPrefix("http://") || place.hasPrefix("https://")
        if !isAddress, let scheme = Self.scheme(place) {
            throw OperationError(
                .invalid, "'\(scheme)' is not a way to look for a release", hint: "give a file, or http:// or https://")
        }
        // The name of an archive says it all, if the archive is there.
        if let version = ReleaseVersion(fileName: name) {
            if isAddress { _ = try await fetch(["--head"]) } else { try check() }
            return version
        }
        let text = isAddress ? try await fetch([]) : try content()
        guard let version = Self.newest(in: text) else {
            throw OperationError(
                .invalid, "\(place) names no release of Tinytown",
                hint: "give an archive that scripts/dist made, or the SHA256SUMS beside it")
        }
        return version
    }

    /// The newest version in a list of digests and names, or in a text that is nothing but a version.
    static func newest(in text: String) -> ReleaseVersion? {
        if let only = ReleaseVersion(text.filter { !$0.isWhitespace }) { return only }
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            line.split(separator: " ").last.flatMap { name in
                ReleaseVersion(fileName: name.drop { $0 == "*" }.split(separator: "/").last ?? "")
            }
        }.max()
    }

    private static func scheme(_ place: String) -> String? {
        guard let colon = place.firstIndex(of: ":"), place[colon...].hasPrefix("://") else { return nil }
        return String(place[..<colon])
    }

    private var path: String { place.hasPrefix("/") ? place : folder + "/" + place }

    private func check() throws {
        guard Files.exists(path) else { throw OperationError(.notFound, "there is no file \(place)") }
    }

    private func content() throws -> String {
        try check()
        guard !Files.isFolder(path), let text = try Files.text(path, limit: Self.limit) else {
            throw OperationError(.invalid, "\(place) is not a file")
        }
        return text
    }

    // curl brings the system's certificates; a release is looked for so seldom that it need not be a part of tt.
    private func fetch(_ options: [String]) async throws -> String {
        guard let curl = Executable.find("curl", path: environment["PATH"]), Executable.stranger(curl) == nil else {
            throw OperationError(
                .unavailable, "tt looks at addresses with curl, which is not on your PATH",
                hint: "install curl, or give a file")
        }
        let proxies = ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "no_proxy", "NO_PROXY"]
        let passed = environment.filter { (["PATH", "HOME", "LANG"] + proxies).contains($0.key) }
        let launch = Launch(
            curl,
            [
                // No file of settings is read, and no redirection leads to another kind of address.
                "--disable", "--silent", "--show-error", "--fail", "--location", "--proto", "=http,https",
                "--max-redirs", "5", "--max-time", "20", "--max-filesize", "\(Self.limit)",
            ] + options + ["--", place], environment: passed)
        let result = try await ChildProcess.run(launch, limit: Self.limit)
        guard result.exit == .exited(0) else {
            let reason = result.errorText.split(whereSeparator: \.isNewline).last.map(String.init) ?? "\(result.exit)"
            throw OperationError(.unavailable, "\(place) can't be read: \(reason)")
        }
        return result.outputText
    }
}
