import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["test/engine/**", "**/node_modules/**"],
    // Parsers and rules hold no state between files: one worker context for all is five times faster.
    isolate: false,
    // Some tests run programs or thousands of cases: a busy machine is no defect.
    testTimeout: 120_000,
  },
});
