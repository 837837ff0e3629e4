#define _GNU_SOURCE
#include "baseline.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

long long baseline_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

// The statements of a send, a lease and a commit of one message that belongs to no task, in their order.
// Parameters: 1 the agent, 2 the message, 3 the turn, 4 the host, 5 the time, 6 the supervisor, 7 a sequence number.
static const char *const statements[] = {
    "begin immediate",
    "select * from messages where id = ?2",
    "select * from agents where id = ?1",
    "select * from leases where agent = ?6",
    "insert into messages (seq, id, state, recipient, sender, lane, priority, wakes, type, attempts, deliveries, "
    "changed_at, created_at, hops, task, correlation, conversation, key, last_error, extra, text, detail) "
    "values (null, ?2, 2, ?1, ?6, 1, 'normal', 1, 'task', 0, 0, ?5, ?5, 0, null, null, null, null, "
    "null, null, 'a message of ordinary length, such as people write', null)",
    "insert into events (seq, type, message, at, agent, task, turn, letter, old_state, new_state) "
    "values (null, 'message_sent', 'supervisor to worker: task', ?5, ?1, null, null, ?2, null, null)",
    "commit",

    "begin immediate",
    "select * from agents where id = ?1",
    "select * from leases where agent = ?1",
    "select 1 from tallies where recipient = ?1 and state = 2 and wakes = 1 and n > 0 limit 1",
    "select * from messages where recipient = ?1 and state = 2 order by lane, seq limit 100",
    "update agents set epoch = epoch + 1 where id = ?1 returning epoch",
    "update messages set state = 3, attempts = 0, deliveries = 1, changed_at = ?5 where seq = ?7",
    "insert or replace into leases (agent, epoch, turn, host, started_at, expires_at, hops, conversation) "
    "values (?1, 1, ?3, ?4, ?5, ?5, 0, null)",
    "update agents set live = 1, name = 'worker', nickname = null, role = null, parent = null, kind = 'worker', "
    "state = 'working', cli = 'true', current_task = null, last_heartbeat = ?5, last_active_at = ?5, "
    "tasks_completed = 0, rounds_completed = ?7, max_rounds = 0, rounds_since_start = ?7, session = null, "
    "session_harness = null, session_input = null, session_output = null, session_cached = null, session_cost = null, "
    "retry_at = null, failures = 0, attention = null, stop_request = null, pinned_to = null where id = ?1",
    "insert into events (seq, type, message, at, agent, task, turn, letter, old_state, new_state) "
    "values (null, 'turn_started', 'worker begins round 1 with 1 message', ?5, ?1, null, ?3, null, "
    "'idle', 'working')",
    "select * from tasks where owner = ?1 and state in (1, 2) and (6 >> state) & 1 and in_backlog between 0 and 1 and "
    "id between ?6 and x'ffffffffffffffffffffffffffffffff' order by ordinal limit 200",
    "commit",

    "begin immediate",
    "select * from leases where agent = ?1",
    "select * from messages where recipient = ?1 and state = 3 order by lane, seq",
    "select * from agents where id = ?1",
    "update messages set state = 4, attempts = 0, deliveries = 1, changed_at = ?5 where seq = ?7",
    "select * from agents where id = ?1",
    "update agents set live = 1, name = 'worker', nickname = null, role = null, parent = null, kind = 'worker', "
    "state = 'working', cli = 'true', current_task = null, last_heartbeat = ?5, last_active_at = ?5, "
    "tasks_completed = 0, rounds_completed = ?7, max_rounds = 0, rounds_since_start = ?7, session = null, "
    "session_harness = null, session_input = null, session_output = null, session_cached = null, session_cost = null, "
    "retry_at = null, failures = 0, attention = null, stop_request = null, pinned_to = null where id = ?1 ",
    "insert into events (seq, type, message, at, agent, task, turn, letter, old_state, new_state) "
    "values (null, 'turn_finished', 'worker finished round 1 in 0 ms', ?5, ?1, null, ?3, null, "
    "null, null)",
    "delete from leases where agent = ?1",
    "select * from agents where id = ?1",
    "select 1 from tallies where recipient = ?1 and state = 2 and wakes = 1 and n > 0 limit 1",
    "update agents set live = 1, name = 'worker', nickname = null, role = null, parent = null, kind = 'worker', "
    "state = 'idle', cli = 'true', current_task = null, last_heartbeat = ?5, last_active_at = ?5, "
    "tasks_completed = 0, rounds_completed = ?7, max_rounds = 0, rounds_since_start = ?7, session = null, "
    "session_harness = null, session_input = null, session_output = null, session_cached = null, session_cost = null, "
    "retry_at = null, failures = 0, attention = null, stop_request = null, pinned_to = null where id = ?1",
    "commit",
};
enum { statement_count = sizeof statements / sizeof *statements };

// Reads what a program would read of a row.
static void read_row(sqlite3_stmt *statement) {
    for (int column = 0; column < sqlite3_column_count(statement); column++) {
        switch (sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER: (void)sqlite3_column_int64(statement, column); break;
        case SQLITE_NULL: break;
        default: (void)sqlite3_column_blob(statement, column), (void)sqlite3_column_bytes(statement, column);
        }
    }
}

