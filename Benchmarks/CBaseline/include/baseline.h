// What the product is measured against: the least that a program in C does for the same result.
#ifndef BASELINE_H
#define BASELINE_H

// Nanoseconds of the clock that all processes of a machine share.
long long baseline_now(void);

// Sends, leases and commits `count` messages for the agent in the store's file `path`, with the statements of the
// store, each cached, its rows read. The schema is the file's own. Returns 0, or SQLite's error code.
int baseline_cycles(const char *path, int full, int count, const unsigned char agent[16], double *seconds);

// The same sends in one process and leases in another that sleeps on a socket in between: how long each took
// from its begin to its lease, in microseconds. The least that any program needs on this schema. Returns as above.
int baseline_floor(const char *path, int full, int count, const unsigned char agent[16], double *microseconds);

// A connection to a Redis server's Unix socket, or -1.
int baseline_redis(const char *path);
// LPUSH; returns 0 when the server has answered.
int baseline_push(int redis, const char *key, const char *value);
// BLPOP without a limit of time; returns 0 when a value came.
int baseline_pop(int redis, const char *key);

// LPUSH, LMOVE and LREM in one write, `count` times, each after the answers to the one before.
int baseline_pipelines(int redis, const char *key, const char *value, int count, double *seconds);
// LPUSH and PUBLISH on a channel of the same name, in one write.
int baseline_push_and_tell(int redis, const char *key, const char *value);
// SUBSCRIBE, and what waits for the next message of the channel.
int baseline_subscribe(int redis, const char *channel);
int baseline_told(int redis);
// RPOP of a list that is not empty.
int baseline_take(int redis, const char *key);

// Runs a program to its end with its output thrown away. Returns its exit status, or -1 where it did not start.
int baseline_run(char *const argv[], char *const envp[], double *seconds, long *peak_kilobytes);

#endif
