import SQLite
import Testing

/// Values come back from a database as they went in.
@Suite struct ValueTests {
    let db: Connection

    init() throws {
        db = try Connection(path: ":memory:")
        try db.execute(script: "create table t(v)")
    }

    private func roundTrip<Value: Bindable & Readable>(_ value: Value) throws -> Value? {
        try db.run("delete from t")
        try db.run("insert into t values (?)", value)
        return try db.value("select v from t")
    }

    @Test(arguments: [Int64.min, -1, 0, 1, Int64.max])
    func `an integer comes back`(value: Int64) throws {
        #expect(try roundTrip(value) == value)
        #expect(try roundTrip(Int(value)) == Int(value))
    }

    @Test(arguments: [-Double.greatestFiniteMagnitude, -0.1, 0, .leastNonzeroMagnitude, .pi, .infinity])
    func `a floating-point number comes back`(value: Double) throws {
        #expect(try roundTrip(value) == value)
    }

    @Test func `not-a-number is kept as null`() throws {
        #expect(try roundTrip(Double?(.nan)) == .some(nil))
    }

    @Test(arguments: ["", "a", "fifteen bytes..", String(repeating: "ż🏘", count: 50_000), "a\0b", "\0", "'; --"])
    func `text comes back byte for byte`(value: String) throws {
        #expect(try roundTrip(value) == value)
        #expect(try db.value("select typeof(v) from t") == "text")
    }

    @Test func `a substring's storage is not needed after the call`() throws {
        var text = String(repeating: "x", count: 100)
        try db.run("insert into t values (?)", String(text.dropFirst(50)))
        text = ""
        #expect(try db.value("select length(v) from t") == 50)
    }

    @Test(arguments: [[], [0], [0, 255, 0], [UInt8](repeating: 7, count: 300_000)] as [[UInt8]])
    func `bytes come back`(value: [UInt8]) throws {
        #expect(try roundTrip(value) == value)
        #expect(try db.value("select typeof(v) from t") == "blob")
    }

    @Test(arguments: [true, false])
    func `a truth value comes back`(value: Bool) throws {
        #expect(try roundTrip(value) == value)
    }

    @Test func `an empty blob is not null and null is not an empty blob`() throws {
        #expect(try roundTrip([UInt8]?([])) == .some([]))
        #expect(try roundTrip([UInt8]?.none) == .some(nil))
        #expect(try roundTrip(String?("")) == .some(""))
        #expect(try roundTrip(String?.none) == .some(nil))
    }

    @Test func `text that is not UTF-8 is repaired and its bytes can still be read`() throws {
        try db.execute(script: "insert into t values (cast(x'61ff62' as text))")
        #expect(try db.value("select v from t") == "a\u{FFFD}b")
        #expect(try db.value("select v from t") == [0x61, 0xff, 0x62] as [UInt8])
    }

    @Test func `a row knows its columns and hands out bytes in place`() throws {
        let seen = try db.first("select 1, null, x'0102', 2.5") { row in
            (row.count, row.isNull(0), row.isNull(1), row.withBytes(2) { $0.reduce(0) { $0 + Int($1) } }, row.double(3))
        }
        #expect(try #require(seen) == (4, false, true, 3, 2.5))
    }

    @Test func `a type of another module binds through a ready type`() throws {
        struct Celsius: Bindable {
            var degrees: Double
            func bind(to parameter: Parameter) throws(SQLiteError) { try parameter.bind(degrees) }
        }
        try db.run("insert into t values (?)", Celsius(degrees: 21.5))
        #expect(try db.value("select v from t") == 21.5)
    }
}
