/*
 * The device's end of an SLCAN (Lawicel) line: what a CANable says and hears. Text, one command a line that ends with
 * CR: tIIILDD.. is a frame; S6, O, C set up, open and close the channel; done is CR (z CR for a frame), refused is BEL.
 */
#ifndef BMS_SLCAN_H
#define BMS_SLCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "../core/bms.h"

#define SLCAN_LINE_BYTES 32 /* the longest frame takes 31 with its CR */
#define SLCAN_ANSWER_BYTES 8

struct slcan {
    char line[SLCAN_LINE_BYTES];
    size_t length; /* beyond SLCAN_LINE_BYTES: too long to be anything */
    bool open;
};

/* What one byte has led to: perhaps an answer for the line, perhaps a frame for the firmware. */
struct slcan_result {
    char answer[SLCAN_ANSWER_BYTES];
    size_t answer_length;
    bool has_frame;
    struct frame frame; /* without its bus */
};

void slcan_feed(struct slcan *slcan, char byte, struct slcan_result *result);

/* The frame as text with its CR; how many bytes. */
size_t slcan_format(const struct frame *frame, char text[SLCAN_LINE_BYTES]);

#endif
