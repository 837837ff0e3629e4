#pragma once

// Unix datagram sockets in a folder, by a folder descriptor: a socket's path may have 107 bytes, a folder's 4095.

/// Opens a folder for `doorbell_bind`. Returns a descriptor, or -errno: EPERM for one that others own or can write.
/// A link is not followed.
int doorbell_open_folder(const char *folder);

/// Binds a new non-blocking socket of mode 0600 to `name` in the folder. The name appears only once the socket is
/// bound, so a ringer that is refused by it knows that nobody listens. Returns a descriptor, or -errno.
int doorbell_bind(int folder, const char *name);

/// Reads what waits in a socket, 1,024 datagrams at a time. Returns how many datagrams there were.
int doorbell_drain(int socket);

/// Sends one datagram to every socket in the folder, without waiting, and removes those that nobody listens to.
/// A folder is refused as by `doorbell_open_folder`.
/// `sender` is a socket kept between calls, or -1 at first. Returns how many were rung, or -errno where the folder
/// cannot be read.
int doorbell_ring(const char *folder, int *sender);
