/*
 * Diagnostics: a small UDS server (0x10, 0x11, 0x14, 0x19, 0x22, 0x3E) over ISO-TP on classic CAN. It answers in the
 * next base task.
 */
#ifndef BMS_UDS_H
#define BMS_UDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dtc_memory.h"

#define UDS_REQUEST_ID 0x7E0
#define UDS_RESPONSE_ID 0x7E8
#define UDS_FRAME_BYTES 8
#define UDS_MOST_FRAMES 64
#define UDS_MOST_REQUEST 16  /* longer requests are counted, and refused for their length */
#define UDS_MOST_RESPONSE 320
#define UDS_TEXT_BYTES 16

struct uds_frames {
    uint8_t data[UDS_MOST_FRAMES][UDS_FRAME_BYTES];
    size_t count;
};

struct uds_server {
    struct dtc_memory *dtcs;
    char version[UDS_TEXT_BYTES], identity[UDS_TEXT_BYTES];
    uint8_t request[UDS_MOST_REQUEST];
    size_t received, wanted; /* of a request in several frames; wanted 0: none is under way */
    uint8_t next;
    struct uds_frames out;  /* frames that may go */
    struct uds_frames held; /* consecutive frames that wait for a flow control */
    bool clearing, resetting;
    uint32_t group; /* what is to be cleared */
    uint8_t session;
    int64_t heard_ns;
};

void uds_init(struct uds_server *server, struct dtc_memory *dtcs, const uint8_t build_hash[4],
              const uint8_t version[3]);
void uds_receive(struct uds_server *server, int64_t now_ns, const uint8_t *data, size_t length);

/* Once a base task: `sent` are the frames that go now. True when a reset has been asked for and answered. */
bool uds_step(struct uds_server *server, int64_t now_ns, struct uds_frames *sent);

#endif
