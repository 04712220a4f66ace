/**
 * Software that others wrote for plain PCs, run to where it should get (images.ts); the images come from make.sh.
 *
 *   npx tsx tests/pc/thirdparty/check.ts [DIRECTORY] [--quick] [--qemu] [NAME...]
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { images, type Image } from "./images.ts";
import { qemuScreen } from "./qemu.ts";
import { runImage } from "./run.ts";

/** Where `npm run thirdparty` puts the images; not part of the repository. */
export const DIRECTORY = new URL("../../../.thirdparty", import.meta.url).pathname;

const figures = (instructions: number): string =>
  instructions < 1e9 ? `${Math.round(instructions / 1e6)} million` : `${(instructions / 1e9).toFixed(1)} billion`;

/** True when it got where it should. */
async function check(image: Image, directory: string, qemu: boolean): Promise<boolean> {
  const path = join(directory, `${image.name}.img`);
  const { problem, screen, serial, instructions, virtualSeconds, seconds } = runImage(path, image);
  const spent = `${figures(instructions)} instructions, ${virtualSeconds.toFixed(1)} s of its time, ${seconds.toFixed(1)} s of ours`;
  console.log(`${problem === undefined ? "ok    " : "FAILED"} ${image.name}: ${image.what}; ${spent}`);
  if (problem !== undefined) console.log(`         ${problem}\n${indent(screen)}\n${indent(JSON.stringify(serial))}`);
  if (!qemu || image.graphicsInQemu) return problem === undefined;
  const other = await qemuScreen(path, image);
  const same = other.problem === undefined && (!image.sameScreen || other.screen === screen);
  console.log(
    `${same ? "ok    " : "FAILED"} ${image.name} in QEMU: ${other.problem ?? (same ? "the same" : "differs")}`,
  );
  if (!same) console.log(indent(other.screen));
  return problem === undefined && same;
}

const indent = (text: string): string => text.replace(/^/gm, "         | ");

/** Number of images that did not do what they should; undefined when there are none here. */
export async function checkImages(
  directory: string,
  { names = [], quick = false, qemu = false }: { names?: readonly string[]; quick?: boolean; qemu?: boolean } = {},
): Promise<number | undefined> {
  const chosen = images.filter(({ name, quick: fast }) => (names.length ? names.includes(name) : !quick || fast));
  const present = chosen.filter(({ name }) => existsSync(join(directory, `${name}.img`)));
  if (present.length === 0) return undefined;
  let failures = 0;
  for (const image of present) if (!(await check(image, directory, qemu))) failures++;
  const absent = chosen.filter((image) => !present.includes(image)).map(({ name }) => name);
  if (absent.length) console.log(`       no image of ${absent.join(", ")} in ${directory}`);
  return failures;
}

if (import.meta.filename === process.argv[1]) {
  const words = process.argv.slice(2);
  const has = (flag: string) => words.includes(flag);
  const rest = words.filter((word) => !word.startsWith("--"));
  const directory = rest.length && existsSync(rest[0]) ? rest.shift()! : DIRECTORY;
  const failures = await checkImages(directory, { names: rest, quick: has("--quick"), qemu: has("--qemu") });
  if (failures === undefined) console.log(`no images in ${directory}: npm run thirdparty puts them together`);
  process.exitCode = failures ? 1 : 0;
}
