import CShims
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

/// A folder with a victim's file beside it, which no test may change.
private struct Scene {
    let folder: ScratchFolder
    let root: String
    let victim: String

    init() throws {
        folder = try ScratchFolder(prefix: "tt-files")
        root = folder.path("town")
        victim = try folder.write("secret\n", to: "victim", mode: 0o644)
        try Files.makeFolder(root)
        try Files.makeFolder(root + "/a/b")
        try Files.makeFolder(folder.path("elsewhere/b"))
    }

    func path(_ relative: String) -> SafePath { SafePath(relative, in: root) }

    func expectUntouched(_ comment: Comment = "the victim's file changed") throws {
        #expect(try Files.text(victim, links: .followed) == "secret\n", comment)
        #expect(Files.mode(victim) == 0o644, comment)
    }
}

/// What an action was refused for; nil where it was not.
private func refusal(_ body: () throws -> Void) -> FileError.Refusal? {
    do {
        try body()
        return nil
    } catch { return (error as? FileError)?.refusal }
}

/// Everything that can be done with a file.
private let uses: [(name: String, use: @Sendable (SafePath) throws -> Void)] = [
    ("read", { _ = try $0.bytes() }),
    ("tail", { _ = try $0.tail(10) }),
    ("append", { _ = try $0.open(.append).map { close($0) } }),
    ("update", { _ = try $0.open(.update).map { close($0) } }),
    ("write", { try $0.write("ours") }),
    ("lock", { try $0.locked {} }),
    ("check", { try $0.check() }),
    ("check beside", { try $0.sibling("other").check(siblings: [$0.name]) }),
]

