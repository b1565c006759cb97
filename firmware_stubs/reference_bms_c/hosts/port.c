#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/can.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#endif

#define NAME_BYTES 256

static bool refuse_bus(const char *spec, const char *why)
{
    fprintf(stderr, "bus '%s': %s; expected socketcan:channel=NAME or slcan:channel=DEVICE\n", spec, why);
    return false;
}

/* Finds channel=NAME among the options of a spec. */
static bool find_channel(const char *spec, char name[NAME_BYTES])
{
    static const char key[] = "channel=";
    const char *at = strchr(spec, ':');
    while (at != NULL && strncmp(at + 1, key, sizeof key - 1) != 0) {
        at = strchr(at + 1, ',');
    }
    if (at == NULL) {
        return false;
    }
    const char *begin = at + sizeof key;
    size_t length = strcspn(begin, ",");
    if (length == 0 || length >= NAME_BYTES) {
        return false;
    }
    memcpy(name, begin, length);
    name[length] = '\0';
    return true;
}

#if defined(__linux__)
static bool open_socket(struct port *port, const char *spec, const char *name)
{
    struct sockaddr_can address = {.can_family = AF_CAN};
    struct ifreq request = {0};
    if (strlen(name) >= sizeof request.ifr_name) {
        return refuse_bus(spec, "the name of the interface is too long");
    }
    strcpy(request.ifr_name, name);
    port->descriptor = socket(PF_CAN, SOCK_RAW, CAN_RAW);
    if (port->descriptor < 0 || ioctl(port->descriptor, SIOCGIFINDEX, &request) < 0) {
        return refuse_bus(spec, strerror(errno));
    }
    address.can_ifindex = request.ifr_ifindex;
    if (bind(port->descriptor, (struct sockaddr *)&address, sizeof address) < 0) {
        return refuse_bus(spec, strerror(errno));
    }
    return true;
}

static bool socket_receive(struct port *port, struct frame *frame)
{
    struct can_frame seen;
    while (read(port->descriptor, &seen, sizeof seen) == (ssize_t)sizeof seen) {
        if ((seen.can_id & (CAN_EFF_FLAG | CAN_RTR_FLAG | CAN_ERR_FLAG)) == 0 && seen.can_dlc <= 8) {
            *frame = (struct frame){
                .id = (uint16_t)seen.can_id, .bus = (uint8_t)port->bus, .length = seen.can_dlc};
            memcpy(frame->data, seen.data, seen.can_dlc);
            return true;
        }
    }
    return false;
}

static void socket_send(struct port *port, const struct frame *frame)
{
    struct can_frame sent = {.can_id = frame->id, .can_dlc = frame->length};
    memcpy(sent.data, frame->data, frame->length);
    /* A full transmit queue loses the frame, as a real controller's would. */
    if (write(port->descriptor, &sent, sizeof sent) < 0) {
        return;
    }
}
#else
static bool open_socket(struct port *port, const char *spec, const char *name)
{
    (void)port;
    (void)name;
    return refuse_bus(spec, "SocketCAN is of Linux only");
}

static bool socket_receive(struct port *port, struct frame *frame)
{
    (void)port;
    (void)frame;
    return false;
}

static void socket_send(struct port *port, const struct frame *frame)
{
    (void)port;
    (void)frame;
}
#endif

static bool open_line(struct port *port, const char *spec, const char *name)
{
    struct termios mode;
    port->is_line = true;
    port->descriptor = open(name, O_RDWR | O_NOCTTY);
    if (port->descriptor < 0 || tcgetattr(port->descriptor, &mode) < 0) {
        return refuse_bus(spec, strerror(errno));
    }
    /* Raw: nothing is echoed or translated. What has come already stays: it may be the command to open. */
    mode.c_iflag = 0;
    mode.c_oflag = 0;
    mode.c_lflag = 0;
    mode.c_cflag |= CS8 | CREAD | CLOCAL;
    if (tcsetattr(port->descriptor, TCSANOW, &mode) < 0) {
        return refuse_bus(spec, strerror(errno));
    }
    return true;
}

bool port_open(struct port *port, enum bus bus, const char *spec)
{
    char name[NAME_BYTES];
    *port = (struct port){.descriptor = -1, .bus = bus};
    if (!find_channel(spec, name)) {
        return refuse_bus(spec, "found no channel");
    }
    bool opened = false;
    if (strncmp(spec, "socketcan:", strlen("socketcan:")) == 0) {
        opened = open_socket(port, spec, name);
    } else if (strncmp(spec, "slcan:", strlen("slcan:")) == 0) {
        opened = open_line(port, spec, name);
    } else {
        return refuse_bus(spec, "this interface is not spoken here");
    }
    return opened && fcntl(port->descriptor, F_SETFL, O_NONBLOCK) == 0;
}

/* A frame or an answer goes out whole or not at all: half a line would spoil the next one. */
static void line_write(struct port *port, const char *text, size_t length)
{
    port_flush(port);
    if (port->unsent_length + length <= PORT_UNSENT_BYTES) {
        memcpy(port->unsent + port->unsent_length, text, length);
        port->unsent_length += length;
        port_flush(port);
    }
}

void port_flush(struct port *port)
{
    if (port->unsent_length == 0) {
        return;
    }
    ssize_t taken = write(port->descriptor, port->unsent, port->unsent_length);
    if (taken > 0) {
        port->unsent_length -= (size_t)taken;
        memmove(port->unsent, port->unsent + taken, port->unsent_length);
    }
}

static bool line_receive(struct port *port, struct frame *frame)
{
    for (;;) {
        if (port->read_at == port->read_end) {
            ssize_t count = read(port->descriptor, port->read, sizeof port->read);
            if (count <= 0) {
                return false;
            }
            port->read_at = 0;
            port->read_end = (size_t)count;
        }
        struct slcan_result result;
        slcan_feed(&port->slcan, port->read[port->read_at++], &result);
        if (result.answer_length > 0) {
            line_write(port, result.answer, result.answer_length);
        }
        if (result.has_frame) {
            *frame = result.frame;
            frame->bus = (uint8_t)port->bus;
            return true;
        }
    }
}

bool port_receive(struct port *port, struct frame *frame)
{
    return port->is_line ? line_receive(port, frame) : socket_receive(port, frame);
}

void port_send(struct port *port, const struct frame *frame)
{
    if (!port->is_line) {
        socket_send(port, frame);
    } else if (port->slcan.open) {
        char text[SLCAN_LINE_BYTES];
        line_write(port, text, slcan_format(frame, text));
    }
}
