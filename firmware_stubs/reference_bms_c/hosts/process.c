/*
 * The firmware as a process in real time, each bus on SocketCAN or on an SLCAN line:
 *
 *     reference-process --vehicle socketcan:channel=vcan0 --sense slcan:channel=/dev/pts/4
 *
 * Says "ready", and ends on SIGTERM, on SIGINT, and when stdin ends: whoever started it has gone.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "build_hash.h"
#include "hal.h"
#include "port.h"

#define NS_IN_S INT64_C(1000000000)
#define NS_IN_MS INT64_C(1000000)

static struct port ports[BUS_COUNT];
static volatile sig_atomic_t told_to_end;

static void on_signal(int number)
{
    (void)number;
    told_to_end = 1;
}

int64_t hal_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_IN_S + now.tv_nsec;
}

static bool parent_has_gone(void)
{
    char ignored[64];
    ssize_t count = read(STDIN_FILENO, ignored, sizeof ignored);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

bool hal_wait_until(int64_t when_ns)
{
    struct pollfd waited[BUS_COUNT + 1] = {{.fd = STDIN_FILENO, .events = POLLIN}};
    for (int bus = 0; bus < BUS_COUNT; bus++) {
        waited[bus + 1].fd = ports[bus].descriptor;
        waited[bus + 1].events = (short)(ports[bus].unsent_length > 0 ? POLLIN | POLLOUT : POLLIN);
    }
    int64_t left_ns = when_ns - hal_now_ns();
    struct timespec patience = {0};
    if (left_ns > 0) {
        patience.tv_sec = (time_t)(left_ns / NS_IN_S);
        patience.tv_nsec = (long)(left_ns % NS_IN_S);
    }
    if (ppoll(waited, BUS_COUNT + 1, &patience, NULL) < 0 && errno != EINTR) {
        return false;
    }
    for (int bus = 0; bus < BUS_COUNT; bus++) {
        if ((waited[bus + 1].revents & (POLLHUP | POLLERR)) != 0 && ports[bus].is_line) {
            return false; /* the line has been pulled out */
        }
        port_flush(&ports[bus]);
    }
    return !told_to_end && !(waited[0].revents != 0 && parent_has_gone());
}

bool hal_receive(struct frame *frame)
{
    for (int bus = 0; bus < BUS_COUNT; bus++) {
        if (port_receive(&ports[bus], frame)) {
            return true;
        }
    }
    return false;
}

void hal_send(const struct frame *frame)
{
    port_send(&ports[frame->bus], frame);
}

int main(int count, char **arguments)
{
    static const char *const names[BUS_COUNT] = {[BUS_VEHICLE] = "--vehicle", [BUS_SENSE] = "--sense"};
    static struct bms bms;
    bool opened[BUS_COUNT] = {false};
    for (int at = 1; at + 1 < count; at += 2) {
        for (int bus = 0; bus < BUS_COUNT; bus++) {
            if (strcmp(arguments[at], names[bus]) == 0) {
                if (!port_open(&ports[bus], (enum bus)bus, arguments[at + 1])) {
                    return 2;
                }
                opened[bus] = true;
            }
        }
    }
    if (count != 2 * BUS_COUNT + 1 || !opened[BUS_VEHICLE] || !opened[BUS_SENSE]) {
        fprintf(stderr, "usage: %s --vehicle INTERFACE:channel=NAME --sense INTERFACE:channel=NAME\n", arguments[0]);
        return 2;
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    bms_init(&bms, &limits_built_in, build_hash);
    puts("ready");
    fflush(stdout);
    firmware_run(&bms);
    return 0;
}
