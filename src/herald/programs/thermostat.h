/*
 * The thermostat: services that know topics and not each other.
 *
 *     thermometer --SAMPLE--> filter --TEMPERATURE--> controller --HEATING--> heater --HEAT--> (the room) thermometer
 *                                         |               ^
 *                                         |--> logger     SETPOINT (anybody; the shell: pub 1104 22)
 *                                         '--> alarm
 *
 * Temperatures are thousandths of a degree, int. Each service may be killed and started again at any time.
 */
#ifndef THERMOSTAT_H
#define THERMOSTAT_H

#define TOPIC_SAMPLE 1100      /* int: what the sensor measured, with its noise */
#define TOPIC_TEMPERATURE 1101 /* int: smoothed */
#define TOPIC_HEATING 1102     /* int: 1 the heater shall heat, 0 it shall not */
#define TOPIC_HEAT 1103        /* int: 1 it heats, 0 it does not */
#define TOPIC_SETPOINT 1104    /* text: the wanted temperature in degrees */

#define SAMPLE_MS 100
#define SILENCE_MS 1000 /* without news for so long, a service assumes that something is wrong */
#define SETPOINT_DEFAULT 20

/* "20.4" of 20400. */
#define DEGREES "%d.%d"
#define DEGREES_OF(milli) (milli) / 1000, (milli) % 1000 / 100

#endif
