/** The walk from CR3 to the page: one row per level with all 512 entries of its table, and where it ends. */
import { memo, useCallback, useEffect, useRef, type KeyboardEvent } from "react";
import type { PageTableLevel, PageTablesView } from "../../../worker/protocol";
import { selectAddress } from "../../store/selection";
import { hexGroups, hexShort } from "../common/format";
import { CELL_ENTRIES, cellsOf, entryOfCell, nextPresent, pageOf, splitAddress, withIndex, type Cell } from "./address";

const hex3 = (value: number): string => value.toString(16).toUpperCase().padStart(3, "0");

/** The address as the CPU splits it, each field as wide as it has bits. */
export function Split({ view, levels }: { view: PageTablesView; levels: number }) {
  const fields = splitAddress(view.address, levels, view.physical === undefined ? 12 : view.offsetBits);
  return (
    <div className="split" aria-label="The address split into its fields" role="group">
      {fields.map(({ name, bits, value }, at) => {
        const last = at === fields.length - 1;
        const text = last
          ? value
              .toString(16)
              .toUpperCase()
              .padStart(Math.ceil(bits / 4), "0")
          : hex3(value);
        const walked = last || at < view.levels.length;
        return (
          <span
            key={name}
            style={{ flex: bits }}
            className={last ? "offset" : walked ? undefined : "unreached"}
            title={`${bits} bits: ${last ? "offset into the page" : `index into the ${name}`}`}
          >
            {last ? text : `${name} ${text}`}
          </span>
        );
      })}
    </div>
  );
}

export function Levels({ view, levels }: { view: PageTablesView; levels: number }) {
  const address = useRef(view.address);
  useEffect(() => {
    address.current = view.address;
  }, [view.address]);
  const onIndex = useCallback(
    (depth: number, index: number) => selectAddress(withIndex(address.current, levels, depth, index)),
    [levels],
  );
  return (
    <div className="levels">
      {view.levels.map((level, depth) => (
        <LevelRow key={level.name} level={level} depth={depth} onIndex={onIndex} />
      ))}
    </div>
  );
}

interface LevelProps {
  readonly level: PageTableLevel;
  /** 0 is the root. */
  readonly depth: number;
  readonly onIndex: (depth: number, index: number) => void;
}

/** A new frame brings new objects that mostly say the same; 64 cells per level are not drawn again for that. */
const sameLevel = (one: LevelProps, other: LevelProps): boolean =>
  one.onIndex === other.onIndex &&
  one.depth === other.depth &&
  one.level.table === other.level.table &&
  one.level.index === other.level.index &&
  one.level.entry === other.level.entry &&
  one.level.siblings.every((state, at) => state === other.level.siblings[at]);

const LevelRow = memo(function LevelRow({ level, depth, onIndex }: LevelProps) {
  const present = level.badges.includes("P");
  return (
    <div className="level">
      <b>{level.name}</b>
      <span className="table-address" title={`Physical address of this ${level.name}`}>
        {hexShort(level.table)}
      </span>
      <Strip level={level} onIndex={(index) => onIndex(depth, index)} />
      <span className="badges" title={`entry ${hex3(level.index)}: ${hexGroups(level.entry)}`}>
        {present ? (
          level.badges.filter((badge) => badge !== "P").map((badge) => <Badge key={badge}>{badge}</Badge>)
        ) : (
          <i className="missing">not present</i>
        )}
      </span>
    </div>
  );
}, sameLevel);

const badgeText: Readonly<Record<string, string>> = {
  "R/W": "writable",
  U: "user: ring 3 may use it",
  NX: "not executable",
  A: "accessed",
  D: "dirty: written to",
  G: "global: stays in the lookaside buffer when CR3 changes",
  PS: "a large page: the walk ends here",
};

const Badge = ({ children }: { children: string }) => <abbr title={badgeText[children]}>{children}</abbr>;

/** All entries of a table: 64 cells of eight. Arrow keys go to the next entry that is present. */
function Strip({ level, onIndex }: { level: PageTableLevel; onIndex: (index: number) => void }) {
  const { siblings, index } = level;
  const here = Math.floor(index / CELL_ENTRIES);
  const count = siblings.reduce((sum, state) => sum + (state === 0 ? 0 : 1), 0);
  const onKeyDown = (event: KeyboardEvent): void => {
    const direction = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : undefined;
    if (direction === undefined) return;
    event.preventDefault();
    const next = nextPresent(siblings, index, direction);
    if (next !== undefined) onIndex(next);
  };
  const onCell = (cell: number): void => {
    const entry = entryOfCell(siblings, cell, index);
    if (entry !== undefined) onIndex(entry);
  };
  return (
    <div
      className="strip"
      role="slider"
      tabIndex={0}
      aria-label={`${level.name} entry`}
      aria-valuemin={0}
      aria-valuemax={511}
      aria-valuenow={index}
      aria-valuetext={`entry ${hex3(index)}, ${count} of 512 present`}
      onKeyDown={onKeyDown}
    >
      {cellsOf(siblings).map((cell, at) => (
        <i
          key={cell.first}
          className={cellClass(cell, at === here)}
          style={cell.present > 0 && at !== here ? { opacity: 0.55 + 0.45 * (cell.present / CELL_ENTRIES) } : undefined}
          title={`entries ${hex3(cell.first)} to ${hex3(cell.first + CELL_ENTRIES - 1)}: ${cell.present} present`}
          onClick={() => onCell(at)}
        />
      ))}
    </div>
  );
}

function cellClass(cell: Cell, here: boolean): string {
  if (here) return cell.present > 0 ? "here" : "here absent";
  return cell.large > 0 ? "large" : cell.present > 0 ? "present" : "";
}

/** Where the walk ended, and whether the CPU's own translation says the same. */
export function Outcome({ view }: { view: PageTablesView }) {
  const last = view.levels.at(-1);
  if (!last) return <p className="outcome">The address is not canonical or no page table can be read here.</p>;
  if (!last.badges.includes("P"))
    return (
      <p className="outcome">
        {last.name} entry {hex3(last.index)} is not present: the walk ends here, and an access to this address is a page
        fault (#PF).
        {view.physical !== undefined && <em> The CPU disagrees: it translates to {hexGroups(view.physical)}.</em>}
      </p>
    );
  const page = pageOf(last.entry, view.offsetBits);
  const offset = view.address & ((1n << BigInt(view.offsetBits)) - 1n);
  const agrees = view.physical === page + offset;
  return (
    <div className="outcome">
      <b>frame</b>
      <span className="mono found">
        {hexGroups(page)} +{" "}
        {offset
          .toString(16)
          .toUpperCase()
          .padStart(Math.ceil(view.offsetBits / 4), "0")}
      </span>
      <span className={agrees ? "verdict" : "verdict wrong"}>
        {view.physical === undefined
          ? "CPU: would fault"
          : `CPU: translates to ${hexShort(view.physical)}${agrees ? " ✓" : ", not the same"}`}
      </span>
    </div>
  );
}
