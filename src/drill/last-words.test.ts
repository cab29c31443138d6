import { expect, it } from "vitest";
import { lastWords } from "./last-words.ts";

it("has the last lines, each once", () => {
  expect(lastWords("a\nb\nc\nc\n\nd\n")).toBe("b\nc\nd");
  expect(lastWords("")).toBe("");
});

it("has the error that a supervisor talked over", () => {
  const log = [
    '  File "/app/core/settings.py", line 7, in <module>',
    "ModuleNotFoundError: No module named 'structlog'",
    "[INFO] Worker exiting (pid: 9)",
    "[INFO] Worker (pid:9) was sent SIGTERM!",
    "[ERROR] Shutting down: Master",
    "[ERROR] Reason: Worker failed to boot.",
  ].join("\n");
  expect(lastWords(log).split("\n")[0]).toBe("ModuleNotFoundError: No module named 'structlog'");
  expect(lastWords(log).split("\n").at(-1)).toBe("[ERROR] Reason: Worker failed to boot.");
});

it("adds nothing where the end itself tells", () => {
  const log = "OldError: of a start before\nhello\nError: Cannot find module 'express'\n    at x\n    at y";
  expect(lastWords(log)).toBe("Error: Cannot find module 'express'\n    at x\n    at y");
});

it("takes no ordinary line for an error", () => {
  expect(lastWords("0 errors found\nErrorHandler ready\na\nb\nc")).toBe("a\nb\nc");
});
