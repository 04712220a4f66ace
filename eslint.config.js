// The import arrows of the house: which room may look into which. See ARCHITECTURE.md.
import tseslint from "typescript-eslint";
import importX from "eslint-plugin-import-x";
import reactHooks from "eslint-plugin-react-hooks";

const rooms = ["isa", "engine", "pc", "replay", "lens", "scenario", "worker", "ui", "cli", "herald"];
const mayImport = {
  isa: [],
  engine: ["isa"],
  pc: ["engine", "isa"],
  replay: ["pc", "scenario"],
  lens: ["herald"],
  scenario: ["herald"],
  worker: ["replay", "lens", "scenario", "pc", "engine", "isa"],
  ui: ["worker", "scenario"],
  cli: ["replay", "lens", "scenario", "pc", "engine", "isa"],
  herald: [],
};

const zones = rooms.flatMap((room) =>
  rooms
    .filter((other) => other !== room && !mayImport[room].includes(other))
    .map((other) => ({
      target: `./src/${room}`,
      from: `./src/${other}`,
      message: `${room}/ may not import ${other}/ (see ARCHITECTURE.md, "Arrows").`,
    })),
);
// Two arrows are narrower than a folder: a room reaches only into one file of the other.
zones.push(
  { target: "./src/ui", from: "./src/worker", except: ["./protocol.ts"], message: "ui/ sees worker/protocol.ts only." },
  { target: "./src/lens", from: "./src/herald", except: ["./layout.ts"], message: "lens/ sees herald/layout.ts only." },
  {
    target: "./src/scenario",
    from: "./src/herald",
    except: ["./layout.ts", "./assembler.ts", "./demonstration.ts", "./disk.ts", "./program.ts"],
    message: "scenario/ sees of herald/ the layout, the disk and the Programs.",
  },
  { target: "./src/ui/store", from: "./src/ui/panels", message: "store/ knows no panels." },
  { target: "./src/ui/widgets", from: "./src/ui/store", message: "widgets/ know no store." },
);

const pureRooms = ["isa", "engine", "pc", "replay", "lens", "scenario"].map((room) => `src/${room}/**/*.ts`);
const impure = ["window", "document", "process", "performance", "setTimeout", "setInterval", "crypto", "navigator"];

export default tseslint.config(
  { ignores: ["dist", "build", "node_modules", "public", "test-results"] },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { "import-x": importX, "react-hooks": reactHooks },
    settings: { "import-x/resolver": { node: { extensions: [".ts", ".tsx"] } } },
    rules: {
      ...reactHooks.configs.recommended.rules,
      "import-x/no-restricted-paths": ["error", { zones }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    files: pureRooms,
    rules: {
      "no-restricted-globals": [
        "error",
        ...impure.map((name) => ({ name, message: "No DOM, Node, wall clock or randomness below worker/." })),
      ],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "Determinism: no randomness below worker/." },
        { object: "Date", property: "now", message: "Determinism: no wall clock below worker/." },
      ],
      "no-restricted-imports": ["error", { patterns: ["node:*", "react", "react-dom"] }],
    },
  },
);
