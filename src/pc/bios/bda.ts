/** The BIOS data area at 40:0 (IBM AT technical reference, section 5). Offsets in segment 40h. */
export const BDA_BASE = 0x400;
export const BDA = {
  serialPorts: 0x00,
  ebdaSegment: 0x0e,
  equipment: 0x10,
  memoryKib: 0x13,
  shift: 0x17,
  altNumber: 0x19,
  keyHead: 0x1a,
  keyTail: 0x1c,
  keyBuffer: 0x1e,
  mode: 0x49,
  columns: 0x4a,
  pageSize: 0x4c,
  pageStart: 0x4e,
  cursor: 0x50,
  cursorShape: 0x60,
  page: 0x62,
  crtcPort: 0x63,
  ticks: 0x6c,
  midnight: 0x70,
  resetFlag: 0x72,
  diskStatus: 0x74,
  diskCount: 0x75,
  keyStart: 0x80,
  keyEnd: 0x82,
  rows: 0x84,
  characterHeight: 0x85,
  videoControl: 0x87,
  keyFlags: 0x96,
  leds: 0x97,
  waitPointer: 0x98,
  waitCount: 0x9c,
  waitFlag: 0xa0,
} as const;

export const BIOS_SEGMENT = 0xf000;
/** Extended BIOS data area: the last KiB below 640 KiB. */
export const EBDA_SEGMENT = 0x9fc0;
export const BASE_MEMORY_KIB = 639;
