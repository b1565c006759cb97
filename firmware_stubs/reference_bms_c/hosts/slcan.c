#include "slcan.h"

#include <string.h>

#define BEL '\a'

static int digit(char letter)
{
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    if (letter >= 'A' && letter <= 'F') {
        return letter - 'A' + 10;
    }
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* `count` hexadecimal digits as a number, -1 where one is none. */
static int32_t number(const char *text, size_t count)
{
    int32_t value = 0;
    for (size_t at = 0; at < count; at++) {
        int one = digit(text[at]);
        if (one < 0) {
            return -1;
        }
        value = value << 4 | one;
    }
    return value;
}

static bool parse_frame(const struct slcan *slcan, struct frame *frame)
{
    int32_t id = slcan->length >= 5 ? number(slcan->line + 1, 3) : -1;
    int32_t length = slcan->length >= 5 ? number(slcan->line + 4, 1) : -1;
    if (id < 0 || id > 0x7FF || length < 0 || length > 8 || slcan->length != 5 + 2 * (size_t)length) {
        return false;
    }
    *frame = (struct frame){.id = (uint16_t)id, .length = (uint8_t)length};
    for (size_t at = 0; at < (size_t)length; at++) {
        int32_t byte = number(slcan->line + 5 + 2 * at, 2);
        if (byte < 0) {
            return false;
        }
        frame->data[at] = (uint8_t)byte;
    }
    return true;
}

static void answer(struct slcan_result *result, const char *text)
{
    result->answer_length = strlen(text);
    memcpy(result->answer, text, result->answer_length);
}

static void obey(struct slcan *slcan, struct slcan_result *result)
{
    char command = slcan->length > 0 ? slcan->line[0] : '\0';
    bool done = slcan->length <= SLCAN_LINE_BYTES;
    switch (command) {
    case 't':
        done = done && slcan->open && parse_frame(slcan, &result->frame);
        result->has_frame = done;
        answer(result, "z\r");
        break;
    case 'T': /* extended and remote frames are on the bus, but this firmware does not listen to them */
    case 'R':
        done = done && slcan->open;
        answer(result, "Z\r");
        break;
    case 'r':
        done = done && slcan->open;
        answer(result, "z\r");
        break;
    case 'V':
        answer(result, "V1013\r");
        break;
    case 'N':
        answer(result, "NBMS1\r");
        break;
    case 'F':
        answer(result, "F00\r");
        break;
    case 'O':
    case 'C':
        slcan->open = command == 'O';
        answer(result, "\r");
        break;
    case 'S':
    case 's':
    case 'Z':
    case 'M':
    case 'm':
        done = done && !slcan->open; /* set up before opening only */
        answer(result, "\r");
        break;
    case '\0':
        answer(result, "\r");
        break;
    default:
        done = false;
    }
    if (!done) {
        result->answer[0] = BEL;
        result->answer_length = 1;
    }
}

void slcan_feed(struct slcan *slcan, char byte, struct slcan_result *result)
{
    result->answer_length = 0;
    result->has_frame = false;
    if (byte == '\r') {
        obey(slcan, result);
        slcan->length = 0;
    } else if (byte != '\n') {
        if (slcan->length < SLCAN_LINE_BYTES) {
            slcan->line[slcan->length] = byte;
        }
        if (slcan->length <= SLCAN_LINE_BYTES) {
            slcan->length++;
        }
    }
}

size_t slcan_format(const struct frame *frame, char text[SLCAN_LINE_BYTES])
{
    static const char digits[] = "0123456789ABCDEF";
    size_t at = 0;
    text[at++] = 't';
    for (int shift = 8; shift >= 0; shift -= 4) {
        text[at++] = digits[frame->id >> shift & 0xF];
    }
    text[at++] = digits[frame->length & 0xF];
    for (size_t byte = 0; byte < frame->length; byte++) {
        text[at++] = digits[frame->data[byte] >> 4];
        text[at++] = digits[frame->data[byte] & 0xF];
    }
    text[at++] = '\r';
    return at;
}
