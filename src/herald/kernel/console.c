#include "console.h"

#include "format.h"
#include "mutex.h"
#include "process.h"
#include "serial.h"
#include "trace.h"
#include "vga.h"

static struct mutex console_mutex;
static uint32_t last_writer;
static int line_open;      /* the last character was not a newline */
static uint64_t line_count; /* lines the kernel has finished */

void console_start(void)
{
    vga_start();
    serial_start();
}

static void emit(const char *data, size_t length)
{
    serial_write(data, length);
    vga_write(data, length);
    for (size_t i = 0; i < length; i++)
        line_count += data[i] == '\n';
    line_open = data[length - 1] != '\n';
}

void console_write(const char *data, size_t length)
{
    if (length == 0)
        return;
    mutex_acquire(&console_mutex);
    if (line_open && last_writer != current_pid)
        emit("\n", 1);
    last_writer = current_pid;
    trace(TRACE_CONSOLE_LINE, 0, length, line_count);
    emit(data, length);
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
