// The import arrows of the house: which room may look into which. See ARCHITECTURE.md.
import tseslint from "typescript-eslint";
import reactHooks from "eslint-plugin-react-hooks";

const rooms = ["isa", "engine", "pc", "replay", "lens", "scenario", "worker", "ui", "cli", "herald"];

/** The rooms each room may import; a room with a list of files is open only at these. */
const arrows = {
  isa: {},
  engine: { isa: "all" },
  pc: { engine: "all", isa: "all" },
  replay: { pc: "all", scenario: "all" },
  lens: { herald: ["layout"] },
  scenario: { herald: ["layout", "assembler", "demonstration", "disk", "program"] },
  worker: { replay: "all", lens: "all", scenario: "all", pc: "all", engine: "all", isa: "all" },
  ui: { worker: ["protocol"], scenario: "all" },
  cli: { replay: "all", lens: "all", scenario: "all", pc: "all", engine: "all", isa: "all" },
  herald: {},
};

/** Imports leave a room as "../room/..." or "../../room/...": matched by what follows the last "..". */
function forbidden(room) {
  return rooms
    .filter((other) => other !== room && arrows[room][other] !== "all")
    .map((other) => {
      const files = arrows[room][other];
      const rest = files ? `(?!(${files.join("|")})(\\.ts)?$)` : "";
      return {
        regex: `(^|/)\\.\\./${other}/${rest}`,
        message: `${room}/ may not import ${files ? `this of ${other}/` : `${other}/`} (see ARCHITECTURE.md, "Arrows").`,
      };
    });
}

const impureModules = {
  regex: "^(node:|react|fs$|path$)",
  message: "No DOM, Node, clock or randomness below worker/.",
};
const impureGlobals = [
  "window",
  "document",
  "process",
  "performance",
  "setTimeout",
  "setInterval",
  "crypto",
  "navigator",
];
const pureRooms = ["isa", "engine", "pc", "replay", "lens", "scenario"];

const roomRules = rooms.map((room) => ({
  files: [`src/${room}/**/*.{ts,tsx}`],
  rules: {
    "no-restricted-imports": [
      "error",
      { patterns: [...forbidden(room), ...(pureRooms.includes(room) ? [impureModules] : [])] },
    ],
  },
}));

/** Inside the page: the store knows no panels, the widgets know neither. */
const pageRules = [
  { files: ["src/ui/store/**"], regex: "/(panels|layout|widgets)/", message: "store/ knows no views." },
  { files: ["src/ui/widgets/**"], regex: "/(panels|layout|store)/", message: "widgets/ know no store and no panels." },
].map(({ files, ...pattern }) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns: [...forbidden("ui"), pattern] }] },
}));

export default tseslint.config(
  { ignores: ["dist", "build", "node_modules", "public", "test-results", ".thirdparty"] },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { "react-hooks": reactHooks },
    rules: {
      ...reactHooks.configs.recommended.rules,
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  ...roomRules,
  ...pageRules,
  {
    files: pureRooms.map((room) => `src/${room}/**/*.ts`),
    rules: {
      "no-restricted-globals": ["error", ...impureGlobals.map((name) => ({ name, message: impureModules.message }))],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "Determinism: no randomness below worker/." },
        { object: "Date", property: "now", message: "Determinism: no wall clock below worker/." },
      ],
    },
  },
);
