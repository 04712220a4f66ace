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
    "ea5be000f0fa31c08ed0bc0070680100e6b283c40285c07404ff2e6704cd1980fcaa7506fbfc8816c27cf3ab0f3166a308606689160c" +
      "60660fb606c27ccfad0fb6d088e0eee2f3e82c00ac84c06089c5eca820e1fbb40e61c3ebf6a0c27c50c0e80404303c39760258240f8a" +
      "16c27c720966b8000000800fa2663d010000806681e2000010206681fa0000102081fb55aa66c706508210000000c7064a8201006681" +
      "3e005041484552668b0e14500f878e0166a110506689c8a34a826650665966010650826629c1c1e00501064e826685c96631db1e6645" +
      "730506813e448221430730ff660fb6c66669c0a0000000660500800b000f011638820f20c06683c8010f22c0",
  ],
  [MODE.protected, "66ea518000000800"],
  [
    MODE.protected | MODE.long,
    "e81b000000ac7423e1fb72de66abebd8c348b900001080ffffffff4801c8ffe04889fb48c1e2204809d048894340488d25e9cf060053" +
      "0f20d84821d0488b9000000080488d3403f348a54883ec10668905d50c010048c7053c0c01005035118048c1ea200f015424066a0848" +
      "cb0f00de4883c4100f1f40000f944004c640f58e75a40f015c2406c1e10809c80f43c2f348ab4819c0ef25ff0f0000488b7cf308482b" +
      "0dc02b06004881f9ff07000076085b4885f68d50d07728660f1f840000000000480fbec0ff24d590f21080483b742420730d88040e9c" +
      "41f7c3000200004c39cf0f8fbd000000c1c8040f1f840000000000480fafc38d0c8080cc076689044e832d47d805000148035008480f" +
      "42da480f47d84981e600f0ffff90488305940201000148833d2b0201000048832d5f01010001f3aa83f501400f93c548d3ea4883c803" +
      "4139ddf600010f22d880e602483de0d91180468b04d560ec108044096804f3a4030500c9000001fb48892cc548001180830dcfa80500" +
      "02f6c40148831d80c10000ffff0b7e2e4c0f44d049f7f24829fa450fb60c13c6041720803c0600e4644869ffde34120048f7e778f666" +
      "f36d48390424803b003b5424204805ff01000038c249d3e44c0125751b0100480fbdc0480fa3c1ff9368ea1080410fbec30fbe470148" +
      "63c848f7d8480f45c6f73558110600f7f10f8cb10000000fb7730c48390c374829054f190100480f4fc2482500f0ffff19d240d2c621" +
      "f048c704cd28001180000000002dff0000000f47c8f7d029052fc800000f94c20f96c00f44c2394348ff4500832559a70500fd8904b3" +
      "c1f9143b048b0f9fc00f9cc299f7f9010cb3832cb3010faf048b48cf0f05ff35f117080049ff8138010000ff14c540eb10800fb7f748" +
      "98480f070f8930feffff480f46c2030c956046118048f70544ad060060180000400f95c629348d60461180f42b1d77980000410f92c5",
  ],
  [
    MODE.protected | MODE.code32 | MODE.stack32,
    "e8a9000000ac7423e1fb72de66abebd881053e820000a000000081eb00800b00d1eb4ac383c103c1e902f3a5f3abe2f40f320d000900" +
      "000f30",
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
