#include "console.h"

#include "format.h"
#include "mutex.h"
#include "process.h"
#include "serial.h"
#include "trace.h"
#include "vga.h"

#define REPEATABLE 79 /* characters of an unfinished line that are kept: it must fit on one row of the screen */

static struct mutex console_mutex;
static uint64_t line_count; /* lines finished since power-on */

/*
 * The line that has no newline yet: a prompt and what was typed behind it. What others write appears above it, so that a
 * person goes on typing at the bottom. Longer than REPEATABLE it is not kept, and others begin a new line.
 */
static struct {
    char text[REPEATABLE];
    size_t length;
    uint32_t writer;
} unfinished;

void console_start(void)
{
    vga_start();
    serial_start();
}

static void emit(const char *data, size_t length)
{
    serial_write(data, length);
    vga_write(data, length);
}

static void note(char c)
{
    if (c == '\n') {
        unfinished.length = 0;
        line_count++;
    } else if (c == '\b') {
        unfinished.length -= unfinished.length > 0;
    } else {
        if (unfinished.length < REPEATABLE)
            unfinished.text[unfinished.length] = c;
        unfinished.length++;
    }
}

/* Takes the unfinished line away; the caller writes whole lines and puts it back. */
static void erase_unfinished(void)
{
    serial_write("\r\33[K", 4);
    vga_erase_line();
}

void console_write(const char *data, size_t length)
{
    if (length == 0)
        return;
    mutex_acquire(&console_mutex);
    int interrupts = unfinished.length > 0 && unfinished.writer != current_pid;
    int above = interrupts && data[length - 1] == '\n' && unfinished.length <= REPEATABLE;
    trace(TRACE_CONSOLE_LINE, 0, length, line_count);
    if (above) {
        erase_unfinished();
        emit(data, length);
        for (size_t i = 0; i < length; i++)
            line_count += data[i] == '\n';
        emit(unfinished.text, unfinished.length);
    } else {
        if (interrupts) {
            emit("\n", 1);
            note('\n');
        }
        emit(data, length);
        for (size_t i = 0; i < length; i++)
            note(data[i]);
        unfinished.writer = current_pid;
    }
    mutex_release(&console_mutex);
}

void console_print(const char *pattern, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, pattern);
    size_t length = format_list(text, sizeof text, pattern, arguments);
    va_end(arguments);
    console_write(text, length);
}

void power_off(void)
{
    interrupts_off();
    trace_tick();
    outw(0x604, 0x2000);
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Writes without the lock: whoever holds it will never run again. */
void panic(const char *pattern, ...)
{
    static char text[1024];
    static int again;
    interrupts_off();
    if (!again++) {
        va_list arguments;
        va_start(arguments, pattern);
        size_t length = format_list(text, sizeof text, pattern, arguments);
        va_end(arguments);
        emit("\nHerald: panic: ", 16);
        emit(text, length);
        emit("\n", 1);
    }
    power_off();
}
