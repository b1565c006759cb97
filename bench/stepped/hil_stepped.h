/* A firmware compiled for the host, stepped in simulated time by the BMS HIL bench: protocol version 1.
 *
 * One C file defines HIL_STEPPED_IMPLEMENTATION before it includes this header. C99 and POSIX.
 *
 * Either fill in a struct hil_firmware and call hil_run() from main(), or, where the firmware has a loop of its own
 * (an RTOS), call hil_open() once and then hil_next() and hil_done() in turn.
 *
 * Standard output belongs to the protocol. What the firmware prints goes to standard error in its place.
 */
#ifndef HIL_STEPPED_H
#define HIL_STEPPED_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HIL_STEPPED_VERSION 1
#define HIL_MOST_DATA 64
#define HIL_MOST_CHANNELS 32

enum hil_flags { HIL_EXTENDED = 1, HIL_FD = 2, HIL_BITRATE_SWITCH = 4 };

struct hil_frame {
    uint32_t id;
    uint8_t flags;  /* of enum hil_flags */
    uint8_t length; /* 0 to 64 bytes */
    uint8_t data[HIL_MOST_DATA];
};

enum hil_what {
    HIL_END,       /* the bench has gone: return from main() */
    HIL_POWER_ON,  /* at now_ns: everything in RAM starts anew */
    HIL_POWER_OFF, /* at now_ns: say nothing until the next HIL_POWER_ON */
    HIL_RESET,     /* the reset line: what is in RAM is lost, what is stored is not */
    HIL_FRAME,     /* `frame` ended on `channel` at now_ns */
    HIL_ADVANCE    /* run until now_ns, send what is due, then call hil_done() */
};

struct hil_event {
    enum hil_what what;
    uint64_t now_ns;
    int channel;
    struct hil_frame frame;
};

struct hil_firmware {
    uint64_t period_ns; /* the base task: the bench advances by it */
    const char *build;  /* what the firmware is, such as "v1.2.3" */
    void (*power_on)(uint64_t now_ns);
    void (*power_off)(uint64_t now_ns); /* may be 0 */
    void (*reset)(void);
    void (*receive)(uint64_t now_ns, int channel, const struct hil_frame *frame);
    void (*step)(uint64_t now_ns);
};

/* Serves the bench until it has gone. Returns the exit code for main(). */
int hil_run(const struct hil_firmware *firmware);

/* The number of a bus by its name in the bench file, such as "can1"; -1 where the bench has none of that name. */
int hil_channel(const char *name);

/* Puts a frame on a bus, within HIL_ADVANCE only. Frames of one step leave in this order. */
void hil_send(int channel, const struct hil_frame *frame);

/* A line for the bench's trace: what the board would print on its console. At most 1000 bytes. */
void hil_say(const char *text);

/* For a firmware with a loop of its own. 0: the bench was greeted. */
int hil_open(uint64_t period_ns, const char *build);
enum hil_what hil_next(struct hil_event *event);
void hil_done(void); /* after each event but HIL_FRAME and HIL_END */

#ifdef __cplusplus
}
#endif
#endif /* HIL_STEPPED_H */

#if defined(HIL_STEPPED_IMPLEMENTATION) && !defined(HIL_STEPPED_IMPLEMENTED)
#define HIL_STEPPED_IMPLEMENTED

#include <string.h>
#include <unistd.h>

#define HIL_HEAD 4
#define HIL_MOST_PAYLOAD 4096

static int hil_out_ = 1;
static unsigned hil_channels_;
static char hil_names_[HIL_MOST_PAYLOAD];
static struct hil_event hil_now_;
static unsigned char hil_kept_[1 << 16];
static size_t hil_held_, hil_read_;
static unsigned char hil_said_[1 << 16];
static size_t hil_waiting_;

static void hil_flush_(void) {
    size_t at = 0;
    while (at < hil_waiting_) {
        ssize_t count = write(hil_out_, hil_said_ + at, hil_waiting_ - at);
        if (count <= 0) {
            _exit(0); /* the bench has gone */
        }
        at += (size_t)count;
    }
    hil_waiting_ = 0;
}

static void hil_put_(unsigned char kind, const unsigned char *one, size_t length, const void *two, size_t more) {
    size_t all = length + more;
    if (hil_waiting_ + HIL_HEAD + all > sizeof hil_said_) {
        hil_flush_();
    }
    unsigned char *to = hil_said_ + hil_waiting_;
    to[0] = kind;
    to[1] = 0;
    to[2] = (unsigned char)(all & 255);
    to[3] = (unsigned char)(all >> 8);
    if (length) {
        memcpy(to + HIL_HEAD, one, length);
    }
    if (more) {
        memcpy(to + HIL_HEAD + length, two, more);
    }
    hil_waiting_ += HIL_HEAD + all;
}

static void hil_write_(unsigned char *to, uint64_t value, int bytes) {
    for (int at = 0; at < bytes; at++) {
        to[at] = (unsigned char)(value >> (8 * at));
    }
}

static uint64_t hil_number_(const unsigned char *from, int bytes) {
    uint64_t value = 0;
    for (int at = 0; at < bytes; at++) {
        value |= (uint64_t)from[at] << (8 * at);
    }
    return value;
}

