/* A bus of a process: SocketCAN, or an SLCAN line. */
#ifndef BMS_PORT_H
#define BMS_PORT_H

#include <stdbool.h>
#include <stddef.h>

#include "../core/bms.h"
#include "slcan.h"

#define PORT_UNSENT_BYTES 4096
#define PORT_READ_BYTES 1024

struct port {
    int descriptor;
    enum bus bus;
    bool is_line; /* SLCAN; SocketCAN otherwise */
    struct slcan slcan;
    char read[PORT_READ_BYTES]; /* bytes of the line that are still to be looked at */
    size_t read_at, read_end;
    char unsent[PORT_UNSENT_BYTES]; /* what the line did not take at once */
    size_t unsent_length;
};

/* `spec` is INTERFACE:channel=NAME[,key=value..]. On failure says why on stderr. */
bool port_open(struct port *port, enum bus bus, const char *spec);

/* The next frame that has come, without waiting. */
bool port_receive(struct port *port, struct frame *frame);

void port_send(struct port *port, const struct frame *frame);

/* Pass on what the line did not take before. */
void port_flush(struct port *port);

#endif
