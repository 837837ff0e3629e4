#define _GNU_SOURCE
#include "baseline.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int baseline_redis(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -1;
    strcpy(address.sun_path, path);
    int redis = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (redis >= 0 && connect(redis, (struct sockaddr *)&address, sizeof address) == 0) return redis;
    if (redis >= 0) close(redis);
    return -1;
}

static int say(int redis, const char *text, size_t length) {
    while (length > 0) {
        ssize_t written = write(redis, text, length);
        if (written <= 0) return -1;
        text += written, length -= (size_t)written;
    }
    return 0;
}

// Reads an answer of `lines` lines: one for a number, five for an array of two strings.
static int hear(int redis, int lines) {
    char buffer[4096];
    for (int first = 1; lines > 0; first = 0) {
        ssize_t length = read(redis, buffer, sizeof buffer);
        if (length <= 0 || (first && buffer[0] == '-')) return -1;
        for (ssize_t i = 0; i < length; i++) lines -= buffer[i] == '\n';
    }
    return 0;
}

int baseline_push(int redis, const char *key, const char *value) {
    char command[4096];
    int length = snprintf(command, sizeof command, "*3\r\n$5\r\nLPUSH\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", strlen(key), key,
        strlen(value), value);
    if (length < 0 || (size_t)length >= sizeof command) return -1;
    return say(redis, command, (size_t)length) || hear(redis, 1) ? -1 : 0;
}

int baseline_pop(int redis, const char *key) {
    char command[4096];
    int length = snprintf(command, sizeof command, "*3\r\n$5\r\nBLPOP\r\n$%zu\r\n%s\r\n$1\r\n0\r\n", strlen(key), key);
    if (length < 0 || (size_t)length >= sizeof command) return -1;
    return say(redis, command, (size_t)length) || hear(redis, 5) ? -1 : 0;
}

int baseline_pipelines(int redis, const char *key, const char *value, int count, double *seconds) {
    char command[8192];
    size_t k = strlen(key), v = strlen(value);
    int length = snprintf(command, sizeof command,
        "*3\r\n$5\r\nLPUSH\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n"
        "*5\r\n$5\r\nLMOVE\r\n$%zu\r\n%s\r\n$%zu\r\n%s:held\r\n$5\r\nRIGHT\r\n$4\r\nLEFT\r\n"
        "*4\r\n$4\r\nLREM\r\n$%zu\r\n%s:held\r\n$1\r\n1\r\n$%zu\r\n%s\r\n",
        k, key, v, value, k, key, k + 5, key, k + 5, key, v, value);
    if (length < 0 || (size_t)length >= sizeof command) return -1;
    long long begun = baseline_now();
    for (int i = 0; i < count; i++)
        if (say(redis, command, (size_t)length) || hear(redis, 4)) return -1;
    *seconds = (double)(baseline_now() - begun) / 1e9;
    return 0;
}

int baseline_push_and_tell(int redis, const char *key, const char *value) {
    char command[4096];
    int length = snprintf(command, sizeof command,
        "*3\r\n$5\r\nLPUSH\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n*3\r\n$7\r\nPUBLISH\r\n$%zu\r\n%s\r\n$1\r\n1\r\n", strlen(key),
        key, strlen(value), value, strlen(key), key);
    if (length < 0 || (size_t)length >= sizeof command) return -1;
    return say(redis, command, (size_t)length) || hear(redis, 2) ? -1 : 0;
}

int baseline_subscribe(int redis, const char *channel) {
    char command[4096];
    int length =
        snprintf(command, sizeof command, "*2\r\n$9\r\nSUBSCRIBE\r\n$%zu\r\n%s\r\n", strlen(channel), channel);
    if (length < 0 || (size_t)length >= sizeof command) return -1;
    return say(redis, command, (size_t)length) || hear(redis, 6) ? -1 : 0;
}

int baseline_told(int redis) { return hear(redis, 7); }

int baseline_take(int redis, const char *key) {
    char command[4096];
    int length = snprintf(command, sizeof command, "*2\r\n$4\r\nRPOP\r\n$%zu\r\n%s\r\n", strlen(key), key);
    if (length < 0 || (size_t)length >= sizeof command) return -1;
    return say(redis, command, (size_t)length) || hear(redis, 2) ? -1 : 0;
}
