/** xterm.js, loaded when a console is shown: output comes in by write, whatever a person types goes out by the handlers. */
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";

/** What a guest expects of a terminal. */
const COLUMNS = 80;
const PADDING = 14;
const SCROLLBAR_WIDTH = 9;

/** RIS, full reset. It goes through the same queue as the text, so that no resize or frame can come between the two. */
const RESET = Uint8Array.of(0x1b, 0x63);

/** What KeyboardEvent.key says when the character comes later, by itself. */
const composed = new Set(["Dead", "Process", "Unidentified"]);

export interface TerminalHandlers {
  /** A key event of the terminal; true when it was dealt with. */
  readonly key: (event: KeyboardEvent) => boolean;
  /** Text that came without a key of its own: pasted, composed, or from a phone's keyboard. */
  readonly text: (text: string) => void;
  /** Colours of its 256-colour palette, from the 17th on, asked again when the theme changes. */
  readonly tints: { readonly first: number; readonly colors: () => readonly string[] };
}

/** Where a search stands: the number of the chosen match from 0 (-1: none is chosen), and how many there are. */
export interface Matches {
  readonly chosen: number;
  readonly count: number;
}

export interface TerminalView {
  /** Chooses the next match from the bottom up, or the one below; an empty text ends the search. */
  find(text: string, direction: "up" | "down" | "here"): void;
  onMatches(listener: (matches: Matches) => void): () => void;
  write(bytes: Uint8Array): void;
  /** What was written before is gone, and what comes next is shown from its end. */
  clear(): void;
  focus(): void;
  hasSelection(): boolean;
  retint(): void;
  dispose(): void;
}

function theme(element: Element, tints: TerminalHandlers["tints"]) {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    background: token("--glass"),
    foreground: token("--text"),
    cursor: token("--accent"),
    cursorAccent: token("--glass"),
    selectionBackground: token("--present"),
    overviewRulerBorder: token("--glass"),
    scrollbarSliderBackground: token("--line"),
    scrollbarSliderHoverBackground: token("--mute"),
    scrollbarSliderActiveBackground: token("--mute"),
    black: token("--mute"),
    red: token("--warn"),
    green: token("--p2"),
    yellow: token("--p1"),
    blue: token("--p4"),
    magenta: token("--p3"),
    cyan: token("--p7"),
    white: token("--text"),
    brightBlack: token("--faint"),
    brightRed: token("--p5"),
    brightGreen: token("--p9"),
    brightYellow: token("--p6"),
    brightBlue: token("--accent"),
    brightMagenta: token("--p8"),
    brightCyan: token("--p7"),
    brightWhite: token("--text"),
    // extendedAnsi begins at colour 16.
    extendedAnsi: [...Array<string>(tints.first - 16).fill(token("--text")), ...tints.colors()],
  };
}

/** As large as 80 columns allow, within what can be read and what looks like the rest of the page. */
function fontSizeFor(width: number): number {
  const widthPerEm = 0.602;
  const room = width - SCROLLBAR_WIDTH - PADDING;
  return Math.min(12.5, Math.max(11, Math.floor((room / (COLUMNS * widthPerEm)) * 4) / 4));
}

/** How matches look, in the theme's colours. */
function marks(element: Element) {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    matchBackground: token("--present"),
    matchOverviewRuler: token("--accent"),
    activeMatchBackground: token("--accent"),
    activeMatchColorOverviewRuler: token("--accent"),
  };
}

export function openTerminal(host: HTMLElement, handlers: TerminalHandlers): TerminalView {
  const terminal = new Terminal({
    fontFamily: getComputedStyle(host).getPropertyValue("--mono").trim(),
    fontSize: 12,
    lineHeight: 1.25,
    scrollback: 10_000,
    overviewRuler: { width: SCROLLBAR_WIDTH },
    cursorBlink: false,
    theme: theme(host, handlers.tints),
    // A bare LF on the line is the guest's business; most kernels send CR LF.
    convertEol: true,
    // The search add-on marks its matches by decorations.
    allowProposedApi: true,
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  const search = new SearchAddon({ highlightLimit: 2000 });
  terminal.loadAddon(search);
  terminal.open(host);
  terminal.textarea?.setAttribute("aria-label", "Console input: what you type goes to the machine");
  terminal.attachCustomKeyEventHandler((event) => {
    if (handlers.key(event)) event.preventDefault();
    // The machine has its own keyboard driver: xterm.js translates nothing but what comes without a key, composed or from a phone.
    return event.isComposing || composed.has(event.key);
  });
  // Answers to queries of the guest begin with Escape: nobody typed them.
  terminal.onData((data) => {
    if (!data.startsWith("\x1b")) handlers.text(data);
  });
  const resize = new ResizeObserver(() => {
    if (host.clientWidth === 0 || host.clientHeight === 0) return;
    terminal.options.fontSize = fontSizeFor(host.clientWidth);
    fit.fit();
  });
  resize.observe(host);
  const find: TerminalView["find"] = (text, direction) => {
    if (text === "") {
      search.clearDecorations();
      terminal.clearSelection();
      return;
    }
    const options = { decorations: marks(host) };
    if (direction === "down") search.findNext(text, options);
    else search.findPrevious(text, { ...options, incremental: direction === "here" });
  };
  let restarted = false;
  const showEnd = () => {
    terminal.scrollToBottom();
    terminal.refresh(0, terminal.rows - 1);
  };
  return {
    find,
    onMatches: (listener) => {
      const handle = search.onDidChangeResults(({ resultIndex, resultCount }) =>
        listener({ chosen: resultIndex, count: resultCount }),
      );
      return () => handle.dispose();
    },
    write: (bytes) => {
      terminal.write(bytes, restarted ? showEnd : undefined);
      restarted = false;
    },
    clear: () => {
      terminal.write(RESET);
      restarted = true;
    },
    focus: () => terminal.focus(),
    hasSelection: () => terminal.hasSelection(),
    retint: () => {
      terminal.options.theme = theme(host, handlers.tints);
    },
    dispose: () => {
      resize.disconnect();
      terminal.dispose();
    },
  };
}
