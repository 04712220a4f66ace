#include "serial.h"

#include "keyboard.h"

#define COM1 0x3f8
#define DATA (COM1 + 0)
#define INTERRUPT_ENABLE (COM1 + 1)
#define FIFO_CONTROL (COM1 + 2)
#define LINE_CONTROL (COM1 + 3)
#define MODEM_CONTROL (COM1 + 4)
#define LINE_STATUS (COM1 + 5)

#define STATUS_DATA 0x01
#define STATUS_TRANSMIT_EMPTY 0x20
#define ENABLE_RECEIVED 0x01
#define FIFO_SIZE 16
#define AT_A_TIME 4      /* characters in one interrupt */
#define PATIENCE 1000000 /* polls before a transmitter that never empties is given up */

void serial_start(void)
{
    outb(INTERRUPT_ENABLE, 0);
    outb(LINE_CONTROL, 0x80); /* divisor 1: 115200 baud */
    outb(DATA, 1);
    outb(INTERRUPT_ENABLE, 0);
    outb(LINE_CONTROL, 0x03);  /* 8 bits, no parity, 1 stop bit */
    outb(FIFO_CONTROL, 0x01);  /* FIFOs on, interrupt at 1 byte */
    outb(MODEM_CONTROL, 0x0b); /* DTR, RTS, OUT2 (lets the interrupt through) */
    outb(INTERRUPT_ENABLE, ENABLE_RECEIVED);
}

static void put(char c)
{
    static unsigned room; /* bytes the FIFO surely takes */
    if (room == 0) {
        for (unsigned patience = PATIENCE; !(inb(LINE_STATUS) & STATUS_TRANSMIT_EMPTY); patience--)
            if (patience == 0)
                return;
        room = FIFO_SIZE;
    }
    outb(DATA, (uint8_t)c);
    room--;
}

void serial_write(const char *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (data[i] == '\n')
            put('\r');
        put(data[i]);
    }
}

/*
 * Takes what has arrived, a few characters at a time, as interrupts are off meanwhile. What is left makes an interrupt of its own:
 * enabling it again gives the interrupt controller another edge.
 */
void serial_interrupt(void)
{
    for (unsigned bound = AT_A_TIME; bound > 0; bound--) {
        if (!(inb(LINE_STATUS) & STATUS_DATA))
            return;
        char c = (char)inb(DATA);
        if (c == '\r')
            c = '\n';
        if (c == 0x7f)
            c = '\b';
        keyboard_publish((unsigned char)c, 0, KEY_SOURCE_SERIAL);
    }
    outb(INTERRUPT_ENABLE, 0);
    outb(INTERRUPT_ENABLE, ENABLE_RECEIVED);
}
