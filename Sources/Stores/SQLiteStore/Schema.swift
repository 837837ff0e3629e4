import Model
import SQLite

/// The tables, and how older files become newer ones.
enum Schema {
    /// `TTwn`: what a town's file says it is.
    static let applicationID: Int32 = 0x5454_776E

    /// The version that this program reads and writes.
    static var version: Int { steps.count }

    /// Step n brings a file from version n to version n + 1. A step that was released never changes.
    static let steps: [String] = [
        first, dependencies, kept, lacks, hostDeaths, identity, turnDetail, documents, cacheWrites,
    ]

    // A message's state is 2 queued, 3 leased, 4 done, 5 dead: numbers of one size, so that a change of state is
    // written in place, however long the message is. Ids are 16 bytes, times microseconds since 1970.
    // SQLite takes a partial index only for a query that repeats its condition, so each state has an index of its own;
    // a message is in one of them at a time. Triggers keep the counters, so that no count ever reads messages.
    private static let first = """
        create table messages (
            seq integer primary key, id blob not null unique check (length(id) = 16), state integer not null,
            recipient blob not null, sender blob not null, lane integer not null, priority text not null,
            wakes integer not null, type text not null, attempts integer not null, deliveries integer not null,
            changed_at integer not null, created_at integer not null, hops integer not null, task blob,
            correlation blob, conversation blob, key text, last_error text, extra text, text text, detail text);
        create unique index message_keys on messages (key) where key is not null;
        create index waiting on messages (recipient, lane, seq) where state = 2;
        create index leased on messages (recipient, lane, seq) where state = 3;
        create index done on messages (changed_at) where state = 4;
        create index dead on messages (changed_at, seq) where state = 5;
        create index assignments on messages (task) where state = 2 and type = 'task_assign';
        create table tallies (
            recipient blob not null, state integer not null, wakes integer not null, type text not null,
            n integer not null, primary key (recipient, state, wakes, type)) without rowid;
        create trigger message_added after insert on messages when new.state in (2, 5) begin
            insert into tallies values (new.recipient, new.state, new.wakes, new.type, 1)
            on conflict do update set n = n + 1;
        end;
        create trigger message_left after update of state on messages when old.state in (2, 5) begin
            update tallies set n = n - 1 where recipient = old.recipient and state = old.state and wakes = old.wakes
            and type = old.type;
        end;
        create trigger message_came after update of state on messages when new.state in (2, 5) begin
            insert into tallies values (new.recipient, new.state, new.wakes, new.type, 1)
            on conflict do update set n = n + 1;
        end;
        create trigger message_gone after delete on messages when old.state in (2, 5) begin
            update tallies set n = n - 1 where recipient = old.recipient and state = old.state and wakes = old.wakes
            and type = old.type;
        end;
        create table leases (
            agent blob primary key, epoch integer not null, turn blob not null, host blob not null,
            started_at integer not null, expires_at integer not null, hops integer not null, conversation blob
        ) without rowid;
        create table agents (
            ordinal integer primary key, id blob not null unique check (length(id) = 16), epoch integer not null,
            live integer not null, name text not null, nickname text, role text, parent blob, kind text not null,
            state text not null, cli text not null, current_task blob, created_at integer not null,
            last_heartbeat integer not null, last_active_at integer not null, tasks_completed integer not null,
            rounds_completed integer not null, max_rounds integer not null, rounds_since_start integer not null,
            session text, session_harness text, session_input integer, session_output integer,
            session_cached integer, session_cost real, retry_at integer, failures integer not null, attention text,
            stop_request text, pinned_to blob);
        create index live_agents on agents (live) where live = 1;
        create table tasks (
            ordinal integer primary key, id blob not null unique check (length(id) = 16), description text not null,
            state integer not null, owner blob, creator blob not null, created_at integer not null,
            updated_at integer not null, started_at integer, completed_at integer, result text, parent blob,
            tags text, in_backlog integer not null, reminders integer not null);
        create index task_owners on tasks (owner) where owner is not null;
        create index open_tasks on tasks (owner) where state in (1, 2);
        create index backlog on tasks (in_backlog) where in_backlog = 1;
        create table task_tallies (
            state integer not null, in_backlog integer not null, n integer not null, primary key (state, in_backlog)
        ) without rowid;
        create trigger task_added after insert on tasks begin
            insert into task_tallies values (new.state, new.in_backlog, 1) on conflict do update set n = n + 1;
        end;
        create trigger task_moved after update of state, in_backlog on tasks begin
            update task_tallies set n = n - 1 where state = old.state and in_backlog = old.in_backlog;
            insert into task_tallies values (new.state, new.in_backlog, 1) on conflict do update set n = n + 1;
        end;
        create table hosts (
            ordinal integer primary key, id blob not null unique, machine text not null, process text not null,
            started_at integer not null, expires_at integer not null, foreground integer not null);
        create table events (
            seq integer primary key, type text not null, message text not null, at integer not null, agent blob,
            task blob, turn blob, letter blob, old_state text, new_state text);
        create index agent_events on events (agent, seq) where agent is not null;
        create table settings (name text primary key, value integer not null) without rowid;
        """

