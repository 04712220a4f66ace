/**
 * One example of each shape of instruction that a boot executes, so that their handlers are made in one module at start-up. Only speed
 * depends on this list: what is missing is made when it turns up. Printed by tests/bench/usual.ts.
 */
import { decode } from "../decode/decode";
import { MODE } from "../state";
import { type Shape, shapeOf } from "./shape";

/** By mode: instructions one after the other. */
const examples: readonly (readonly [mode: number, code: string])[] = [
  [
    0,
    "ea5be000f0fa31c08ed0bc0070680100e6b283c40285c07404ff2e6704cd1980fcaa7506fbfc8816c27cf3ab0f3166a30860" +
      "6689160c60660fb606c27ccfad0fb6d088e0eee2f3e82c00ac84c06089c5eca820e1fbb40e61c3ebf6a0c27c50c0e8040430" +
      "3c39760258240f8a16c27c720966b8000000800fa2663d010000806681e2000010206681fa0000102081fb55aa66c7065082" +
      "10000000c7064a82010066813e005041484552668b0e14500f878e0166a110506689c8a34a826650665966010650826629c1" +
      "c1e00501064e826685c96631db1e6645730506813e448221430730ff660fb6c66669c0a0000000660500800b000f01163882" +
      "0f20c06683c8010f22c0",
  ],
  [MODE.protected, "66ea518000000800"],
  [
    MODE.protected | MODE.long,
    "e81b000000ac7423e1fb72de66abebd8c348b900001080ffffffff4801c8ffe04889fb48c1e2204809d048894340488d25e9" +
      "4f0500530f20d84821d0488b9000000080488d3403f348a54883ec1066890565d2000048c705ccd10000f0f4108048c1ea20" +
      "0f015424066a0848cb0f00de4883c4100f1f40000f944004c640f58e75a40f015c2406c1e10809c80f43c2f348abef4d8b54" +
      "f9089c4158482b0dc9ee04004881f9ff070000760841f7c0000200004885f68d50d07728660f1f840000000000480fbec0ff" +
      "24d530af1080483b742420730d88040e390d8dce0000f605824c0500084c39cf0f8fbd000000c1c8040f1f84000000000048" +
      "0fafc38d0c8080cc076689044e9080380a0f94c1807c1dff0a0f95c0832df68b04000148035008480f42da480f47d84981e6" +
      "00f0ffff48830504c700000148833d9bc600000048832df3c5000001f3aa83f501400f93c548d3ea4883c8034139dd0f22d8" +
      "80e602483d8009118049f7f24829fa450fb60c13c6041720f3a4e4644869ffde34120048f7e778f666f36d4839042401ef3b" +
      "5424204805ff01000038c249d3e448890cc540f510804c01252ae10000480fbdc041037d24480fa3c1ff93a8a71080410fbe" +
      "c30fbe47014863c848f7d8480f45c6f735a8c60400f7f10f8cb10000000fb7730cf6c402830d746e04000248290521df0000" +
      "480f4fc2482500f0ffff19d240d2c621f08325c96c0400fd48c704cd88891480000000002dff0000000f47c8f7d02905b664" +
      "04000fb7d18b0c83c1f914890c9399f7fe3b048b0f9fc00f9cc20faf048b03048b832c9301010c930f89e6fbffff48cf0f05" +
      "ff3584dc0600ff14ed60a810804898480f0725ff0f0000480f46c27e60480f44c50f44d8f448c1f820",
  ],
  [
    MODE.protected | MODE.code32,
    "e8a9000000ac7423e1fb72de66abebd881053e820000a000000081eb00800b00d1eb4ac383c103c1e902f3a5f3abe2f40f32" +
      "0d000900000f30",
  ],
];

export function usualShapes(): Shape[] {
  const shapes: Shape[] = [];
  for (const [mode, code] of examples) {
    const bytes = Uint8Array.from(code.match(/../g) ?? [], (byte) => parseInt(byte, 16));
    for (let at = 0; at < bytes.length;) {
      const decoded = decode(bytes, at, { long: (mode & MODE.long) !== 0, code32: (mode & MODE.code32) !== 0 });
      // A definition may have changed since the list was printed.
      if (decoded.kind !== "instruction") break;
      shapes.push(shapeOf(decoded, mode));
      at += decoded.length;
    }
  }
  return shapes;
}