@Suite(.timeLimit(.minutes(1))) struct SafePathTests {
    @Test func `a link in the last part is refused, whatever it leads to`() throws {
        for target in ["victim", "missing", "elsewhere"] {
            let scene = try Scene()
            symlink(scene.folder.path(target), scene.root + "/a/b/file")
            for (name, use) in uses {
                #expect(refusal { try use(scene.path("a/b/file")) } == .symbolicLink, "\(name) \(target)")
            }
            #expect(Files.exists(scene.folder.path("missing")) == false)
            try scene.expectUntouched()
        }
    }

    @Test(arguments: ["a", "a/b"]) func `a link in a part on the way is refused`(part: String) throws {
        let scene = try Scene()
        Files.remove(scene.root + "/" + part)
        symlink(scene.folder.path("elsewhere"), scene.root + "/" + part)
        for (name, use) in uses where !name.hasPrefix("check") {
            #expect(refusal { try use(scene.path("a/b/file")) } == .symbolicLink, "\(name)")
        }
        #expect(refusal { try scene.path("a/b/c").makeFolder() } == .symbolicLink)
        #expect(scene.path("a/b").names.isEmpty)
        scene.path("a/b/file").remove()
        #expect(Files.names(in: scene.folder.path("elsewhere")) == ["b"])
        #expect(Files.names(in: scene.folder.path("elsewhere/b")).isEmpty)
    }

    @Test func `the error names the part that is a link, and how to remove it`() throws {
        let scene = try Scene()
        Files.remove(scene.root + "/a/b")
        symlink("/etc", scene.root + "/a/b")
        #expect(throws: FileError.self) { try scene.path("a/b/passwd").text() }
        do { _ = try scene.path("a/b/passwd").text() } catch {
            #expect(error.path == scene.root + "/a/b")
            #expect(error.isUnsafe)
            #expect(
                error.description.hasSuffix(
                    "is a symbolic link, and tt does not follow links here; remove it: rm \(scene.root)/a/b"))
        }
    }

    @Test func `a file with another name is refused before a byte of it is cut off`() throws {
        let scene = try Scene()
        #expect(link(scene.victim, scene.root + "/file") == 0)
        for (name, use) in uses where name != "write" {
            #expect(refusal { try use(scene.path("file")) } == .hardLink, "\(name)")
        }
        try scene.expectUntouched()
        // Writing gives the name a file of its own.
        try scene.path("file").write("ours")
        #expect(try scene.path("file").text() == "ours")
        try scene.expectUntouched()
    }

    @Test func `a pipe, a device or a folder in a file's place is refused and never waited for`() throws {
        let scene = try Scene()
        mkfifo(scene.root + "/pipe", 0o600)
        for (name, use) in uses {
            #expect(refusal { try use(scene.path("pipe")) } == .kind("a named pipe"), "\(name)")
            #expect(refusal { try use(scene.path("a")) } == .kind("a folder"), "\(name)")
        }
        for links in [Files.Links.refused, .followed] {
            #expect(refusal { _ = try Files.bytes(scene.root + "/pipe", links: links) } == .kind("a named pipe"))
            #expect(refusal { _ = try Files.bytes("/dev/zero", links: links) } == .kind("a device"))
            #expect(refusal { _ = try LineFile(scene.root + "/pipe", links: links) } == .kind("a named pipe"))
        }
        symlink("/dev/zero", scene.root + "/endless")
        #expect(refusal { _ = try Files.bytes(scene.root + "/endless", links: .followed) } == .kind("a device"))
    }

    @Test(.enabled(if: geteuid() == 0)) func `a file or folder of another user is refused`() throws {
        let scene = try Scene()
        try scene.path("file").write("theirs")
        chown(scene.root + "/file", 12_345, 12_345)
        for (name, use) in uses where name != "write" {
            #expect(refusal { try use(scene.path("file")) } == .owner(12_345), "\(name)")
        }
        #expect(refusal { _ = try Files.text(scene.root + "/file", links: .followed) } == .owner(12_345))
        symlink(scene.root + "/file", scene.folder.path("config"))
        #expect(refusal { try Files.write("x", to: scene.folder.path("config"), links: .followed) } == .owner(12_345))
        chown(scene.root + "/a", 12_345, 12_345)
        #expect(refusal { try scene.path("a/b").makeFolder() } == .owner(12_345))
        // A whole folder of another user is for those to judge who open it.
        chown(scene.root, 12_345, 12_345)
        #expect(try scene.path("file").text() == "theirs")
    }

    @Test func `no more is read than the limit`() throws {
        let scene = try Scene()
        try scene.path("file").write(String(repeating: "x", count: 5000))
        #expect(try scene.path("file").bytes(limit: 5000)?.count == 5000)
        #expect(refusal { _ = try scene.path("file").bytes(limit: 4999) } == .larger(than: 4999))
        #expect(refusal { _ = try Files.text(scene.root + "/file", limit: 100) } == .larger(than: 100))
        // A file of holes is as long as it says.
        truncate(scene.root + "/file", 1 << 40)
        #expect(refusal { _ = try scene.path("file").bytes() } == .larger(than: Files.Limit.standard))
        #expect(try scene.path("file").tail(3) == [0, 0, 0])
    }

    @Test func `a file that becomes a link between two openings is refused from then on`() throws {
        let scene = try Scene()
        let file = scene.path("a/file")
        try file.write("ours")
        let open = try #require(try file.open(.append))
        #expect(file.isFile(of: open) == true)
        unlink(file.path)
        #expect(file.isFile(of: open) == nil)
        symlink(scene.victim, file.path)
        #expect(file.isFile(of: open) == false)
        #expect(refusal { _ = try file.open(.append) } == .symbolicLink)
        close(open)
        try scene.expectUntouched()
    }

    @Test func `paths that would leave the folder lead nowhere`() throws {
        let scene = try Scene()
        for relative in ["../victim", "a/../../victim", "..", ".", "", "/etc/passwd"] {
            #expect(throws: FileError.self, "\(relative)") { try SafePath(relative, in: scene.root).write("x") }
            #expect(throws: FileError.self, "\(relative)") { _ = try SafePath(relative, in: scene.root).open(.append) }
            SafePath(relative, in: scene.root).remove()
        }
        try scene.expectUntouched()
        #expect(Files.isFolder(scene.root + "/a/b"))
    }

    @Test func `walking part by part refuses what the kernel's own check refuses`() throws {
        let scene = try Scene()
        symlink(scene.victim, scene.root + "/a/file")
        symlink(scene.folder.path("elsewhere"), scene.root + "/way")
        try scene.path("a/b/fine").write("x")
        let top = shim_open_root(scene.root)
        defer { close(top) }
        for (path, isFine) in [
            ("a/b/fine", true), ("a/file", false), ("way/b", false), ("../victim", false), ("a/../../victim", false),
            ("/etc/passwd", false), ("", false), (String(repeating: "n", count: 300), false),
        ] {
            for open in [shim_open_beneath, shim_walk_beneath] {
                let descriptor = open(top, path, O_RDONLY, 0)
                #expect((descriptor >= 0) == isFine, "\(path)")
                if descriptor >= 0 { close(descriptor) }
            }
        }
        let made = shim_walk_beneath(top, "a/b/new", O_WRONLY | O_CREAT, 0o600)
        #expect(made > 2)
        close(made)
        #expect(scene.path("a/b/new").mode == 0o600)
    }

    @Test func `a new snapshot file never writes into what has its name`() throws {
        let scene = try Scene()
        #expect(link(scene.victim, scene.root + "/hard") == 0)
        symlink(scene.victim, scene.root + "/soft")
        for name in ["hard", "soft", "new"] {
            let writer = try FileWriter(scene.root + "/" + name)
            try writer.append(Array("one\ntwo\n".utf8))
            let lines = try writer.lines()
            #expect(try lines.next() == Array("one".utf8))
            #expect(try lines.next() == Array("two".utf8))
            #expect(try lines.next() == nil)
            try writer.finish()
            #expect(try Files.text(scene.root + "/" + name) == "one\ntwo\n")
        }
        try scene.expectUntouched()
    }

    @Test func `a folder in which names are no text is removed`() throws {
        let scene = try Scene()
        let name = Array((scene.root + "/a/").utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
        #expect(mkdir(name, 0o700) == 0)
        close(
            open(
                Array(name.dropLast()) + [CChar(UInt8(ascii: "/")), CChar(bitPattern: 0xFE), 0], O_CREAT | O_WRONLY,
                0o600))
        scene.path("a").remove()
        #expect(Files.names(in: scene.root).isEmpty)
    }

    @Test func `removing a folder stops at links`() throws {
        let scene = try Scene()
        symlink(scene.folder.path("elsewhere"), scene.root + "/a/link")
        symlink(scene.victim, scene.root + "/a/b/file")
        scene.path("a").remove()
        #expect(!scene.path("a").exists)
        #expect(Files.isFolder(scene.folder.path("elsewhere/b")))
        try scene.expectUntouched()
    }

    @Test func `a dotfile manager's link is followed and kept where that is asked for`() throws {
        let scene = try Scene()
        symlink(scene.victim, scene.root + "/config")
        #expect(try Files.text(scene.root + "/config", links: .followed) == "secret\n")
        try Files.write("changed\n", to: scene.root + "/config", mode: 0o644, links: .followed)
        #expect(try Files.text(scene.victim) == "changed\n")
        #expect(refusal { _ = try Files.text(scene.root + "/config") } == .symbolicLink)
    }

    @Test func `copies, names, tails and new names`() throws {
        let scene = try Scene()
        try scene.path("a/one").write("first\n", mode: 0o640)
        #expect(scene.path("a/one").mode == 0o640)
        #expect(try scene.path("a/two").copy(of: scene.path("a/one")))
        #expect(try !scene.path("a/two").copy(of: scene.path("a/none")))
        #expect(scene.path("a").names == ["b", "one", "two"])
        try scene.path("a/two").rename(to: "three")
        #expect(try scene.path("a/three").tail(3) == Array("st\n".utf8))
        #expect(scene.path("a/three").size == 6)
        #expect(try scene.path("a/none").bytes() == nil)
        #expect(try scene.path("none/none").bytes() == nil)
        #expect(throws: FileError.self) { try scene.path("none/none").write("x") }
    }
}
