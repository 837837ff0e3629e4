package import Model
import SQLite

extension SQLiteRecords {
    package func document(_ key: String, _ name: [UInt8]) throws(StoreError) -> Document? {
        try first(
            "select key, kind, name, value, due_at from kept_entries where key = ? and name = ?", key, name,
            row: Self.document)
    }

    package func kind(of key: String) throws(StoreError) -> Place.Kind? {
        let kind: String? = try first("select kind from kept_entries where key = ? limit 1", key) { $0[0] }
        return kind.flatMap(Place.Kind.init)
    }

    package func put(_ document: Document) throws(StoreError) {
        let place = document.place
        try run(
            """
            insert into kept_entries (key, kind, name, value, due_at, feature) values (?, ?, ?, ?, ?, ?)
            on conflict (key, name) do update set value = excluded.value, due_at = excluded.due_at,
            feature = excluded.feature
            """, place.key, place.kind.rawValue, place.name, document.content, document.dueAt, place.feature)
    }

    package func remove(_ place: Place) throws(StoreError) {
        try run("delete from kept_entries where key = ? and name = ?", place.key, place.name)
    }

    package func documents(_ key: String, after name: [UInt8]?, limit: Int) throws(StoreError) -> [Document] {
        guard let name else {
            return try all(
                "select key, kind, name, value, due_at from kept_entries where key = ? order by name limit ?", key,
                max(0, limit), row: Self.document)
        }
        return try all(
            """
            select key, kind, name, value, due_at from kept_entries where key = ? and name > ? order by name limit ?
            """, key, name, max(0, limit), row: Self.document)
    }

    package func documents(after place: Place?, limit: Int) throws(StoreError) -> [Document] {
        guard let place else {
            return try all(
                "select key, kind, name, value, due_at from kept_entries order by key, name limit ?", limit,
                row: Self.document)
        }
        return try all(
            """
            select key, kind, name, value, due_at from kept_entries where (key, name) > (?, ?) order by key, name limit ?
            """, place.key, place.name, limit, row: Self.document)
    }

    package func documents(dueOf feature: String, limit: Int) throws(StoreError) -> [Document] {
        try all(
            """
            select key, kind, name, value, due_at from kept_entries where feature = ? and due_at is not null
            order by due_at, key, name limit ?
            """, feature, limit, row: Self.document)
    }

    private static func document(_ row: borrowing Row) -> Document {
        let kind: String = row[1]
        let place = Place(key: row[0], kind: Place.Kind(rawValue: kind) ?? .text, name: row[2])
        return Document(place, row[3], dueAt: row[4])
    }
}
