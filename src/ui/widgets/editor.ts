/** CodeMirror with a Program's language: loaded when an editor is shown. It knows lines and words, nothing of the store. */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, syntaxHighlighting, type StreamParser } from "@codemirror/language";
import { lintGutter, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorState, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  drawSelection,
  EditorView,
  gutter,
  GutterMarker,
  highlightActiveLine,
  keymap,
  lineNumbers,
  type DecorationSet,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

export interface EditorError {
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface EditorOptions {
  readonly label: string;
  readonly text: string;
  /** Names of instructions, for the highlighter. */
  readonly words: ReadonlySet<string>;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
}

/** An assembled word beside its source line: its number in the program and its value. */
export interface AssembledLine {
  readonly line: number;
  readonly text: string;
}

export interface EditorHandle {
  setErrors(errors: readonly EditorError[]): void;
  setAssembled(lines: readonly AssembledLine[]): void;
  /** Marks the line that executes now. */
  setCurrent(line: number | undefined): void;
  setText(text: string): void;
  goTo(line: number, column: number): void;
  dispose(): void;
}

function language(words: ReadonlySet<string>): StreamParser<unknown> {
  return {
    token(stream) {
      if (stream.eatSpace()) return null;
      if (stream.match(/^#.*/)) return "comment";
      if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
      if (stream.match(/^-?(?:0x[0-9a-fA-F]+|\d+)\b/)) return "number";
      if (stream.match(/^[A-Za-z_]\w*:/)) return "labelName";
      const word = stream.match(/^[A-Za-z_]\w*/);
      if (!word) {
        stream.next();
        return null;
      }
      const name = (word as RegExpMatchArray)[0];
      return name === "variable" ? "definitionKeyword" : words.has(name) ? "keyword" : "variableName";
    },
  };
}

const highlight = HighlightStyle.define([
  { tag: tags.comment, color: "var(--faint)", fontStyle: "italic" },
  { tag: tags.string, color: "var(--p2)" },
  { tag: tags.number, color: "var(--p1)" },
  { tag: tags.keyword, color: "var(--accent)" },
  { tag: tags.definitionKeyword, color: "var(--p3)" },
  { tag: tags.labelName, color: "var(--p5)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "transparent", fontSize: "12.5px" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--accent)" },
  ".cm-cursor": { borderLeftColor: "var(--accent)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--faint)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "var(--raise)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--select)",
  },
  ".cm-executing": { backgroundColor: "var(--select)", boxShadow: "inset 2px 0 0 var(--accent)" },
  ".cm-words .cm-gutterElement": { padding: "1px 8px 0 10px", fontSize: "11px", whiteSpace: "pre" },
  ".cm-tooltip": { backgroundColor: "var(--raise)", border: "1px solid var(--line)", color: "var(--text)" },
});

class WordMarker extends GutterMarker {
  constructor(private readonly text: string) {
    super();
  }
  override eq(other: WordMarker): boolean {
    return other.text === this.text;
  }
  override toDOM(): Node {
    return document.createTextNode(this.text);
  }
}

const setWords = StateEffect.define<ReadonlyMap<number, string>>();
const words = StateField.define<ReadonlyMap<number, string>>({
  create: () => new Map(),
  update: (value, change) =>
    change.effects.reduce((last, effect) => (effect.is(setWords) ? effect.value : last), value),
});
const wordGutter = gutter({
  class: "cm-words",
  lineMarker: (view, line) => {
    const text = view.state.field(words).get(view.state.doc.lineAt(line.from).number);
    return text === undefined ? null : new WordMarker(text);
  },
  lineMarkerChange: (update) => update.startState.field(words) !== update.state.field(words),
  initialSpacer: () => new WordMarker("00 00000000"),
});

const setExecuting = StateEffect.define<number | undefined>();
const executing = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, change) {
    const moved = value.map(change.changes);
    const effect = change.effects.find((one) => one.is(setExecuting));
    if (!effect) return moved;
    const line = effect.value as number | undefined;
    const builder = new RangeSetBuilder<Decoration>();
    if (line !== undefined && line <= change.state.doc.lines) {
      const from = change.state.doc.line(line).from;
      builder.add(from, from, Decoration.line({ class: "cm-executing" }));
    }
    return builder.finish();
  },
  provide: (field) => EditorView.decorations.from(field),
});

function diagnostic(state: EditorState, error: EditorError): Diagnostic {
  const line = state.doc.line(Math.min(Math.max(1, error.line), state.doc.lines));
  const from = Math.min(line.to, line.from + Math.max(0, error.column - 1));
  const word = /^\S+/.exec(line.text.slice(from - line.from));
  return { from, to: from + (word?.[0].length ?? 0), severity: "error", message: error.message };
}

export function openEditor(parent: HTMLElement, options: EditorOptions): EditorHandle {
  const run = () => {
    options.onRun();
    return true;
  };
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(),
        words,
        wordGutter,
        executing,
        history(),
        drawSelection(),
        highlightActiveLine(),
        EditorView.lineWrapping,
        lintGutter(),
        StreamLanguage.define(language(options.words)),
        syntaxHighlighting(highlight),
        look,
        // Tab is not bound: it leaves the editor, as it leaves every other control.
        keymap.of([{ key: "Mod-Enter", run }, ...defaultKeymap, ...historyKeymap]),
        EditorView.contentAttributes.of({ "aria-label": options.label, tabindex: "0" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setErrors: (errors) =>
      view.dispatch(
        setDiagnostics(
          view.state,
          errors.map((error) => diagnostic(view.state, error)),
        ),
      ),
    setAssembled: (lines) =>
      view.dispatch({ effects: setWords.of(new Map(lines.map(({ line, text }) => [line, text]))) }),
    setCurrent: (line) => view.dispatch({ effects: setExecuting.of(line) }),
    setText: (text) => {
      if (text !== view.state.doc.toString())
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    goTo: (line, column) => {
      const there = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
      const anchor = Math.min(there.to, there.from + Math.max(0, column - 1));
      view.dispatch({ selection: { anchor }, scrollIntoView: true });
      view.focus();
    },
    dispose: () => view.destroy(),
  };
}