typedef struct {
    sqlite3 *db;
    sqlite3_stmt *prepared[statement_count];
    unsigned char agent[16], supervisor[16], turn[16], host[16], message[16];
    sqlite3_int64 sequence, rounds;
} cycle;

static int cycle_open(cycle *c, const char *path, int full, const unsigned char agent[16]) {
    memset(c, 0, sizeof *c);
    memcpy(c->agent, agent, 16), c->supervisor[15] = 1, c->host[0] = 7;
    int code = sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) code = sqlite3_busy_timeout(c->db, 5000);
    if (code == SQLITE_OK) code = sqlite3_exec(c->db, "pragma journal_mode = wal", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(c->db, full ? "pragma synchronous = full" : "pragma synchronous = normal", NULL, NULL, NULL);
    for (int i = 0; i < statement_count && code == SQLITE_OK; i++)
        code = sqlite3_prepare_v3(c->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &c->prepared[i], NULL);
    return code;
}

static void cycle_close(cycle *c) {
    for (int i = 0; i < statement_count; i++) sqlite3_finalize(c->prepared[i]);
    sqlite3_close(c->db);
}

// Runs the transactions from `first` up to `end`, of which a cycle has three.
static int cycle_run(cycle *c, int first, int end) {
    int code = SQLITE_OK, transaction = 0;
    if (first == 0) sqlite3_randomness(16, c->message), sqlite3_randomness(16, c->turn);
    for (int i = 0; i < statement_count && code == SQLITE_OK; i++) {
        sqlite3_stmt *statement = c->prepared[i];
        if (transaction >= first && transaction < end) {
            switch (sqlite3_bind_parameter_count(statement)) {
            case 7: sqlite3_bind_int64(statement, 7, c->sequence); /* fall through */
            case 6: sqlite3_bind_blob(statement, 6, c->supervisor, 16, SQLITE_STATIC); /* fall through */
            case 5: sqlite3_bind_int64(statement, 5, 1700000000000000 + c->rounds); /* fall through */
            case 4: sqlite3_bind_blob(statement, 4, c->host, 16, SQLITE_STATIC); /* fall through */
            case 3: sqlite3_bind_blob(statement, 3, c->turn, 16, SQLITE_STATIC); /* fall through */
            case 2: sqlite3_bind_blob(statement, 2, c->message, 16, SQLITE_STATIC); /* fall through */
            case 1: sqlite3_bind_blob(statement, 1, c->agent, 16, SQLITE_STATIC); /* fall through */
            default: break;
            }
            int waiting = !strncmp(statements[i], "select * from messages where recipient", 38);
            while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
                read_row(statement);
                if (waiting) c->sequence = sqlite3_column_int64(statement, 0);
            }
            if (code == SQLITE_DONE) code = SQLITE_OK;
            sqlite3_reset(statement);
        }
        transaction += !strcmp(statements[i], "commit");
    }
    return code;
}

int baseline_cycles(const char *path, int full, int count, const unsigned char agent[16], double *seconds) {
    cycle c;
    int code = cycle_open(&c, path, full, agent);
    long long begun = baseline_now();
    for (; c.rounds < count && code == SQLITE_OK; c.rounds++) code = cycle_run(&c, 0, 3);
    *seconds = (double)(baseline_now() - begun) / 1e9;
    cycle_close(&c);
    return code;
}

int baseline_floor(const char *path, int full, int count, const unsigned char agent[16], double *microseconds) {
    int rings[2], times[2];
    cycle c;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, rings) != 0 || pipe(times) != 0) return SQLITE_IOERR;
    pid_t pid = fork();
    if (pid < 0) return SQLITE_IOERR;
    char byte = 1;
    if (pid == 0) {
        close(rings[0]), close(times[0]);
        // The other process opens the file itself: a connection must not be carried over a fork.
        int code = cycle_open(&c, path, full, agent);
        long long taken = 0;
        if (write(times[1], &taken, sizeof taken) != sizeof taken) _exit(1);
        while (code == SQLITE_OK && recv(rings[1], &byte, 1, 0) == 1) {
            code = cycle_run(&c, 1, 2);
            taken = baseline_now();
            if (code == SQLITE_OK) code = cycle_run(&c, 2, 3);
            c.rounds++;
            if (write(times[1], &taken, sizeof taken) != sizeof taken) break;
        }
        _exit(code);
    }
    close(rings[1]), close(times[1]);
    long long taken;
    int code = cycle_open(&c, path, full, agent);
    if (read(times[0], &taken, sizeof taken) != sizeof taken) code = SQLITE_IOERR;
    for (int i = 0; i < count && code == SQLITE_OK; i++) {
        usleep(500);
        long long begun = baseline_now();
        code = cycle_run(&c, 0, 1);
        if (code == SQLITE_OK && (send(rings[0], &byte, 1, 0) != 1 || read(times[0], &taken, sizeof taken) != sizeof taken))
            code = SQLITE_IOERR;
        microseconds[i] = (double)(taken - begun) / 1e3;
    }
    // At the end of its socket the other process ends as well.
    close(rings[0]), close(times[0]);
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    cycle_close(&c);
    return code;
}