    // Tasks that wait for others. `depends_on` holds ids one after the other; `task_needs` is the way back.
    private static let dependencies = """
        alter table tasks add column depends_on blob;
        alter table tasks add column waiting integer not null default 0;
        alter table tasks add column is_group integer not null default 0;
        alter table tasks add column priority text;
        create table task_needs (need blob not null, task blob not null, primary key (need, task)) without rowid;
        create index waiting_tasks on tasks (owner) where waiting = 1;
        create index task_parts on tasks (parent) where parent is not null;
        """

    // What Tinytown keeps of its missions, and this program only carries along.
    private static let kept = """
        create table kept_entries (
            ordinal integer primary key, key text not null, kind text not null, name blob not null, value blob not null,
            unique (key, name));
        """

    // What a host cannot run, a line each.
    private static let lacks = "alter table hosts add column lacks text not null default '';"

    // Turns whose host died: of each message, and of what an agent worked on last.
    private static let hostDeaths = """
        alter table messages add column host_deaths integer not null default 0;
        alter table agents add column host_deaths integer not null default 0;
        """

    // Who sent a message, as far as that was proven; the digest of a turn's secret; how much each agent sends.
    private static let identity = """
        alter table leases add column proof text;
        alter table messages add column verified integer;
        create table sends (
            agent blob primary key, turn blob not null, in_turn integer not null, since integer not null,
            in_minute integer not null) without rowid;
        """

    // What a turn used, as JSON.
    private static let turnDetail = "alter table events add column detail text;"

    // Kept entries became documents of all features; some have a time at which somebody has to look at them.
    private static let documents = """
        alter table kept_entries add column due_at integer;
        alter table kept_entries add column feature text;
        create index due_entries on kept_entries (feature, due_at, key, name) where due_at is not null;
        """

    // How much of a session's input was written to a cache; null where nobody knows.
    private static let cacheWrites = "alter table agents add column session_cache_write integer;"

    /// What is in an opened file.
    enum Content: Equatable {
        case nothing
        case town(version: Int)
        case something
    }

    /// Looks at a file without changing it.
    static func content(of db: Connection) throws(SQLiteError) -> Content {
        let id = try db.applicationID()
        if id == Int(applicationID) { return .town(version: try db.userVersion()) }  // fits: a constant
        let tables: Int? = try db.value("select count(*) from sqlite_schema")
        return id == 0 && tables == 0 ? .nothing : .something
    }

    /// Brings a file to the newest version; an older one is copied to `NAME.backup-vN` first.
    static func prepare(_ db: Connection, steps: [String] = steps) throws(StoreError) {
        do throws(SQLiteError) {
            let found = try content(of: db)
            if found == .town(version: steps.count) { return }
            if case .town(let old) = found, old < steps.count { try db.backup(to: "\(db.path).backup-v\(old)") }
            try db.begin(.immediate)
        } catch {
            throw StoreError(error)
        }
        do throws(StoreError) {
            try bringForward(db, steps)
        } catch {
            try? db.rollback()
            throw error
        }
    }

    // Another process may have done it while this one waited for the lock, so the file is looked at again.
    private static func bringForward(_ db: Connection, _ steps: [String]) throws(StoreError) {
        do throws(SQLiteError) {
            var version = 0
            switch try content(of: db) {
            case .nothing: break
            case .town(let found): version = found
            case .something: throw notATown(db.path)
            }
            if version > steps.count { throw tooNew(db.path, found: version, known: steps.count) }
            for step in steps[version...] { try db.execute(script: step) }
            try db.setApplicationID(applicationID)
            try db.setUserVersion(Int32(steps.count))  // fits: there are a few
            try db.commit()
        } catch {
            throw StoreError(error)
        }
    }

    private static func notATown(_ path: String) -> SQLiteError {
        SQLiteError(.notADatabase, "\(path) is a SQLite database, but not a town's")
    }

    private static func tooNew(_ path: String, found: Int, known: Int) -> SQLiteError {
        SQLiteError(.mismatch, newerText(path, found: found, known: known))
    }

    /// What to say about a file of a newer program.
    static func newerText(_ path: String, found: Int, known: Int) -> String {
        "\(path) has schema version \(found) and this program knows versions up to \(known); use the newer program"
    }
}

extension StoreError {
    /// What an error of SQLite means for a verb.
    init(_ error: SQLiteError) {
        switch error.code {
        case .busy, .locked: self.init(.busy, error.message)
        case .full: self.init(.full, error.message)
        case .readOnly: self.init(.readOnly, error.message)
        case .corrupt, .notADatabase: self.init(.corrupt, error.message)
        case .mismatch: self.init(.newerVersion, error.message)
        default: self.init(.unavailable, error.message)
        }
    }
}
