#include "uds.h"

#include <string.h>

#include "measurement.h"

#define PADDING 0xCC
#define SESSION_TIMEOUT_NS (5000 * MS) /* S3 */
#define STATUS_AVAILABLE 0xFF
#define ALL_GROUPS 0xFFFFFF
#define OCCURRENCES 0x01 /* the extended data record of every code */
#define ALL_RECORDS 0xFF
#define SOFTWARE_VERSION 0xF195
#define SOFTWARE_NUMBER 0xF189

enum refusal {
    SERVICE_UNKNOWN = 0x11,
    SUBFUNCTION_UNKNOWN = 0x12,
    WRONG_LENGTH = 0x13,
    OUT_OF_RANGE = 0x31,
    PENDING = 0x78,
};

struct response {
    uint8_t data[UDS_MOST_RESPONSE];
    size_t length;
};

static void put(struct response *response, uint32_t value, int bytes)
{
    for (int shift = 8 * (bytes - 1); shift >= 0 && response->length < UDS_MOST_RESPONSE; shift -= 8) {
        response->data[response->length++] = (uint8_t)(value >> shift);
    }
}

static void refuse(struct response *response, uint8_t service, enum refusal why)
{
    response->length = 0;
    put(response, 0x7F, 1);
    put(response, service, 1);
    put(response, (uint32_t)why, 1);
}

void uds_init(struct uds_server *server, struct dtc_memory *dtcs, const uint8_t build_hash[4],
              const uint8_t version[3])
{
    static const char digits[] = "0123456789abcdef";
    memset(server, 0, sizeof *server);
    server->dtcs = dtcs;
    server->session = 1;
    for (int at = 0; at < 4; at++) {
        server->identity[2 * at] = digits[build_hash[at] >> 4];
        server->identity[2 * at + 1] = digits[build_hash[at] & 0xF];
    }
    for (int at = 0; at < 3; at++) { /* versions are of one digit */
        server->version[2 * at] = digits[version[at]];
        server->version[2 * at + 1] = at < 2 ? '.' : '\0';
    }
}

static uint8_t *new_frame_in(struct uds_frames *frames)
{
    size_t at = frames->count < UDS_MOST_FRAMES ? frames->count++ : UDS_MOST_FRAMES - 1;
    memset(frames->data[at], PADDING, UDS_FRAME_BYTES);
    return frames->data[at];
}

/* One single frame, or a first frame and its consecutive ones, which are held until flow control comes. */
static void answer_with(struct uds_server *server, const struct response *response)
{
    if (response->length == 0) {
        return;
    }
    uint8_t *frame = new_frame_in(&server->out);
    server->held.count = 0;
    if (response->length <= 7) {
        frame[0] = (uint8_t)response->length;
        memcpy(frame + 1, response->data, response->length);
        return;
    }
    frame[0] = (uint8_t)(0x10 | response->length >> 8);
    frame[1] = (uint8_t)response->length;
    memcpy(frame + 2, response->data, 6);
    uint8_t number = 1;
    for (size_t at = 6; at < response->length; at += 7, number++) {
        size_t left = response->length - at;
        frame = new_frame_in(&server->held);
        frame[0] = (uint8_t)(0x20 | (number & 0xF));
        memcpy(frame + 1, response->data + at, left < 7 ? left : 7);
    }
}

static bool is_reported(struct dtc_entry entry, uint8_t mask)
{
    return (entry.status & mask) != 0;
}

/* One record: how often the code has occurred. */
static void read_extended(const struct nvm *nvm, const uint8_t *request, size_t length, struct response *response)
{
    if (length != 6) {
        refuse(response, 0x19, WRONG_LENGTH);
        return;
    }
    uint32_t code = (uint32_t)request[2] << 16 | (uint32_t)request[3] << 8 | request[4];
    for (uint8_t at = 0; at < nvm->dtc_count; at++) {
        if (nvm->dtcs[at].code == code && (request[5] == OCCURRENCES || request[5] == ALL_RECORDS)) {
            put(response, 0x5906, 2);
            put(response, code << 8 | nvm->dtcs[at].status, 4);
            put(response, OCCURRENCES, 1);
            put(response, nvm->dtcs[at].occurrences, 1);
            return;
        }
    }
    refuse(response, 0x19, OUT_OF_RANGE);
}

