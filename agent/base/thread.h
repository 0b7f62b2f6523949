/*
 * thread.h - a thread that no signal is delivered to.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/*
 * Runs run(context) beside the caller. Signals that ask the process to stop go
 * to the threads that were there before; faults of its own it does see. False
 * where no thread can be had. End it by pthread_join.
 */
bool thread_start(pthread_t *thread, void *(*run)(void *), void *context);

#endif
