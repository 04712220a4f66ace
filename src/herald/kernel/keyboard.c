#include "keyboard.h"

#include "notify.h"

#define DATA 0x60
#define STATUS 0x64
#define STATUS_OUTPUT_FULL 0x01
#define STATUS_MOUSE 0x20

#define RELEASED 0x80
#define PREFIX 0xe0

enum scan_code {
    SCAN_CONTROL = 0x1d,
    SCAN_SHIFT_LEFT = 0x2a,
    SCAN_SHIFT_RIGHT = 0x36,
    SCAN_ALT = 0x38,
    SCAN_CAPS = 0x3a,
};

/* Scan codes 0 to 0x39; 0 is no character. */
static const char plain[] = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

/* Scan codes 0x47 to 0x53, which the grey keys send behind PREFIX. */
static const uint16_t grey[] = {
    KEY_CODE_HOME, KEY_CODE_UP,   KEY_CODE_PAGE_UP, 0, KEY_CODE_LEFT, 0, KEY_CODE_RIGHT,
    0,             KEY_CODE_END,  KEY_CODE_DOWN,    KEY_CODE_PAGE_DOWN, 0, KEY_CODE_DELETE,
};

static uint16_t modifiers;
static int after_prefix;

void keyboard_start(void)
{
    while (inb(STATUS) & STATUS_OUTPUT_FULL) /* whatever was typed before the kernel ran */
        inb(DATA);
}

void keyboard_publish(uint32_t character, uint16_t held, enum key_source source)
{
    struct key_event event = {.character = character, .modifiers = held, .source = source};
    notify_publish_kernel(TOPIC_KEYBOARD, &event, sizeof event, 0);
}

static uint16_t modifier_of(uint8_t code)
{
    switch (code) {
    case SCAN_SHIFT_LEFT:
    case SCAN_SHIFT_RIGHT:
        return KEY_SHIFT;
    case SCAN_CONTROL:
        return KEY_CONTROL;
    case SCAN_ALT:
        return KEY_ALT;
    default:
        return 0;
    }
}

static uint32_t character_of(uint8_t code)
{
    if (code >= sizeof plain - 1)
        return 0;
    char c = plain[code];
    int letter = c >= 'a' && c <= 'z';
    int shift = !!(modifiers & KEY_SHIFT) ^ (letter && (modifiers & KEY_CAPS));
    if (letter && (modifiers & KEY_CONTROL))
        return (uint32_t)(c & 0x1f);
    return (uint8_t)(shift ? shifted[code] : c);
}

static void handle(uint8_t code)
{
    if (code == PREFIX) {
        after_prefix = 1;
        return;
    }
    int grey_key = after_prefix;
    after_prefix = 0;
    uint8_t key = code & ~RELEASED;
    uint16_t modifier = modifier_of(key);
    if (modifier) {
        if (grey_key && modifier == KEY_SHIFT)
            return; /* the false shifts that some grey keys send */
        modifiers = code & RELEASED ? modifiers & ~modifier : modifiers | modifier;
        return;
    }
    if (code & RELEASED)
        return;
    if (key == SCAN_CAPS) {
        modifiers ^= KEY_CAPS;
        return;
    }
    uint32_t character = 0;
    if (grey_key && key >= 0x47 && key < 0x47 + sizeof grey / sizeof grey[0])
        character = grey[key - 0x47];
    else if (!grey_key || key == 0x1c || key == 0x35) /* the grey enter and slash */
        character = character_of(key);
    if (character)
        keyboard_publish(character, modifiers, KEY_SOURCE_KEYBOARD);
}

void keyboard_interrupt(void)
{
    for (unsigned bound = 16; bound > 0; bound--) {
        uint8_t status = inb(STATUS);
        if (!(status & STATUS_OUTPUT_FULL))
            return;
        uint8_t code = inb(DATA);
        if (!(status & STATUS_MOUSE))
            handle(code);
    }
}
