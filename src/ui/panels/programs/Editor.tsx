/** One Program's text, with its errors, its assembled words, and the line the machine executes. */
import { useEffect, useImperativeHandle, useRef, useState, type Ref } from "react";
import { assemble, programReference } from "../../../scenario/program";
import { useFrame } from "../../store/react";
import { editProgram, type EditedProgram } from "../../store/scenario";
import type { AssembledLine, EditorHandle } from "../../widgets/editor";

const words = new Set(programReference.map((entry) => entry.name));

export interface EditorControl {
  goTo(line: number, column: number): void;
}

interface EditorProps {
  readonly program: EditedProgram;
  /** Whether this very text is what runs. */
  readonly runs: boolean;
  readonly onRun: () => void;
  readonly ref: Ref<EditorControl>;
}

function assembledLines(text: string): { readonly shown: readonly AssembledLine[]; readonly lines: readonly number[] } {
  const result = assemble(text);
  if (!result.ok) return { shown: [], lines: [] };
  const shown = result.lines.map((line, index) => {
    const word = (result.data[index] >>> 0).toString(16).padStart(8, "0");
    return { line, text: `${String(index).padStart(2)} ${word}` };
  });
  return { shown, lines: result.lines };
}

/** Source line of the instruction this Program is at, while its own text runs. */
function useCurrentLine(program: EditedProgram, runs: boolean): number | undefined {
  const ip = useFrame(
    (state) =>
      state.processes?.processes.find((one) => one.kind === "program" && one.name === program.name)?.program?.ip,
  );
  if (!runs || ip === undefined) return undefined;
  return assembledLines(program.text).lines[ip];
}

export function Editor({ program, runs, onRun, ref }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorHandle>(undefined);
  const [ready, setReady] = useState(false);
  const [failed, setFailed] = useState(false);
  const latest = useRef({ program, onRun });
  const current = useCurrentLine(program, runs);

  useEffect(() => {
    latest.current = { program, onRun };
  });
  useImperativeHandle(ref, () => ({ goTo: (line, column) => editor.current?.goTo(line, column) }), []);

  useEffect(() => {
    let gone = false;
    const element = host.current;
    if (!element) return;
    void import("../../widgets/editor")
      .then(({ openEditor }) => {
        if (gone) return;
        const { program: now } = latest.current;
        editor.current = openEditor(element, {
          label: `Program text of ${now.name}`,
          text: now.text,
          words,
          onChange: (text) => editProgram(latest.current.program.id, text),
          onRun: () => latest.current.onRun(),
        });
        setReady(true);
      })
      .catch(() => setFailed(true));
    return () => {
      gone = true;
      editor.current?.dispose();
      editor.current = undefined;
    };
  }, []);

  useEffect(() => {
    editor.current?.setText(program.text);
    editor.current?.setErrors(program.errors);
    editor.current?.setAssembled(assembledLines(program.text).shown);
  }, [ready, program]);
  useEffect(() => editor.current?.setCurrent(current), [ready, current]);

  if (failed) return <p className="empty">The editor did not load. Check the connection and reload the page.</p>;
  return <div className="editor" ref={host} />;
}
