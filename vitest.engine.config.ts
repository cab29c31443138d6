import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/engine/**/*.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    // A busy machine can keep a container from what it would do in time: what fails twice is a defect.
    retry: 1,
    maxConcurrency: 3,
  },
});
