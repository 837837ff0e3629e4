import Configuration
import Files
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite(.timeLimit(.minutes(1))) struct `town locator` {
    @Test func `W57 a town is found from below, by a relative path and through a link, always as the same folder`()
        async throws
    {
        try await withScratchFolder { folder in
            try Files.makeFolder(folder.path("town/a/b"))
            try folder.write("name = \"t\"", to: "town/tinytown.toml")
            let root = folder.path("town")
            for path in [".", "../town", "a/..", root] {
                #expect(try TownLocator.find(path: path, environment: [:], folder: root) == root)
            }
            #expect(try TownLocator.find(path: nil, environment: [:], folder: root + "/a/b") == root)
        }
    }

    @Test func `a folder that was named counts alone, and says how to make it a town`() async throws {
        try await withScratchFolder { folder in
            try Files.makeFolder(folder.path("town/a"))
            try folder.write("name = \"t\"", to: "town/tinytown.toml")
            let error = #expect(throws: ConfigurationError.self) {
                try TownLocator.find(path: "a", environment: [:], folder: folder.path("town"))
            }
            #expect(error?.code == .notInitialized)
            #expect(error?.message.contains("tt --town a init") == true)
            #expect(throws: ConfigurationError(.notInitialized, "there is no folder missing")) {
                try TownLocator.find(path: "missing", environment: [:], folder: folder.path)
            }
        }
    }

    @Test func `within a turn the town of the turn counts, not the folder`() async throws {
        try await withScratchFolder { folder in
            for name in ["one", "two"] {
                try Files.makeFolder(folder.path(name))
                try folder.write("name = \"\(name)\"", to: "\(name)/tinytown.toml")
            }
            let environment = ["TINYTOWN_TOWN": folder.path("one")]
            #expect(
                try TownLocator.find(path: nil, environment: environment, folder: folder.path("two"))
                    == folder.path("one"))
            #expect(
                try TownLocator.find(path: ".", environment: environment, folder: folder.path("two"))
                    == folder.path("two"))
        }
    }

    @Test func `a wrong TINYTOWN_TOWN is an error, like a wrong --town`() async throws {
        try await withScratchFolder { folder in
            try Files.makeFolder(folder.path("one"))
            try folder.write("name = \"one\"", to: "one/tinytown.toml")
            try Files.makeFolder(folder.path("none"))
            for wrong in [folder.path("none"), folder.path("nowhere"), "none"] {
                let error = #expect(throws: ConfigurationError.self) {
                    try TownLocator.find(path: nil, environment: ["TINYTOWN_TOWN": wrong], folder: folder.path("one"))
                }
                #expect(error?.code == .notInitialized)
                let text = error?.description ?? ""
                #expect(text.contains("TINYTOWN_TOWN names \(wrong)"))
            }
            #expect(
                try TownLocator.find(path: nil, environment: ["TINYTOWN_TOWN": ""], folder: folder.path("one"))
                    == folder.path("one"))
        }
    }

    @Test func `a name comes from the repository and its branch`() async throws {
        try await withScratchFolder { folder in
            try Files.makeFolder(folder.path("repo/.git"))
            try Files.makeFolder(folder.path("repo/deep/er"))
            try folder.write("ref: refs/heads/feature/new/thing\n", to: "repo/.git/HEAD")
            #expect(TownLocator.suggestedName(for: folder.path("repo")) == "repo-feature-new-thing")
            #expect(TownLocator.suggestedName(for: folder.path("repo/deep/er")) == "repo-feature-new-thing")
        }
    }

    @Test func `a detached head is named by its first digits`() async throws {
        try await withScratchFolder { folder in
            try Files.makeFolder(folder.path("repo/.git"))
            try folder.write("0123456789abcdef0123456789abcdef01234567\n", to: "repo/.git/HEAD")
            #expect(TownLocator.suggestedName(for: folder.path("repo")) == "repo-0123456")
        }
    }

    @Test(arguments: [true, false])
    func `a worktree is named by its own folder and branch`(isRelative: Bool) async throws {
        try await withScratchFolder { folder in
            try Files.makeFolder(folder.path("repo/.git/worktrees/w"))
            try folder.write("ref: refs/heads/main\n", to: "repo/.git/HEAD")
            try folder.write("ref: refs/heads/side\n", to: "repo/.git/worktrees/w/HEAD")
            try Files.makeFolder(folder.path("w"))
            let git = isRelative ? "../repo/.git/worktrees/w" : folder.path("repo/.git/worktrees/w")
            try folder.write("gitdir: \(git)\n", to: "w/.git")
            #expect(TownLocator.suggestedName(for: folder.path("w")) == "w-side")
        }
    }

    @Test func `W31 a name that is derived is always one that is allowed`() async throws {
        try await withScratchFolder { folder in
            for name in ["a:b*c", "..x", "---"] {
                try Files.makeFolder(folder.path(name))
                let derived = TownLocator.suggestedName(for: folder.path(name))
                #expect(TownName.problem(with: derived) == nil)
            }
            #expect(TownLocator.suggestedName(for: folder.path("---")) == "town")
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct `town files` {
    @Test func `W35 state is kept out of version control from within`() async throws {
        try await withScratchFolder { folder in
            try folder.write("mine\n", to: ".gitignore", mode: 0o640)
            let files = TownFiles(root: folder.path)
            try files.prepare()
            #expect(try files.file(".gitignore").text() == "*\n")
            #expect(try Files.text(folder.path(".gitignore")) == "mine\n")
            #expect(Files.mode(folder.path(".gitignore")) == 0o640)
        }
    }

    @Test func `what somebody wrote into the folder's own list stays`() async throws {
        try await withScratchFolder { folder in
            let files = TownFiles(root: folder.path)
            try files.prepare()
            try files.file(".gitignore").write("*\n!logs\n")
            try files.prepare()
            #expect(try files.file(".gitignore").text() == "*\n!logs\n")
        }
    }

    @Test func `others lose the right to write into the folder`() async throws {
        try await withScratchFolder { folder in
            let files = TownFiles(root: folder.path)
            try Files.makeFolder(files.state)
            #expect(chmod(files.state, 0o777) == 0)
            try files.prepare()
            #expect(Files.mode(files.state) == 0o755)
        }
    }
}
