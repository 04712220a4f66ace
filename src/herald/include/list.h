/* Circular doubly linked lists. A head is a node; an empty head, and a node in no list, point to themselves. */
#ifndef HERALD_LIST_H
#define HERALD_LIST_H

#include "layout.h"

#define container_of(node, type, member) ((type *)((char *)(node) - offsetof(type, member)))

/* Walks all nodes; the body may not remove one (take list_each_safe for that). */
#define list_each(node, head) for (struct list_node *node = (head)->next; node != (head); node = node->next)

/* Walks all nodes; the body may remove the one it is at. */
#define list_each_safe(node, head) \
    for (struct list_node *node = (head)->next, *node##_next = node->next; node != (head); \
         node = node##_next, node##_next = node->next)

static inline void list_init(struct list_node *node)
{
    node->next = node;
    node->previous = node;
}

static inline int list_empty(const struct list_node *head)
{
    return head->next == head;
}

/* Puts the node in front of `position`; in front of the head is the end of the list. */
static inline void list_insert_before(struct list_node *position, struct list_node *node)
{
    struct list_node *previous = position->previous;
    node->next = position;
    node->previous = previous;
    previous->next = node;
    position->previous = node;
}

static inline void list_append(struct list_node *head, struct list_node *node)
{
    list_insert_before(head, node);
}

/* Takes the node out of its list; until it is put into one again it may not be taken out. */
static inline void list_unlink(struct list_node *node)
{
    struct list_node *next = node->next, *previous = node->previous;
    previous->next = next;
    next->previous = previous;
}

/* Takes the node out; harmless when it is in no list. */
static inline void list_remove(struct list_node *node)
{
    list_unlink(node);
    list_init(node);
}

/* Takes the node out of its list and puts it at the end of another. */
static inline void list_move(struct list_node *head, struct list_node *node)
{
    list_unlink(node);
    list_append(head, node);
}

#endif
