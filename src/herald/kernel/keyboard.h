/* The 8042 keyboard: scan code set 1, US layout. Keys become messages on TOPIC_KEYBOARD. */
#ifndef HERALD_KEYBOARD_H
#define HERALD_KEYBOARD_H

#include "kernel.h"

void keyboard_start(void);

/* IRQ 1. */
void keyboard_interrupt(void);

/* Publishes a key; from interrupt handlers only. */
void keyboard_publish(uint32_t character, uint16_t modifiers, enum key_source source);

#endif
