import Arguments
import Operations

enum UpdateCommand {
    static let command = Command(
        CommandSpec(
            "update", "Compare this version with a release", group: Group.help,
            options: [
                .value(
                    "check", nil, "FILE|URL", "an archive or package of a release, or its SHA256SUMS; http or https",
                    completion: .file)
            ],
            examples: [
                Example("tt update --check ./SHA256SUMS", "is there a newer version than this one?"),
                Example("tt update --check tinytown-0.2.0-linux-x86_64.tar.gz", "the same for one archive"),
            ],
            discussion: "Changes nothing, and never looks by itself. install.sh installs a release; see "
                + "docs/install.md.")
    ) { context in
        guard let place = context.arguments.string("check") else {
            throw CommandFailure.usage("nothing to compare with", hint: "use: tt update --check FILE|URL")
        }
        let source = ReleaseSource(place: place, environment: context.environment, folder: context.parts.folder)
        let newest = try await source.newest()
        guard let current = ReleaseVersion(Version.current) else {
            preconditionFailure("this program's version is no version: \(Version.current)")
        }
        struct Comparison: Encodable {
            var current: String
            var available: String
            var isNewer: Bool
            var source: String

            enum CodingKeys: String, CodingKey {
                case current, available, source
                case isNewer = "update_available"
            }
        }
        let comparison = Comparison(
            current: current.description, available: newest.description, isNewer: newest > current, source: place)
        try context.show(comparison) { comparison in
            if comparison.isNewer {
                return [
                    "⬆️  tt \(comparison.available) is available; this is \(comparison.current)",
                    "   Install it with install.sh; see docs/install.md",
                ]
            }
            return newest == current
                ? ["✅ tt \(comparison.current) is up to date"]
                : ["✅ tt \(comparison.current) is newer than the release (\(comparison.available))"]
        }
    }
}
