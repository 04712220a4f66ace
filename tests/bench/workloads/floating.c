#include "workload.h"
/* SSE2: the planets' orbits in doubles, then vectors of four floats and of two doubles. */
typedef struct Body {
  double x, y, z, vx, vy, vz, mass;
} Body;
typedef float Floats __attribute__((vector_size(16)));
typedef double Doubles __attribute__((vector_size(16)));
enum { BODIES = 5, LENGTH = 256 };
static Body bodies[BODIES];
static Floats x[LENGTH], y[LENGTH];
static double root(double v) {
  __asm__("sqrtsd %0, %0" : "+x"(v));
  return v;
}
static void advance(double dt) {
  for (int i = 0; i < BODIES; i++)
    for (int j = i + 1; j < BODIES; j++) {
      Body *a = &bodies[i], *b = &bodies[j];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      double square = dx * dx + dy * dy + dz * dz, scale = dt / (square * root(square));
      a->vx -= dx * b->mass * scale, a->vy -= dy * b->mass * scale, a->vz -= dz * b->mass * scale;
      b->vx += dx * a->mass * scale, b->vy += dy * a->mass * scale, b->vz += dz * a->mass * scale;
    }
  for (int i = 0; i < BODIES; i++) {
    Body *a = &bodies[i];
    a->x += dt * a->vx, a->y += dt * a->vy, a->z += dt * a->vz;
  }
}
u64 workload(void) {
  for (int i = 0; i < BODIES; i++)
    bodies[i] = (Body){i * 4.5, i * i - 3.0, 1.5 - i, 0.1 * i, 0.3 - 0.05 * i, 0.01 * i, i ? 0.03 / i : 39.5};
  for (int i = 0; i < 3000; i++) advance(0.01);
  double energy = 0;
  for (int i = 0; i < BODIES; i++) energy += bodies[i].x * bodies[i].vx + bodies[i].y * bodies[i].vy;
  for (int i = 0; i < LENGTH; i++) x[i] = (Floats){i, i + 0.5f, i * 0.25f, 1}, y[i] = (Floats){1, 2, 3, 4};
  Doubles sum = {0, 0};
  for (int round = 0; round < 40; round++)
    for (int i = 0; i < LENGTH; i++) {
      y[i] = y[i] * 0.75f + x[i];
      sum = sum * 0.5 + (Doubles){y[i][0], y[i][3]};
    }
  energy += sum[0] + sum[1];
  u64 bits;
  __builtin_memcpy(&bits, &energy, 8);
  return bits;
}
