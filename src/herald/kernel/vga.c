#include "vga.h"

#include "frame.h"

#define COLUMNS 80
#define ROWS 25
#define SCREEN 0xb8000
#define ATTRIBUTE 0x0700 /* grey on black */
#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CURSOR_HIGH 14
#define CURSOR_LOW 15

static uint16_t *screen;
static unsigned cursor;

void vga_start(void)
{
    screen = frame_pointer(SCREEN);
    outb(CRTC_INDEX, CURSOR_HIGH);
    cursor = (unsigned)inb(CRTC_DATA) << 8;
    outb(CRTC_INDEX, CURSOR_LOW);
    cursor |= inb(CRTC_DATA);
    if (cursor >= COLUMNS * ROWS)
        cursor = 0;
}

static void scroll(void)
{
    memcpy(screen, screen + COLUMNS, (ROWS - 1) * COLUMNS * sizeof *screen);
    for (unsigned i = (ROWS - 1) * COLUMNS; i < ROWS * COLUMNS; i++)
        screen[i] = ATTRIBUTE | ' ';
    cursor -= COLUMNS;
}

static void put(char c)
{
    switch (c) {
    case '\n':
        cursor += COLUMNS - cursor % COLUMNS;
        break;
    case '\r':
        cursor -= cursor % COLUMNS;
        break;
    case '\b':
        if (cursor % COLUMNS)
            cursor--;
        break;
    case '\t':
        cursor = (cursor | 7) + 1;
        break;
    default:
        screen[cursor++] = ATTRIBUTE | (uint8_t)c;
    }
    if (cursor >= COLUMNS * ROWS)
        scroll();
}

static void show_cursor(void)
{
    outb(CRTC_INDEX, CURSOR_HIGH);
    outb(CRTC_DATA, (uint8_t)(cursor >> 8));
    outb(CRTC_INDEX, CURSOR_LOW);
    outb(CRTC_DATA, (uint8_t)cursor);
}

void vga_erase_line(void)
{
    cursor -= cursor % COLUMNS;
    for (unsigned i = 0; i < COLUMNS; i++)
        screen[cursor + i] = ATTRIBUTE | ' ';
    show_cursor();
}

void vga_write(const char *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        put(data[i]);
    show_cursor();
}
