import Processes
import TestOrder
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ExecutableTests {
    @Test func `the first program of that name on the path is it, and a plain file is not`() async throws {
        try await withScratchFolder { folder in
            for name in ["a", "b", "c"] { mkdir(folder.path(name), 0o700) }
            try folder.write("", to: "a/tool")
            try folder.write("", to: "b/tool", mode: 0o700)
            try folder.write("", to: "c/tool", mode: 0o700)
            mkdir(folder.path("a/b"), 0o700)
            let path = ["a", "b", "c"].map(folder.path(_:)).joined(separator: ":")
            #expect(Executable.find("tool", path: path) == folder.path("b/tool"))
            #expect(Executable.find("tool", path: folder.path("a")) == nil)
            #expect(Executable.find("b", path: folder.path("a")) == nil)
            #expect(Executable.find("./tool", path: nil, directory: folder.path("c")) == folder.path("c/./tool"))
            #expect(Executable.find("", path: path) == nil)
            #expect(Executable.find("tool", path: nil) == nil)
        }
    }

    @Test func `the folder that we stand in is never searched`() {
        #expect(Executable.find("Package.swift", path: ".:") == nil)
        #expect(Executable.find("sh", path: "bin:.:") == nil)
    }

    @Test func `this program knows its own file`() throws {
        let path = try #require(Executable.currentPath)
        #expect(path.hasPrefix("/"))
        #expect(access(path, X_OK) == 0)
    }
}
