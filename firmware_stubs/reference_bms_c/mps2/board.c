/*
 * The firmware on bare metal: ARM MPS2 with the AN385 image (Cortex-M3, 25 MHz), which QEMU emulates. CAN is SLCAN on
 * the UARTs, vehicle on the first, sense on the second, as behind a CANable. No interrupt is ever taken: a pending one
 * only wakes the processor, and the loop looks for itself.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../core/bms.h"
#include "../hosts/build_hash.h"
#include "../hosts/hal.h"
#include "../hosts/slcan.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define NS_PER_TICK 40 /* 25 MHz */
#define TICKS_PER_MS 25000
#define TIMER_CONTROL REGISTER(0x40000000)
#define TIMER_VALUE REGISTER(0x40000004)
#define TIMER_RELOAD REGISTER(0x40000008)
#define SYSTICK_CONTROL REGISTER(0xE000E010)
#define SYSTICK_RELOAD REGISTER(0xE000E014)
#define SYSTICK_VALUE REGISTER(0xE000E018)
#define INTERRUPT_STATE REGISTER(0xE000ED04)
#define INTERRUPT_ENABLE REGISTER(0xE000E100)
#define INTERRUPT_CLEAR_PENDING REGISTER(0xE000E280)
#define SYSTICK_CLEAR_PENDING (UINT32_C(1) << 25)
#define UART_INTERRUPTS 0xFU /* receive and transmit of the first two UARTs */

#define LINE_BYTES 8192 /* of frames that wait for the UART; a power of two */

struct uart {
    volatile uint32_t data, state, control, interrupts, divider;
};

#define UART_TX_FULL 1U
#define UART_RX_FULL 2U
#define UART_CONTROL 0x0FU /* transmit and receive, and their interrupts */
#define UART_ALL_INTERRUPTS 0x0FU

struct line {
    struct uart *uart;
    struct slcan slcan;
    char unsent[LINE_BYTES];
    uint32_t written, sent; /* counted from the start; the difference is what waits */
};

static struct line lines[BUS_COUNT];
static struct bms bms;
static uint32_t last_ticks;
static int64_t now_ns;

int64_t hal_now_ns(void)
{
    /* The timer counts down and wraps every 171 s; the base task asks a hundred times a second. */
    uint32_t ticks = TIMER_VALUE;
    now_ns += (int64_t)(uint32_t)(last_ticks - ticks) * NS_PER_TICK;
    last_ticks = ticks;
    return now_ns;
}

static void drain(struct line *line)
{
    while (line->sent != line->written && (line->uart->state & UART_TX_FULL) == 0) {
        line->uart->data = (uint8_t)line->unsent[line->sent++ % LINE_BYTES];
    }
}

/* A line goes out whole or not at all: half of one would spoil the next. */
static void line_write(struct line *line, const char *text, size_t length)
{
    if (line->written - line->sent + length > LINE_BYTES) {
        return;
    }
    for (size_t at = 0; at < length; at++) {
        line->unsent[line->written++ % LINE_BYTES] = text[at];
    }
    drain(line);
}

static bool line_receive(struct line *line, struct frame *frame)
{
    struct slcan_result result;
    while ((line->uart->state & UART_RX_FULL) != 0) {
        slcan_feed(&line->slcan, (char)line->uart->data, &result);
        if (result.answer_length > 0) {
            line_write(line, result.answer, result.answer_length);
        }
        if (result.has_frame) {
            *frame = result.frame;
            return true;
        }
    }
    return false;
}

bool hal_receive(struct frame *frame)
{
    for (uint8_t bus = 0; bus < BUS_COUNT; bus++) {
        if (line_receive(&lines[bus], frame)) {
            frame->bus = bus;
            return true;
        }
    }
    return false;
}

void hal_send(const struct frame *frame)
{
    struct line *line = &lines[frame->bus];
    if (line->slcan.open) {
        char text[SLCAN_LINE_BYTES];
        line_write(line, text, slcan_format(frame, text));
    }
}

static bool any_byte_waits(void)
{
    return ((lines[0].uart->state | lines[1].uart->state) & UART_RX_FULL) != 0;
}

bool hal_wait_until(int64_t when_ns)
{
    while (hal_now_ns() < when_ns && !any_byte_waits()) {
        for (int bus = 0; bus < BUS_COUNT; bus++) {
            lines[bus].uart->interrupts = UART_ALL_INTERRUPTS;
            drain(&lines[bus]);
        }
        INTERRUPT_CLEAR_PENDING = UART_INTERRUPTS;
        INTERRUPT_STATE = SYSTICK_CLEAR_PENDING;
        if (!any_byte_waits()) {
            __asm__ volatile("wfi" ::: "memory"); /* a byte, room for one, or the millisecond */
        }
    }
    return true;
}

static void start_devices(void)
{
    static const uint32_t uarts[BUS_COUNT] = {[BUS_VEHICLE] = 0x40004000, [BUS_SENSE] = 0x40005000};
    TIMER_RELOAD = UINT32_MAX;
    TIMER_VALUE = UINT32_MAX;
    TIMER_CONTROL = 1;
    last_ticks = TIMER_VALUE;
    SYSTICK_RELOAD = TICKS_PER_MS - 1;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 7; /* on, with interrupt, by the processor's clock */
    for (int bus = 0; bus < BUS_COUNT; bus++) {
        lines[bus].uart = (struct uart *)uarts[bus];
        lines[bus].uart->divider = 16;
        lines[bus].uart->control = UART_CONTROL;
    }
    INTERRUPT_ENABLE = UART_INTERRUPTS;
}

void reset(void);

void reset(void)
{
    extern char data_begin[], data_end[], data_stored[], bss_begin[], bss_end[];
    __asm__ volatile("cpsid i");
    memcpy(data_begin, data_stored, (size_t)(data_end - data_begin));
    memset(bss_begin, 0, (size_t)(bss_end - bss_begin));
    start_devices();
    bms_init(&bms, &limits_built_in, build_hash);
    firmware_run(&bms);
    for (;;) {
    }
}

static void halt(void)
{
    for (;;) {
    }
}

extern char stack_top[];

__attribute__((section(".vectors"), used)) static const struct {
    void *stack;
    void (*handlers[15])(void);
} vectors = {
    stack_top,
    {reset, halt, halt, halt, halt, halt, halt, halt, halt, halt, halt, halt, halt, halt, halt},
};
