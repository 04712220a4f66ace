import type { RegionFunction } from "../system/short";
import type { RuntimeFunction } from "../wasm/runtime";
import type { RegionAccess } from "./access";
import type { RegionCode } from "./code";
import type { Frame } from "./frame";
import type { RegionOptions } from "./options";
import type { Segmentation } from "./segmentation";
import type { Nodes } from "./simplify";

/** What instructions of one function share. */
export interface Workshop {
  readonly code: RegionCode;
  readonly frame: Frame;
  readonly access: RegionAccess;
  readonly segmentation: Segmentation;
  readonly nodes: Nodes;
  readonly options: RegionOptions;
  runtime(name: RuntimeFunction): number;
  short(name: RegionFunction): number;
}
