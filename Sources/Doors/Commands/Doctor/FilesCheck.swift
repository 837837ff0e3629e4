import Configuration
import Files

/// Who may read and write the town's files, and whether version control leaves them alone.
struct FilesCheck {
    let files: TownFiles
    /// The user's folder for what belongs to no town.
    let home: String

    var findings: [Finding] {
        permissions + (isInRepository && !isIgnored ? [notIgnored] : [])
    }

    private var permissions: [Finding] {
        var findings: [Finding] = []
        let places = [files.logs, files.turns, files.database, files.file("town.db-wal"), files.hostLog]
        let state = [files.state] + places.map(\.path)
        for path in state + [home, home + "/config.toml"] {
            guard let status = Files.status(path) else { continue }
            if status.mode & 0o077 != 0 {
                findings.append(
                    Finding(
                        .fileOpen, "\(path) can be read by other users (mode \(String(status.mode, radix: 8)))",
                        mend: "chmod go= '\(path)'"))
            }
            if status.owner != Files.user, Files.user != 0 {
                findings.append(
                    Finding(
                        .fileForeign, "\(path) belongs to user \(status.owner), and tt runs as \(Files.user)",
                        mend: "sudo chown -R $(id -u) '\(path)'"))
            }
            if status.isFolder, !Files.isWritable(path) {
                findings.append(Finding(.fileReadOnly, "\(path) cannot be written", mend: "chmod u+w '\(path)'"))
            }
        }
        return findings
    }

    private var notIgnored: Finding {
        Finding(
            .notIgnored, "\(files.root) is in a git repository that does not ignore .tt",
            mend: "echo '*' > '\(files.state)/.gitignore'")
    }

    private var folders: [String] {
        var folders = [files.root]
        while let last = folders.last, last != "/", last != "." { folders.append(Files.parent(of: last)) }
        return folders
    }

    private var isInRepository: Bool { folders.contains { Files.exists($0 + "/.git") } }

    private var isIgnored: Bool {
        let own = (try? files.file(".gitignore").text(limit: Files.Limit.configuration)) ?? nil
        if own?.split(whereSeparator: \.isNewline).contains("*") == true { return true }
        return folders.contains { folder in
            let text =
                ((try? Files.text(folder + "/.gitignore", limit: Files.Limit.configuration, links: .followed)) ?? nil)
                ?? ""
            return text.split(whereSeparator: \.isNewline).contains { line in
                let entry = line.split(separator: " ").joined()
                return [".tt", ".tt/", "/.tt", "/.tt/", "**/.tt/", "**/.tt"].contains(entry)
            }
        }
    }
}
