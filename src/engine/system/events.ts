/** What is delivered through the IDT (SDM 3, 6.3 to 6.5): INT n, INT3, INTO; a fault; an interrupt from outside, or NMI; a trap. */
export const SOFTWARE = 0,
  FAULT = 1,
  EXTERNAL = 2,
  TRAP = 3;