static void read_dtcs(const struct uds_server *server, const uint8_t *request, size_t length,
                      struct response *response)
{
    const struct nvm *nvm = server->dtcs->nvm;
    if (length > 1 && request[1] == 0x06) {
        read_extended(nvm, request, length, response);
        return;
    }
    if (length != 3) {
        refuse(response, 0x19, WRONG_LENGTH);
        return;
    }
    uint16_t count = 0;
    for (uint8_t at = 0; at < nvm->dtc_count; at++) {
        count = (uint16_t)(count + is_reported(nvm->dtcs[at], request[2]));
    }
    put(response, 0x59, 1);
    put(response, request[1], 1);
    put(response, STATUS_AVAILABLE, 1);
    if (request[1] == 0x01) {
        put(response, 0x01, 1);
        put(response, count, 2);
    } else if (request[1] == 0x02) {
        for (uint8_t at = 0; at < nvm->dtc_count; at++) {
            if (is_reported(nvm->dtcs[at], request[2])) {
                put(response, nvm->dtcs[at].code << 8 | nvm->dtcs[at].status, 4);
            }
        }
    } else {
        refuse(response, 0x19, SUBFUNCTION_UNKNOWN);
    }
}

static void control_session(struct uds_server *server, const uint8_t *request, size_t length,
                            struct response *response)
{
    uint8_t session = length == 2 ? request[1] & 0x7F : 0;
    if (session < 1 || session > 3) {
        refuse(response, 0x10, length == 2 ? SUBFUNCTION_UNKNOWN : WRONG_LENGTH);
        return;
    }
    server->session = session;
    if ((request[1] & 0x80) == 0) {
        put(response, 0x50, 1);
        put(response, session, 1);
        put(response, 0x003201F4, 4); /* P2 50 ms, P2* 5 s */
    }
}

static void reset_ecu(struct uds_server *server, const uint8_t *request, size_t length, struct response *response)
{
    uint8_t kind = length == 2 ? request[1] & 0x7F : 0;
    if (kind < 1 || kind > 3) {
        refuse(response, 0x11, length == 2 ? SUBFUNCTION_UNKNOWN : WRONG_LENGTH);
        return;
    }
    server->resetting = true;
    if ((request[1] & 0x80) == 0) {
        put(response, 0x51, 1);
        put(response, kind, 1);
    }
}

/* Clearing writes to flash: announced, then done. */
static void clear_dtcs(struct uds_server *server, const uint8_t *request, size_t length, struct response *response)
{
    if (length != 4) {
        refuse(response, 0x14, WRONG_LENGTH);
        return;
    }
    uint32_t group = (uint32_t)request[1] << 16 | (uint32_t)request[2] << 8 | request[3];
    if (group != ALL_GROUPS && !dtc_contains(server->dtcs, group)) {
        refuse(response, 0x14, OUT_OF_RANGE);
        return;
    }
    server->clearing = true;
    server->group = group;
    refuse(response, 0x14, PENDING);
}

static void read_record(const struct uds_server *server, const uint8_t *request, size_t length,
                        struct response *response)
{
    uint16_t record = length == 3 ? (uint16_t)(request[1] << 8 | request[2]) : 0;
    const char *text = record == SOFTWARE_VERSION  ? server->version
                       : record == SOFTWARE_NUMBER ? server->identity
                                                   : NULL;
    if (text == NULL) {
        refuse(response, 0x22, length == 3 ? OUT_OF_RANGE : WRONG_LENGTH);
        return;
    }
    put(response, 0x62, 1);
    put(response, record, 2);
    for (; *text != '\0'; text++) {
        put(response, (uint8_t)*text, 1);
    }
}

static void present_tester(const uint8_t *request, size_t length, struct response *response)
{
    if (length != 2) {
        refuse(response, 0x3E, WRONG_LENGTH);
    } else if ((request[1] & 0x80) == 0) {
        put(response, 0x7E00, 2);
    }
}

