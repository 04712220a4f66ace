/* The topics of the demonstration programs. */
#ifndef DEMO_H
#define DEMO_H

#define TOPIC_PING 300
#define TOPIC_PONG 301
#define TOPIC_READING 1000

#endif
