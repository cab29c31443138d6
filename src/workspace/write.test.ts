import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { digest, type Journal, writeJournal } from "./journal.ts";
import { type FileChange, finishWrite, writeFiles } from "./write.ts";

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

function lay(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "write-"));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const read = (root: string, path: string): string => readFileSync(join(root, path), "utf8");

/** Everything but our own directory. */
function tree(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter(path => !path.startsWith(".shipworthy"))
    .sort();
}

it("writes files, keeps modes and makes new ones", () => {
  const root = lay({ "a.yml": "old\r\n", "run.sh": "old\n" });
  chmodSync(join(root, "run.sh"), 0o750);
  writeFiles(root, [
    { file: "a.yml", before: "old\r\n", after: "\ufeffnew\r\n" },
    { file: "run.sh", before: "old\n", after: "new" },
    { file: "deep/er/x.conf", before: undefined, after: "x\n" },
    { file: "deep/er/x.sh", before: undefined, after: "x\n", executable: true },
  ]);
  expect(read(root, "a.yml")).toBe("\ufeffnew\r\n");
  expect(read(root, "run.sh")).toBe("new");
  const mode = (path: string): string => (statSync(join(root, path)).mode & 0o777).toString(8);
  expect(["run.sh", "deep/er/x.conf", "deep/er/x.sh"].map(mode)).toEqual(["750", "644", "755"]);
  expect(tree(root)).toEqual(["a.yml", "deep", "deep/er", "deep/er/x.conf", "deep/er/x.sh", "run.sh"]);
  expect(existsSync(join(root, ".shipworthy/journal.json"))).toBe(false);
  // Whoever commits everything does not commit what is ours.
  expect(read(root, ".shipworthy/.gitignore")).toBe("*\n");
});

const refused: [string, (root: string) => void, FileChange, string][] = [
  [
    "a file that has changed",
    root => writeFileSync(join(root, "b"), "else"),
    { file: "b", before: "b", after: "B" },
    "b has been changed since",
  ],
  [
    "a file that is gone",
    root => rmSync(join(root, "b")),
    { file: "b", before: "b", after: "B" },
    "b has been removed since",
  ],
  ["a file that has come", () => {}, { file: "b", before: undefined, after: "B" }, "b has been made since"],
  [
    "a read-only file",
    root => chmodSync(join(root, "b"), 0o444),
    { file: "b", before: "b", after: "B" },
    "b is read-only",
  ],
  [
    "a read-only directory",
    root => chmodSync(join(root, "d"), 0o555),
    { file: "d/c", before: "c", after: "C" },
    "The directory of d/c is read-only",
  ],
  [
    "a new file in a read-only directory",
    root => chmodSync(join(root, "d"), 0o555),
    { file: "d/n/x", before: undefined, after: "X" },
    "The directory of d/n/x is read-only",
  ],
  [
    "a link",
    root => {
      rmSync(join(root, "b"));
      symlinkSync("a", join(root, "b"));
    },
    { file: "b", before: "a", after: "B" },
    "b is a link",
  ],
  [
    "what stands behind a link",
    root => symlinkSync("d", join(root, "l")),
    { file: "l/c", before: "c", after: "C" },
    "stands behind the link l",
  ],
  [
    "what leaves the root",
    () => {},
    { file: "../b", before: undefined, after: "B" },
    "is not a file inside the project",
  ],
  [
    "a path with dots in it",
    () => {},
    { file: "d/../b", before: "b", after: "B" },
    "is not a file inside the project",
  ],
  ["git's own files", () => {}, { file: ".git/config", before: undefined, after: "B" }, "belongs to git"],
  [
    "a file in the place of a directory",
    () => {},
    { file: "b/x", before: undefined, after: "B" },
    "b is not a directory",
  ],
  [
    "another encoding",
    root => writeFileSync(join(root, "b"), Buffer.from([0x62, 0xe9])),
    { file: "b", before: "b\u00e9", after: "B" },
    "b is not UTF-8",
  ],
];

it.each(refused)("refuses %s, and changes nothing at all", (_, prepare, change, message) => {
  const root = lay({ a: "a", b: "b", "d/c": "c" });
  prepare(root);
  const before = tree(root);
  const changes: FileChange[] = [{ file: "a", before: "a", after: "A" }, change];
  expect(() => writeFiles(root, changes)).toThrow(message);
  expect(read(root, "a")).toBe("a");
  expect(tree(root)).toEqual(before);
  chmodSync(join(root, "d"), 0o755);
});

/** What a run leaves that was killed in this state. */
function interrupted(state: Journal["state"], process = 0): string {
  const root = lay({ a: "old a", b: "old b" });
  const temporary = (name: string): string => `.${name}.shipworthy-0123456789ab`;
  const entry = (name: string) => ({
    ...{ path: name, temporary: temporary(name) },
    ...{ before: digest(Buffer.from(`old ${name}`)), after: digest(Buffer.from(`new ${name}`)) },
  });
  writeFileSync(join(root, temporary("b")), state === "commit" ? "new b" : "new");
  if (state === "commit") writeFileSync(join(root, "a"), "new a");
  writeJournal(root, {
    ...{ version: 1, state, process, boot: "another boot", directories: [] },
    entries: [entry("a"), entry("b")],
  });
  return root;
}

it("finishes a run that had begun to replace files", () => {
  const root = interrupted("commit");
  expect(finishWrite(root)).toEqual({ how: "finished", files: ["a", "b"] });
  expect([read(root, "a"), read(root, "b")]).toEqual(["new a", "new b"]);
  expect(tree(root)).toEqual(["a", "b"]);
  expect(finishWrite(root)).toBeUndefined();
});

it("undoes a run that had not", () => {
  const root = interrupted("prepare");
  expect(finishWrite(root)).toEqual({ how: "undone", files: ["a", "b"] });
  expect([read(root, "a"), read(root, "b")]).toEqual(["old a", "old b"]);
  expect(tree(root)).toEqual(["a", "b"]);
});

it("does not write over what was changed after the interruption", () => {
  const root = interrupted("commit");
  writeFileSync(join(root, "b"), "mine");
  expect(() => finishWrite(root)).toThrow("b has been changed since");
  expect(read(root, "b")).toBe("mine");
});

it("believes no journal that came with the repository", () => {
  for (const [path, temporary] of [
    ["a", "b"],
    ["../a", "../.a.shipworthy-0123456789ab"],
    [".git/config", ".git/.config.shipworthy-0123456789ab"],
  ] as const) {
    const root = lay({ a: "a", b: "evil" });
    writeJournal(root, {
      ...{ version: 1, state: "commit", process: 0, boot: "", directories: [] },
      entries: [{ path, temporary, after: digest(Buffer.from("evil")) }],
    });
    expect(() => finishWrite(root)).toThrow("is not a journal of Shipworthy");
    expect([read(root, "a"), read(root, "b")]).toEqual(["a", "evil"]);
  }
});

it("refuses a journal that is none, and a link in its place", () => {
  const root = lay({ ".shipworthy/journal.json": "{" });
  expect(() => finishWrite(root)).toThrow("is not a journal");
  const linked = lay({ a: "a" });
  symlinkSync(tmpdir(), join(linked, ".shipworthy"));
  expect(() => writeFiles(linked, [{ file: "a", before: "a", after: "A" }])).toThrow("is not a directory");
  expect(read(linked, "a")).toBe("a");
});