static void respond(struct uds_server *server, const uint8_t *request, size_t length)
{
    struct response response = {.length = 0};
    switch (request[0]) {
    case 0x10:
        control_session(server, request, length, &response);
        break;
    case 0x11:
        reset_ecu(server, request, length, &response);
        break;
    case 0x14:
        clear_dtcs(server, request, length, &response);
        break;
    case 0x19:
        read_dtcs(server, request, length, &response);
        break;
    case 0x22:
        read_record(server, request, length, &response);
        break;
    case 0x3E:
        present_tester(request, length, &response);
        break;
    default:
        refuse(&response, request[0], SERVICE_UNKNOWN);
    }
    answer_with(server, &response);
}

static void keep(struct uds_server *server, const uint8_t *data, size_t length)
{
    for (size_t at = 0; at < length; at++, server->received++) {
        if (server->received < UDS_MOST_REQUEST) {
            server->request[server->received] = data[at];
        }
    }
}

static void begin_request(struct uds_server *server, const uint8_t *data, size_t length)
{
    server->wanted = (size_t)((data[0] & 0x0F) << 8) | (length > 1 ? data[1] : 0U);
    if (length == 1) { /* as a number of one byte */
        server->wanted = data[0];
    }
    if (server->wanted <= 7 || length < UDS_FRAME_BYTES) {
        return;
    }
    server->received = 0;
    keep(server, data + 2, 6);
    server->next = 1;
    uint8_t *flow = new_frame_in(&server->out); /* continue, all at once, no gap */
    flow[0] = 0x30;
    flow[1] = flow[2] = 0;
}

static void continue_request(struct uds_server *server, const uint8_t *data, size_t length)
{
    if ((data[0] & 0x0F) != server->next) {
        server->wanted = 0; /* one was lost or repeated */
        return;
    }
    server->next = (uint8_t)((server->next + 1) % 16);
    keep(server, data + 1, length - 1);
    if (server->received >= server->wanted) {
        size_t complete = server->wanted;
        server->wanted = 0;
        respond(server, server->request, complete);
    }
}

/* The receiver's word to us: so many of the held frames may go, 0 for all. */
static void release(struct uds_server *server, size_t block)
{
    size_t count = block == 0 || block > server->held.count ? server->held.count : block;
    for (size_t at = 0; at < count; at++) {
        memcpy(new_frame_in(&server->out), server->held.data[at], UDS_FRAME_BYTES);
    }
    server->held.count -= count;
    memmove(server->held.data, server->held.data + count, server->held.count * UDS_FRAME_BYTES);
}

void uds_receive(struct uds_server *server, int64_t now_ns, const uint8_t *data, size_t length)
{
    size_t size = data[0] & 0x0F;
    server->heard_ns = now_ns;
    switch (data[0] >> 4) {
    case 0:
        if (size > 0 && size < length) {
            server->wanted = 0;
            respond(server, data + 1, size);
        }
        break;
    case 1:
        begin_request(server, data, length);
        break;
    case 2:
        if (server->wanted > 0) {
            continue_request(server, data, length);
        }
        break;
    case 3:
        if (length >= 3 && size == 0) {
            release(server, data[1]);
        }
        break;
    default: /* a rest of something given up: not ours */
        break;
    }
}

bool uds_step(struct uds_server *server, int64_t now_ns, struct uds_frames *sent)
{
    if (server->session != 1 && now_ns - server->heard_ns > SESSION_TIMEOUT_NS) {
        server->session = 1;
    }
    *sent = server->out;
    server->out.count = 0;
    if (server->clearing) {
        server->clearing = false;
        if (server->group == ALL_GROUPS) {
            dtc_clear_all(server->dtcs);
        } else {
            dtc_clear(server->dtcs, server->group);
        }
        const struct response done = {.data = {0x54}, .length = 1};
        answer_with(server, &done);
    } else if (server->resetting) {
        server->resetting = false;
        return true;
    }
    return false;
}
