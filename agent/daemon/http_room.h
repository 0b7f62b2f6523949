/*
 * http_room.h - descriptors for connections: never so many that none is left
 * for the server, the jobs and the keeper.
 */
#ifndef DAEMON_HTTP_ROOM_H
#define DAEMON_HTTP_ROOM_H

/*
 * How many of the connections wanted there is room for: raises the process's
 * limit of open files as far as needed and allowed, and says so in the log if
 * that is not enough.
 */
unsigned http_room_find(unsigned wanted);

#endif