/* The next message: its kind, 0 at the end of the pipe. */
static int hil_take_(const unsigned char **payload, size_t *length) {
    for (;;) {
        size_t held = hil_held_ - hil_read_;
        if (held >= HIL_HEAD) {
            const unsigned char *head = hil_kept_ + hil_read_;
            *length = (size_t)hil_number_(head + 2, 2);
            if (*length > HIL_MOST_PAYLOAD) {
                return 0;
            }
            if (held >= HIL_HEAD + *length) {
                *payload = head + HIL_HEAD;
                hil_read_ += HIL_HEAD + *length;
                return head[0];
            }
        }
        memmove(hil_kept_, hil_kept_ + hil_read_, held);
        hil_held_ = held;
        hil_read_ = 0;
        ssize_t count = read(0, hil_kept_ + held, sizeof hil_kept_ - held);
        if (count <= 0) {
            return 0;
        }
        hil_held_ += (size_t)count;
    }
}

int hil_channel(const char *name) {
    const char *at = hil_names_;
    for (unsigned number = 0; number < hil_channels_; number++, at += strlen(at) + 1) {
        if (strcmp(at, name) == 0) {
            return (int)number;
        }
    }
    return -1;
}

void hil_send(int channel, const struct hil_frame *frame) {
    unsigned char head[6];
    hil_write_(head, frame->id, 4);
    head[4] = (unsigned char)channel;
    head[5] = frame->flags;
    hil_put_('f', head, sizeof head, frame->data, frame->length > HIL_MOST_DATA ? HIL_MOST_DATA : frame->length);
}

void hil_say(const char *text) {
    size_t length = strlen(text);
    hil_put_('t', (const unsigned char *)text, length > 1000 ? 1000 : length, 0, 0);
}

static void hil_refuse_(const char *text) {
    hil_put_('e', (const unsigned char *)text, strlen(text), 0, 0);
    hil_flush_();
}

int hil_open(uint64_t period_ns, const char *build) {
    const unsigned char *payload;
    unsigned char said[10];
    size_t length;
    hil_out_ = dup(1);
    if (hil_out_ < 0 || dup2(2, 1) < 0) {
        return 1;
    }
    if (hil_take_(&payload, &length) != 'H' || length < 3) {
        return 1;
    }
    if (hil_number_(payload, 2) != HIL_STEPPED_VERSION || payload[2] > HIL_MOST_CHANNELS) {
        hil_refuse_("it speaks version 1 of the stepped protocol, with at most 32 buses");
        return 1;
    }
    hil_channels_ = payload[2];
    memcpy(hil_names_, payload + 3, length - 3);
    hil_write_(said, HIL_STEPPED_VERSION, 2);
    hil_write_(said + 2, period_ns, 8);
    hil_put_('h', said, sizeof said, build, strlen(build));
    hil_flush_();
    return 0;
}

enum hil_what hil_next(struct hil_event *event) {
    const unsigned char *from;
    size_t length;
    int kind = hil_take_(&from, &length);
    memset(&hil_now_, 0, sizeof hil_now_);
    if (kind == 'R') {
        hil_now_.what = HIL_RESET;
    } else if (kind == 'P' && length >= 9) {
        hil_now_.what = from[8] ? HIL_POWER_ON : HIL_POWER_OFF;
        hil_now_.now_ns = hil_number_(from, 8);
    } else if (kind == 'A' && length >= 8) {
        hil_now_.what = HIL_ADVANCE;
        hil_now_.now_ns = hil_number_(from, 8);
    } else if (kind == 'F' && length >= 14 && length <= 14 + HIL_MOST_DATA) {
        hil_now_.what = HIL_FRAME;
        hil_now_.now_ns = hil_number_(from, 8);
        hil_now_.frame.id = (uint32_t)hil_number_(from + 8, 4);
        hil_now_.channel = from[12];
        hil_now_.frame.flags = from[13];
        hil_now_.frame.length = (uint8_t)(length - 14);
        memcpy(hil_now_.frame.data, from + 14, length - 14);
    } else {
        hil_now_.what = HIL_END;
    }
    *event = hil_now_;
    return event->what;
}

void hil_done(void) {
    unsigned char now[8] = {0};
    if (hil_now_.what == HIL_ADVANCE) {
        hil_write_(now, hil_now_.now_ns, 8);
        hil_put_('a', now, sizeof now, 0, 0);
    } else if (hil_now_.what == HIL_RESET) {
        hil_put_('r', now, 0, 0, 0);
    } else {
        hil_put_('p', now, 0, 0, 0);
    }
    hil_flush_();
}

int hil_run(const struct hil_firmware *firmware) {
    struct hil_event event;
    int on = 0;
    if (hil_open(firmware->period_ns, firmware->build) != 0) {
        return 1;
    }
    while (hil_next(&event) != HIL_END) {
        if (event.what == HIL_FRAME) {
            if (on) {
                firmware->receive(event.now_ns, event.channel, &event.frame);
            }
            continue;
        }
        if (event.what == HIL_POWER_ON) {
            on = 1;
            firmware->power_on(event.now_ns);
        } else if (event.what == HIL_POWER_OFF) {
            on = 0;
            if (firmware->power_off) {
                firmware->power_off(event.now_ns);
            }
        } else if (event.what == HIL_RESET) {
            firmware->reset();
        } else if (on) {
            firmware->step(event.now_ns);
        }
        hil_done();
    }
    return 0;
}

#endif
